//! The state that all rows of a run share.

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

    /// Returns the amount of work: `full` for figures, `quick` for a test of
    /// the benchmarks.
    pub(crate) fn amount<T>(&self, full: T, quick: T) -> T {
        if self.quick { quick } else { full }
    }

    /// Returns a directory for files of this run, removed at its end.
    pub(crate) fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Returns the directory of this run's compiled code.
    pub(crate) fn cache(&self) -> PathBuf {
        self.scratch.path().join("code")
    }
}
