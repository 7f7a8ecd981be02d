//! The directory of a program's data: a file for each thing that outlives the program.
//!
//! One runtime uses a directory at a time. It holds the lock of the file `lock` for that.

mod backup;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::hex;

pub use backup::{BackedUp, BackupError, back_up};

/// The directory of a program's data, locked until the last clone is dropped.
#[derive(Clone, Debug)]
pub struct Data(Arc<Locked>);

#[derive(Debug)]
struct Locked {
    path: PathBuf,
    /// Holds the lock.
    _lock: File,
}

/// The reason why a program's data cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DataError {
    /// The system refuses the directory or a file in it.
    #[error("cannot use {}: {error}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// Another runtime uses the directory.
    #[error("cannot use {}: another program uses this directory of data", path.display())]
    InUse {
        /// The directory.
        path: PathBuf,
    },
    /// A file is no database, is damaged, or is of a later version.
    #[error("cannot use {}: {reason}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The fault, in the words of the database.
        reason: String,
    },
    /// The address of a database server is of no use.
    #[error("cannot use the database {}: {reason}", warren_kernel::text::line(id))]
    Server {
        /// The id of the database.
        id: String,
        /// The fault.
        reason: String,
    },
}

impl Data {
    /// Opens a directory, and makes it, for its user alone, if it is missing.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`], and [`DataError::InUse`] if another runtime has the directory.
    pub fn open(path: &Path) -> Result<Data, DataError> {
        let failed = |path: &Path| {
            let path = path.to_owned();
            move |error| DataError::Io { path, error }
        };
        make_directory(path).map_err(failed(path))?;
        let path = path.canonicalize().map_err(failed(path))?;
        let file = path.join(LOCK);
        let lock = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&file)
            .map_err(failed(&file))?;
        match lock.try_lock() {
            Ok(()) => Ok(Data(Arc::new(Locked { path, _lock: lock }))),
            Err(TryLockError::WouldBlock) => Err(DataError::InUse { path }),
            Err(TryLockError::Error(error)) => Err(DataError::Io { path: file, error }),
        }
    }

    /// Returns the directory, absolute and without symbolic links.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Returns the file of a thing of this kind, in a directory that exists.
    ///
    /// # Errors
    ///
    /// [`DataError::Io`] if the directory cannot be made.
    pub(crate) fn file(&self, kind: &str, id: &str) -> Result<PathBuf, DataError> {
        self.named(kind, &file_name(id))
    }

    /// Returns the file with this name of a thing of this kind, in a directory that exists.
    /// The name has no directories in it.
    ///
    /// # Errors
    ///
    /// As for [`Data::file`].
    pub(crate) fn named(&self, kind: &str, name: &str) -> Result<PathBuf, DataError> {
        let directory = self.path().join(kind);
        match make_directory(&directory) {
            Ok(()) => Ok(directory.join(name)),
            Err(error) => Err(DataError::Io {
                path: directory,
                error,
            }),
        }
    }
}

const LOCK: &str = "lock";

/// Characters of an id that a file name has as they are.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b':')
    .remove(b'_')
    .remove(b'-');

/// The most bytes of an id in a file name, which leave room for what SQLite adds.
const MAX_NAME: usize = 200;

/// Bytes of a hash in the file name of a longer id.
const HASH: usize = 16;

/// Returns the name of the file of an id. Two ids have two names.
fn file_name(id: &str) -> String {
    let mut name = utf8_percent_encode(id, PLAIN).to_string();
    if name.len() > MAX_NAME {
        let hash = Sha256::digest(id.as_bytes());
        name.truncate(MAX_NAME - 2 * HASH);
        name.push('%');
        name.push_str(&hex::lower(&hash[..HASH]));
    }
    name + ".db"
}

fn make_directory(path: &Path) -> io::Result<()> {
    for_its_user(&mut DirBuilder::new())
        .recursive(true)
        .create(path)
}

/// Has a builder make directories for their user alone.
fn for_its_user(builder: &mut DirBuilder) -> &mut DirBuilder {
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(builder, 0o700);
    builder
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn one_runtime_uses_a_directory_at_a_time() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("a/b");
        let data = Data::open(&path).unwrap();
        assert!(matches!(Data::open(&path), Err(DataError::InUse { .. })));
        drop(data);
        assert!(Data::open(&path).is_ok());
    }

    #[test]
    fn a_name_stays_in_its_directory_and_belongs_to_one_id() {
        assert_eq!(file_name("app.web:cache-1"), "app.web:cache-1.db");
        assert_eq!(file_name("../x/y"), "..%2Fx%2Fy.db");
        let long = |last: &str| file_name(&format!("app:{}{last}", "x".repeat(300)));
        assert_ne!(long("a"), long("b"));
        assert!(long("a").len() <= MAX_NAME + 3);
    }

    #[test]
    fn a_file_in_the_place_of_the_directory_is_an_error() {
        let outer = tempfile::tempdir().unwrap();
        let path = outer.path().join("file");
        fs::write(&path, "x").unwrap();
        let error = Data::open(&path).unwrap_err();
        assert!(matches!(error, DataError::Io { .. }), "{error}");
    }
}
