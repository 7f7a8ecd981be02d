//! The directory of a program's data: a file for each thing that outlives the program.
//!
//! One runtime uses a directory at a time. It holds the lock of the file `lock` for that.

mod backup;

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
#[cfg(unix)]
use rustix::fs::OFlags;
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
        let lock = open_lock(&file).map_err(failed(&file))?;
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
    /// As for [`Data::file`], and for a link or a pipe in the place of the file.
    pub(crate) fn named(&self, kind: &str, name: &str) -> Result<PathBuf, DataError> {
        let directory = self.path().join(kind);
        if let Err(error) = make_directory(&directory) {
            let path = directory;
            return Err(DataError::Io { path, error });
        }
        let path = directory.join(name);
        match path.symlink_metadata() {
            Ok(metadata) if !metadata.is_file() => {
                let error = no_plain_file();
                Err(DataError::Io { path, error })
            }
            // One that is missing is made, and other errors are those of the database.
            _ => Ok(path),
        }
    }
}

const LOCK: &str = "lock";

/// Opens the file of the lock, and makes it if it is missing. Follows no link, and waits for
/// nobody at the other end of a pipe: others may have put it there.
fn open_lock(file: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        options.mode(0o600);
        options.custom_flags(flags.bits().cast_signed());
    }
    let lock = options.open(file)?;
    match lock.metadata()?.is_file() {
        true => Ok(lock),
        false => Err(no_plain_file()),
    }
}

fn no_plain_file() -> io::Error {
    io::Error::other("it is not a plain file")
}

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
        name.truncate(MAX_NAME - 2 * HASH - 1);
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

    #[cfg(unix)]
    #[test]
    fn links_and_pipes_are_no_files_of_data() {
        use std::os::unix::fs::symlink;
        use std::process::Command;

        let outer = tempfile::tempdir().unwrap();
        let (path, elsewhere) = (outer.path().join("data"), outer.path().join("elsewhere"));
        fs::create_dir(&path).unwrap();
        fs::write(&elsewhere, "x").unwrap();
        let lock = path.join(LOCK);
        let is_refused = || matches!(Data::open(&path), Err(DataError::Io { .. }));
        symlink(&elsewhere, &lock).unwrap();
        assert!(is_refused());
        fs::remove_file(&lock).unwrap();
        let made = Command::new("mkfifo").arg(&lock).status().unwrap();
        assert!(made.success());
        assert!(is_refused());
        fs::remove_file(&lock).unwrap();
        let data = Data::open(&path).unwrap();
        assert!(data.named("databases", "d.db").is_ok());
        symlink(&elsewhere, path.join("databases/d.db")).unwrap();
        let error = data.named("databases", "d.db").unwrap_err();
        assert!(error.to_string().contains("not a plain file"), "{error}");
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
