//! The directories of the runtime's own, and grants that reach them.

use std::path::{Path, PathBuf};

use crate::app::App;

/// The directories that only the runtime may change.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnDirectories {
    /// Machine code, which the next start runs outside of any sandbox.
    pub(crate) cache: Option<PathBuf>,
    /// The files of durable things.
    pub(crate) data: Option<PathBuf>,
}

/// A granted path that would let a program change a directory of the runtime's own.
pub(crate) enum Reached {
    /// The code cache.
    Cache {
        /// The granted path.
        path: PathBuf,
        /// The directory of the cache.
        cache: PathBuf,
    },
    /// The data.
    Data {
        /// The granted path.
        path: PathBuf,
        /// The directory of the data.
        data: PathBuf,
    },
}

impl OwnDirectories {
    /// Refuses a program whose grants reach one of the directories.
    pub(crate) fn check(&self, app: &App) -> Result<(), Reached> {
        if let Some(cache) = &self.cache
            && let Some(path) = granted(app, cache)
        {
            let cache = cache.clone();
            return Err(Reached::Cache { path, cache });
        }
        if let Some(data) = &self.data
            && let Some(path) = granted(app, data)
        {
            let data = data.clone();
            return Err(Reached::Data { path, data });
        }
        Ok(())
    }
}

/// Returns a granted path that would let a program write to a directory.
fn granted(app: &App, directory: &Path) -> Option<PathBuf> {
    // A missing directory will be created below an existing one.
    let mut place = directory;
    let real = loop {
        match (place.canonicalize(), place.parent()) {
            (Ok(real), _) => {
                break real.join(directory.strip_prefix(place).unwrap_or(Path::new("")));
            }
            (Err(_), Some(parent)) => place = parent,
            (Err(_), None) => break directory.to_owned(),
        }
    };
    let grants = app.write_grants().into_iter();
    let mut paths = grants.map(|(path, _)| path);
    paths.find(|path| real.starts_with(path) || path.starts_with(&real))
}
