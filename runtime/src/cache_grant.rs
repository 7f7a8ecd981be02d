//! Grants that reach the code cache.

use std::path::{Path, PathBuf};

use crate::app::App;

/// Returns a granted directory that would let a program write machine code, which the next
/// start would run outside of any sandbox.
pub(crate) fn granted(app: &App, cache: &Path) -> Option<PathBuf> {
    // A missing directory will be created below an existing one.
    let mut place = cache;
    let real = loop {
        match (place.canonicalize(), place.parent()) {
            (Ok(real), _) => break real.join(cache.strip_prefix(place).unwrap_or(Path::new(""))),
            (Err(_), Some(parent)) => place = parent,
            (Err(_), None) => break cache.to_owned(),
        }
    };
    let grants = app.write_grants().into_iter();
    let mut paths = grants.map(|(path, _)| path);
    paths.find(|path| real.starts_with(path) || path.starts_with(&real))
}
