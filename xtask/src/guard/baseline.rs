//! The accepted number of instructions of each operation.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use serde::{Deserialize, Serialize};

const HEAD: &str = "\
# Instructions of one operation, on x86-64 with AVX2, in a release build. Written by
# `cargo xtask guard --update`, compared by `cargo xtask guard`; docs/performance.md
# says more.

";

/// The committed counts.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Baseline {
    instructions: BTreeMap<String, u64>,
}

impl Baseline {
    /// Returns a baseline of these counts.
    pub(super) fn of(counts: &[(&str, u64)]) -> Baseline {
        let counts = counts.iter();
        Baseline {
            instructions: counts
                .map(|(name, count)| ((*name).to_owned(), *count))
                .collect(),
        }
    }

    /// Reads the counts in a file.
    ///
    /// # Errors
    /// The file is missing or malformed.
    pub(super) fn read(path: &Path) -> Result<Baseline> {
        let text =
            fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }

    /// Replaces the file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub(super) fn write(&self, path: &Path) -> Result<()> {
        let text = HEAD.to_owned() + &toml::to_string(self).context("counts as TOML")?;
        fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Returns the count of an operation.
    ///
    /// # Errors
    /// The operation has no count.
    pub(super) fn instructions(&self, operation: &str) -> Result<u64> {
        let found = self.instructions.get(operation).filter(|count| **count > 0);
        found.copied().with_context(|| {
            format!("{operation} has no baseline; `cargo xtask guard --update` makes one")
        })
    }
}
