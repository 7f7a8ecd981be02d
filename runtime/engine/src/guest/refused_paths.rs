//! Paths that guests tried to use without a grant.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use parking_lot::Mutex;

/// The most refused paths of which the runtime checks whether they exist.
const MAX_LOOKED_AT: usize = 512;

/// The most refused paths that are logged.
const MAX_TOLD: usize = 64;

/// Bounds the log records of refused paths.
#[derive(Default)]
pub(crate) struct RefusedPaths(Mutex<Refused>);

#[derive(Default)]
struct Refused {
    /// The paths that were checked for existence.
    looked_at: HashSet<PathBuf>,
    /// The number of logged paths.
    told: usize,
}

impl RefusedPaths {
    /// Returns true if a refused path is to be checked for existence. That happens
    /// once a path, up to a limit of paths.
    pub(crate) fn looks_at(&self, path: &Path) -> bool {
        let mut refused = self.0.lock();
        refused.looked_at.len() < MAX_LOOKED_AT
            && refused.told < MAX_TOLD
            && refused.looked_at.insert(path.to_owned())
    }

    /// Counts one more logged path; returns true if it is within the limit.
    pub(crate) fn tells(&self) -> bool {
        let mut refused = self.0.lock();
        refused.told += 1;
        refused.told <= MAX_TOLD
    }
}
