//! The code cache: compiled code in files, so that a second start compiles nothing.
//!
//! A file's name is the SHA-256 of everything its content depends on. The content is
//! written under another name, synced to the disk, and renamed. So a file under its
//! final name is complete, even if the writer or the machine fails.
//!
//! Files are loaded as machine code, so they are trusted like an executable. The
//! directories and each file are checked on their open descriptors (see [`way`] and
//! [`directory`]), and a file ends in a keyed hash of its name and code. A file does not
//! match if another user put it there while the directory was open to others, if it was
//! copied from another cache, or if a failing disk has changed it. Its code is then
//! compiled again. Only the user can read the key.
//!
//! A file that matched is not hashed again while it and the machine's run stay the same (see
//! [`seen`]).
//!
//! Files that were not used for a month are removed. If the cache is too large, the
//! files that were unused longest are removed too. Another runtime that has such a
//! file mapped goes on with it.

mod directory;
mod error;
mod key;
mod secret;
mod seen;
mod sweep;
mod way;

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::AtomicU64;
use std::time::SystemTime;

use directory::Directory;
pub use error::CacheError;
pub(crate) use key::Key;
use secret::Secret;
use seen::Identity;
use sweep::note_use;

/// Beginning of the names of files that are being written.
const UNFINISHED: &str = ".writing-";

/// Most bytes of all files together. The interpreter takes about 2 MiB for each class
/// of slots.
const MAX_BYTES: u64 = 1 << 30;

/// The finding on a file of the cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trust {
    /// A record of an earlier start says that it is authentic.
    Recorded,
    /// It ends in the authenticator of its code.
    Hashed,
    /// It is not authentic.
    None,
}

/// A directory of compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    directory: Directory,
    secret: Secret,
    max_bytes: u64,
    /// Bytes added since the last sweep. Without sweeps a program that may write its
    /// own sources would fill the disk with code.
    added: AtomicU64,
}

impl CodeCache {
    /// Opens the directory; makes it if it is missing.
    ///
    /// # Errors
    ///
    /// See [`CacheError`]: the directory cannot be made, or a user other than this one
    /// and root could put code there.
    pub(crate) fn open(directory: &Path) -> Result<CodeCache, CacheError> {
        CodeCache::open_with(directory, MAX_BYTES)
    }

    fn open_with(directory: &Path, max_bytes: u64) -> Result<CodeCache, CacheError> {
        let directory = Directory::open(directory)?;
        let cache = CodeCache {
            secret: Secret::of(&directory)?,
            directory,
            max_bytes,
            added: AtomicU64::new(0),
        };
        cache.sweep();
        Ok(cache)
    }

    /// Returns the file of this key, if it exists and this user's runtime wrote it.
    /// The file begins with the code, and no other user can change it. Logs a file that
    /// cannot be trusted; [`CodeCache::add`] replaces it.
    pub(crate) fn find(&self, key: Key) -> Option<File> {
        let name = key.file_name();
        let found = self
            .directory
            .file(&name)
            .and_then(|file| file.map(|file| self.checked(key, file)).transpose());
        match found {
            Ok(file) => {
                file.as_ref().inspect(|file| note_use(file));
                file
            }
            Err(error) => {
                tracing::warn!(
                    help = error.remedy(),
                    "code is not loaded from the code cache but compiled anew: {error}"
                );
                None
            }
        }
    }

    fn checked(&self, key: Key, mut file: File) -> Result<File, CacheError> {
        let path = || self.directory.path_of(&key.file_name());
        match self.trust(key, &mut file, SystemTime::now()) {
            Ok(Trust::Recorded | Trust::Hashed) => Ok(file),
            Ok(Trust::None) => Err(CacheError::NotAuthentic { path: path() }),
            Err(error) => Err(CacheError::Io {
                path: path(),
                error,
            }),
        }
    }

    /// Looks for a record of the file, and hashes the file if there is none. Records a file
    /// that is authentic.
    fn trust(&self, key: Key, file: &mut File, now: SystemTime) -> io::Result<Trust> {
        let identity = Identity::of(&file.metadata()?);
        let is_recorded =
            |identity: &Identity| seen::has_record(&self.directory, &self.secret, key, identity);
        if identity.as_ref().is_some_and(is_recorded) {
            return Ok(Trust::Recorded);
        }
        if !self.is_authentic(key, file)? {
            return Ok(Trust::None);
        }
        // The hash is of the file with this identity only if nobody wrote to it meanwhile.
        let is_same = identity == Identity::of(&file.metadata()?);
        if let Some(identity) = identity.filter(|it| is_same && it.is_settled(now))
            && let Err(error) = seen::record(&self.directory, &self.secret, key, &identity)
        {
            // The next start hashes the file again.
            tracing::debug!(%error, "cannot record a file of the code cache");
        }
        Ok(Trust::Hashed)
    }

    /// Returns true if a file ends in the authenticator of the code before it.
    fn is_authentic(&self, key: Key, file: &mut File) -> io::Result<bool> {
        let Some(length) = file.metadata()?.len().checked_sub(secret::LENGTH as u64) else {
            return Ok(false);
        };
        let mut hasher = self.secret.hasher(&key.0);
        let mut code = file.take(length);
        // A piece fits into the processor's second-level cache.
        let mut buffer = vec![0; 128 * 1024];
        loop {
            match code.read(&mut buffer)? {
                0 => break,
                n => hasher.update(&buffer[..n]),
            };
        }
        let mut authenticator = [0; secret::LENGTH];
        file.read_exact(&mut authenticator)?;
        // This comparison takes constant time.
        Ok(hasher.finalize() == authenticator)
    }

    /// Adds a file, or replaces it.
    ///
    /// # Errors
    ///
    /// A [`CacheError`] if the file cannot be written; its remedy is the repair, if one is
    /// known.
    pub(crate) fn add(&self, key: Key, code: &[u8]) -> Result<File, CacheError> {
        let name = key.file_name();
        let written = self.write(&name, key, code).map_err(|error| {
            let path = self.directory.path_of(&name);
            match error.kind() {
                io::ErrorKind::IsADirectory => CacheError::Kind {
                    path,
                    expected: "plain file",
                },
                _ => CacheError::Io { path, error },
            }
        })?;
        self.sweep_if_due(code.len() as u64);
        Ok(written)
    }

    fn write(&self, name: &str, key: Key, code: &[u8]) -> io::Result<File> {
        let authenticator = self.secret.hasher(&key.0).update(code).finalize();
        let unfinished = unfinished()?;
        let mut file = self.directory.new_file(&unfinished)?;
        let written = file
            .write_all(code)
            .and_then(|()| file.write_all(authenticator.as_bytes()))
            // Without the sync a crash of the machine could leave the final name on
            // an empty file.
            .and_then(|()| file.sync_data())
            .and_then(|()| self.directory.rename(&unfinished, name));
        match written {
            Ok(()) => Ok(file),
            Err(error) => {
                let _ = self.directory.remove(unfinished.as_ref());
                Err(error)
            }
        }
    }
}

/// Returns a unique name for a file that is being written.
fn unfinished() -> io::Result<String> {
    let mut random = [0; 8];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    Ok(format!("{UNFINISHED}{:016x}", u64::from_le_bytes(random)))
}

/// Reads the code in a file of the cache.
///
/// # Errors
///
/// An [`io::Error`] if the file cannot be read.
pub(crate) fn code_in(mut file: &File) -> io::Result<Vec<u8>> {
    let mut code = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut code)?;
    code.truncate(code.len().saturating_sub(secret::LENGTH));
    Ok(code)
}

#[cfg(test)]
mod tests;
