//! The code cache: compiled code in files, so that a second start compiles
//! nothing.
//!
//! A file's name is the SHA-256 of everything its content depends on; its
//! content is written under another name and renamed, so that whatever ends
//! the writer at whatever step, a file under its final name is whole. Files are
//! loaded as machine code: the directory belongs to the user alone.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// A directory of compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    directory: PathBuf,
}

/// What one compiled file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of code made from these bytes by this engine, in this `way`
    /// (plain, or as a snapshot).
    pub(crate) fn new(engine: &Engine, way: &str, wasm: &[u8]) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        way.hash(&mut hasher);
        hasher.0.update(wasm);
        Key(hasher.0.finalize().into())
    }

    fn file_name(self) -> String {
        let mut name = String::with_capacity(70);
        for byte in self.0 {
            name.push_str(&format!("{byte:02x}"));
        }
        name + ".cwasm"
    }
}

impl CodeCache {
    /// Opens the directory, and makes it where it is missing.
    ///
    /// # Errors
    ///
    /// Where it cannot be made, or where another user owns it or may write
    /// to it.
    pub(crate) fn open(directory: &Path) -> io::Result<CodeCache> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let metadata = fs::metadata(directory)?;
        // A file made by this process belongs to who runs it.
        let probe = tempfile::Builder::new()
            .prefix(".probe-")
            .tempfile_in(directory)?;
        let me = probe.as_file().metadata()?.uid();
        if metadata.uid() != me {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "another user owns the directory, and code from it would run",
            ));
        }
        if metadata.permissions().mode() & 0o022 != 0 {
            return Err(io::Error::new(
                io::ErrorKind::PermissionDenied,
                "other users may write to the directory, and code from it would run; \
                 run: chmod go-w on it",
            ));
        }
        Ok(CodeCache {
            directory: directory.to_owned(),
        })
    }

    /// The file of this key, if it is there.
    pub(crate) fn find(&self, key: Key) -> Option<PathBuf> {
        let path = self.directory.join(key.file_name());
        path.is_file().then_some(path)
    }

    /// Adds a file. Harmless where it is there already.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn add(&self, key: Key, code: &[u8]) -> io::Result<PathBuf> {
        let path = self.directory.join(key.file_name());
        let mut file = tempfile::Builder::new()
            .prefix(".writing-")
            .tempfile_in(&self.directory)?;
        file.write_all(code)?;
        // Without it a crash of the machine could leave the final name on an
        // empty file.
        file.as_file().sync_data()?;
        file.persist(&path)?;
        Ok(path)
    }

    /// Removes a file that turned out to be unusable.
    pub(crate) fn remove(&self, path: &Path) {
        // If it cannot be removed, adding it again replaces it.
        let _ = fs::remove_file(path);
    }
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Never used: the digest is taken from the inner hasher.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key(Sha256::digest(text).into())
    }

    #[test]
    fn what_was_added_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        assert_eq!(cache.find(key("a")), None);
        let path = cache.add(key("a"), b"code").expect("is written");
        assert_eq!(cache.find(key("a")), Some(path.clone()));
        assert_eq!(fs::read(path).expect("reads"), b"code");
        assert_eq!(cache.find(key("b")), None);
    }

    #[test]
    fn half_written_files_are_not_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        fs::write(directory.path().join(".writing-x"), b"co").expect("is written");
        assert_eq!(cache.find(key("a")), None);
        cache.add(key("a"), b"code").expect("is written beside it");
        assert!(cache.find(key("a")).is_some());
    }

    #[test]
    fn a_directory_others_may_write_to_is_refused() {
        let directory = tempfile::tempdir().expect("a directory");
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o777)).expect("is set");
        let error = CodeCache::open(directory.path()).expect_err("must be refused");
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn the_directory_is_made_for_its_user_alone() {
        let parent = tempfile::tempdir().expect("a directory");
        let path = parent.path().join("a/b");
        CodeCache::open(&path).expect("opens");
        let mode = fs::metadata(path).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o700);
    }
}
