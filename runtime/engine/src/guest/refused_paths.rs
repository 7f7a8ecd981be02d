//! Paths that guests asked for and that nobody granted.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Refused paths that are looked at.
const MAX_LOOKED_AT: usize = 512;

/// Refused paths that the operator is told of.
const MAX_TOLD: usize = 64;

/// Bounds what the operator is told of refused paths.
#[derive(Default)]
pub(crate) struct RefusedPaths(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    /// Paths where it was looked for what is there.
    looked_at: HashSet<PathBuf>,
    /// How many the operator was told of.
    told: usize,
}

impl RefusedPaths {
    /// Whether to look for what is at a path that was refused: once, and not for
    /// too many paths.
    pub(crate) fn looks_at(&self, path: &Path) -> bool {
        let mut refused = self.lock();
        refused.looked_at.len() < MAX_LOOKED_AT
            && refused.told < MAX_TOLD
            && refused.looked_at.insert(path.to_owned())
    }

    /// Whether to tell the operator of one more refused path.
    pub(crate) fn tells(&self) -> bool {
        let mut refused = self.lock();
        refused.told += 1;
        refused.told <= MAX_TOLD
    }

    fn lock(&self) -> MutexGuard<'_, Refused> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
