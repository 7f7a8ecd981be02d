//! Access of grants to the program's own files, and hints about missing grants.

use std::env;
use std::path::{Path, PathBuf};

use crate::app::{App, MANIFEST};
use crate::self_write::SelfWrite;

/// The directory of policies, below the root.
const POLICIES: &str = "policies";

impl App {
    /// Returns the writable paths, each with the definition that may write;
    /// `None` stands for all definitions without grants of their own. Volumes are among them,
    /// for all that may be granted one.
    pub fn write_grants(&self) -> Vec<(PathBuf, Option<String>)> {
        let of_program = (None, &**self.library.grants());
        let of_definitions = self.library.named().filter_map(|(id, process)| {
            let grants = process.grants.as_deref()?;
            Some((Some(id.to_string()), grants))
        });
        let mut found: Vec<(PathBuf, Option<String>)> = Vec::new();
        for (definition, grants) in std::iter::once(of_program).chain(of_definitions) {
            for grant in grants.paths.iter().filter(|grant| grant.write) {
                let has = |(path, of): &(PathBuf, Option<String>)| {
                    *path == grant.path && (of.is_none() || *of == definition)
                };
                if !found.iter().any(has) {
                    found.push((grant.path.clone(), definition.clone()));
                }
            }
        }
        let volumes = self.volumes.iter().map(|volume| &volume.directory);
        let volumes = volumes.filter(|directory| directory.write);
        found.extend(volumes.map(|directory| (directory.path.clone(), None)));
        found
    }

    /// Returns the grants that let the program change its manifest, its
    /// policies or its sources.
    pub fn self_writes(&self) -> Vec<SelfWrite> {
        let grants = self.write_grants();
        if grants.is_empty() {
            return Vec::new();
        }
        let root = self.root();
        let sources = self.library.root().code_files();
        let reaches = |grant: &Path, own: &Path| own.starts_with(grant) || grant.starts_with(own);
        let own = |(path, definition): (PathBuf, Option<String>)| {
            let mut contains = Vec::new();
            if reaches(&path, &root.join(MANIFEST)) {
                contains.push("manifest");
            }
            if reaches(&path, &root.join(POLICIES)) {
                contains.push("policies");
            }
            if sources
                .iter()
                .any(|source| reaches(&path, &root.join(source)))
            {
                contains.push("sources");
            }
            (!contains.is_empty()).then_some(SelfWrite {
                path,
                definition,
                contains,
            })
        };
        grants.into_iter().filter_map(own).collect()
    }

    /// Returns a hint for the operator about a path that a definition was not
    /// granted. `None` if nothing is at the path and, for writing, nothing can
    /// be created there.
    pub(crate) fn hint(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        let there = |place: &Path| {
            place.symlink_metadata().is_ok() || write && place.parent().is_some_and(Path::is_dir)
        };
        let current = env::current_dir().ok()?;
        let text = path.to_str()?;
        let option = if write { "--write" } else { "--read" };
        let shown = text.escape_debug();
        let own_grants = self
            .library
            .named()
            .any(|(id, process)| **id == *definition && process.grants.is_some());
        let in_manifest = |path: &str| {
            let key = if write { "write" } else { "read" };
            let path = path.escape_debug();
            format!("add \"{path}\" to {key} of [grants.{definition:?}] in {MANIFEST}")
        };
        // wasi-libc drops the `/` in front of an absolute path.
        let absolute = Path::new("/").join(text.trim_start_matches('/'));
        let (place, what_to_do) = if there(&self.root().join(path)) && own_grants {
            (self.root().join(path), in_manifest(text))
        } else if path.is_relative() && there(&current.join(path)) {
            (current.join(path), format!("run with {option} {shown}"))
        } else if path.is_relative() && there(&self.root().join(path)) {
            (self.root().join(path), in_manifest(text))
        } else if (path.is_absolute() || absolute.components().count() > 2) && there(&absolute) {
            let shown = absolute.display().to_string();
            let shown = shown.escape_debug();
            (absolute, format!("run with {option} {shown}"))
        } else {
            return None;
        };
        let is = if place.symlink_metadata().is_ok() {
            "exists"
        } else {
            "can be created"
        };
        let access = if write { "writing" } else { "reading" };
        Some(format!(
            "`{shown}` {is}, but was not granted to {definition} for {access}: to grant it, \
             {what_to_do}"
        ))
    }
}
