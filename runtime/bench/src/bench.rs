//! What all rows of a run share.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use tempfile::TempDir;

/// One run of the benchmarks.
pub(crate) struct Bench {
    quick: bool,
    scratch: TempDir,
}

impl Bench {
    /// Begins a run, with an empty directory of its own.
    pub(crate) fn new(quick: bool) -> Result<Bench> {
        let scratch = tempfile::Builder::new()
            .prefix("warren-bench-")
            .tempdir()
            .context("no temporary directory")?;
        Ok(Bench { quick, scratch })
    }

    /// How much to do of something: the first when figures are wanted, the
    /// second when only the way there is to be tried.
    pub(crate) fn amount<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// A directory for files of this run, removed at its end.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Where this run keeps compiled code.
    pub(crate) fn cache(&self) -> PathBuf {
        self.scratch.path().join("code")
    }
}
