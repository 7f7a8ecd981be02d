//! The key that authenticates the files of the code cache: only runtimes of this user
//! can have written a file that matches it.

use std::io::{self, Read, Write};

use warren_kernel::text;

use super::directory::Directory;
use super::error::CacheError;
use super::unfinished;

/// Name of the file that holds the key.
const FILE: &str = "key";

/// Most attempts to read the key or make it.
const ATTEMPTS: usize = 8;

/// Bytes of a key, and of an authenticator computed with it.
pub(super) const LENGTH: usize = blake3::KEY_LEN;

/// The use of the key that authenticates records of files. Files of code have another one,
/// so that neither is ever taken for the other.
const RECORDS: &str = "warren code cache: records of files that were found authentic";

/// A random key that only the user can read, made once for each cache.
pub(super) struct Secret([u8; LENGTH]);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    /// Returns the key of a cache. Makes one if it is missing or damaged. The key gets
    /// its final name once it is complete, and runtimes that start at the same time all
    /// get the same key.
    pub(super) fn of(directory: &Directory) -> Result<Secret, CacheError> {
        let path = directory.path_of(FILE);
        for _ in 0..ATTEMPTS {
            if let Some(file) = directory.secret_file(FILE)? {
                let mut bytes = Vec::with_capacity(LENGTH + 1);
                let read = file.take(LENGTH as u64 + 1).read_to_end(&mut bytes);
                read.map_err(|error| CacheError::Io {
                    path: path.clone(),
                    error,
                })?;
                if let Ok(key) = bytes.try_into() {
                    return Ok(Secret(key));
                }
                // Only this user can write it, so a disk has failed.
                tracing::warn!(
                    "the key of the code cache, {}, is damaged: all code is compiled anew",
                    text::path(&path)
                );
                // If it cannot be removed, the last attempt returns the error below.
                let _ = directory.remove(FILE.as_ref());
            }
            match make(directory) {
                // Another runtime may have made the key meanwhile.
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(CacheError::Io { path, error });
                }
                _ => {}
            }
        }
        Err(CacheError::NotAuthentic { path })
    }

    /// Returns a hasher for the authenticator of a file with this name.
    pub(super) fn hasher(&self, name: &[u8; 32]) -> blake3::Hasher {
        let mut hasher = blake3::Hasher::new_keyed(&self.0);
        // With the name hashed, a renamed file does not match.
        hasher.update(name);
        hasher
    }

    /// Returns a hasher for the authenticator of a record of the file with this name.
    pub(super) fn hasher_of_records(&self, name: &[u8; 32]) -> blake3::Hasher {
        Secret(blake3::derive_key(RECORDS, &self.0)).hasher(name)
    }
}

fn make(directory: &Directory) -> io::Result<()> {
    let mut key = [0; LENGTH];
    getrandom::fill(&mut key).map_err(io::Error::other)?;
    let name = unfinished()?;
    let mut file = directory.new_file(&name)?;
    let made = file
        .write_all(&key)
        .and_then(|()| file.sync_data())
        // A link, unlike a rename, does not replace a key that another runtime made.
        .and_then(|()| directory.link(&name, FILE));
    let removed = directory.remove(name.as_ref());
    made.and(removed)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn all_starts_have_one_key_which_is_the_users_alone() {
        let outer = tempfile::tempdir().expect("a directory");
        let path = outer.path().join("cache");
        let keys: Vec<_> = std::thread::scope(|scope| {
            let starts: Vec<_> = (0..8)
                .map(|_| {
                    scope.spawn(|| {
                        let directory = Directory::open(&path).expect("opens");
                        Secret::of(&directory).expect("is made").0
                    })
                })
                .collect();
            let keys = starts.into_iter().map(|start| start.join());
            keys.collect::<Result<_, _>>().expect("none panics")
        });
        assert!(
            keys.iter()
                .all(|key| *key == keys[0] && *key != [0; LENGTH])
        );
        let file = path.join(FILE);
        assert_eq!(fs::read(&file).expect("is there"), keys[0]);
        let mode = fs::metadata(&file).expect("is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(&path).expect("is there").count(), 1);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused_and_a_damaged_one_replaced() {
        let outer = tempfile::tempdir().expect("a directory");
        let directory = Directory::open(outer.path()).expect("opens");
        Secret::of(&directory).expect("is made");
        let file = outer.path().join(FILE);
        for mode in [0o640, 0o604, 0o660] {
            fs::set_permissions(&file, fs::Permissions::from_mode(mode)).expect("is set");
            let error = Secret::of(&directory).expect_err("must be refused");
            assert!(matches!(error, CacheError::Shared { .. }), "{error}");
            let remedy = error.remedy().expect("there is one");
            assert_eq!(remedy, format!("rm -r {}", file.display()));
        }
        fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("is set");
        for content in [&[0_u8; 31][..], &[0; 33], b""] {
            fs::write(&file, content).expect("is written");
            let made = Secret::of(&directory).expect("is replaced").0;
            assert_eq!(fs::read(&file).expect("is there"), made);
            assert_ne!(made, [0; LENGTH]);
        }
    }
}
