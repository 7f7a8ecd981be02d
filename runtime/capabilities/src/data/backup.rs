//! Copies of the databases of a directory of data, made while a program uses them.

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags};
use thiserror::Error;

use super::{LOCK, for_its_user, make_directory};

/// A database that was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BackedUp {
    /// The file, below the directory of the data and below that of the copies.
    pub file: PathBuf,
    /// The bytes of the copy.
    pub bytes: u64,
}

/// The reason why there is no backup.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// No program has used this directory for its data.
    #[error("{} is not a directory of data: no program has used it with --data", path.display())]
    NoData {
        /// The directory.
        path: PathBuf,
    },
    /// A backup replaces nothing.
    #[error("cannot write to {}: it already exists", path.display())]
    Exists {
        /// The directory of the copies, or the one that they have until all are made.
        path: PathBuf,
    },
    /// The copies would be a part of the data.
    #[error("cannot write to {}: it lies in the directory of the data", path.display())]
    Inside {
        /// The directory of the copies.
        path: PathBuf,
    },
    /// The system refuses a directory or a file in it.
    #[error("cannot use {}: {error}", path.display())]
    Io {
        /// The directory or file.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// A file is no database, is damaged, or cannot be copied.
    #[error("cannot copy {}: {reason}", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// The fault, in the words of the database.
        reason: String,
    },
}

/// Copies all databases of the directory `data` into a new directory. A program may use the
/// data meanwhile, and is not held up. Each copy has every change that was acknowledged
/// before the call, and no part of another: it is one moment of its database. Two databases
/// are copied at two moments.
///
/// The copies are checked. They lie in `directory` and `.partial` until all are on the disk,
/// so a directory without that ending is whole. A program may use it as its data.
///
/// # Errors
///
/// See [`BackupError`]. Nothing is left of a backup that failed.
///
/// ```no_run
/// for copy in warren_capabilities::back_up("/var/lib/shop".as_ref(), "shop-1".as_ref())? {
///     println!("{} {}", copy.bytes, copy.file.display());
/// }
/// # Ok::<_, warren_capabilities::BackupError>(())
/// ```
pub fn back_up(data: &Path, directory: &Path) -> Result<Vec<BackedUp>, BackupError> {
    if !data.join(LOCK).is_file() {
        let path = data.to_owned();
        return Err(BackupError::NoData { path });
    }
    // Without a slash at its end.
    let directory: PathBuf = directory.components().collect();
    if directory.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: directory });
    }
    let parent = match directory.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    make_directory(parent).map_err(failed(parent))?;
    let absolute = |path: &Path| path.canonicalize().map_err(failed(path));
    if absolute(parent)?.starts_with(absolute(data)?) {
        return Err(BackupError::Inside { path: directory });
    }
    let mut partial = OsString::from(&directory);
    partial.push(".partial");
    let partial = PathBuf::from(partial);
    make_new(&partial)?;
    let copied = copy_all(data, &partial).and_then(|copied| {
        fs::rename(&partial, &directory).map_err(failed(&directory))?;
        sync(parent)?;
        Ok(copied)
    });
    if copied.is_err() {
        // The first error counts.
        let _ = fs::remove_dir_all(&partial);
    }
    copied
}

/// Copies the databases of each kind of things.
fn copy_all(data: &Path, partial: &Path) -> Result<Vec<BackedUp>, BackupError> {
    let mut copied = Vec::new();
    for kind in names(data, |file| file.is_dir())? {
        let (from, to) = (data.join(&kind), partial.join(&kind));
        make_new(&to)?;
        for name in names(&from, |file| file.is_file())? {
            if is_beside_a_database(&name) {
                continue;
            }
            let (database, copy) = (from.join(&name), to.join(&name));
            copy_one(&database, &copy).map_err(|reason| BackupError::Database {
                path: database,
                reason,
            })?;
            let bytes = fs::metadata(&copy).map_err(failed(&copy))?.len();
            let file = Path::new(&kind).join(&name);
            copied.push(BackedUp { file, bytes });
        }
        sync(&to)?;
    }
    sync(partial)?;
    Ok(copied)
}

/// Returns the names of a directory whose files are of a type, in order. Links are of
/// another one.
fn names(
    directory: &Path,
    is_wanted: impl Fn(fs::FileType) -> bool,
) -> Result<Vec<OsString>, BackupError> {
    let read = || -> io::Result<Vec<OsString>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(directory)? {
            let entry = entry?;
            if is_wanted(entry.file_type()?) {
                names.push(entry.file_name());
            }
        }
        names.sort();
        Ok(names)
    };
    read().map_err(failed(directory))
}

/// Returns true for the name of a file that SQLite has beside a database in use.
fn is_beside_a_database(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["-wal", "-shm", "-journal"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Time for which a copy waits for a lock. Only a program that starts has one.
const PATIENCE: Duration = Duration::from_secs(10);

/// Bytes of the largest value of a database, as far as a check of the copy is concerned: more
/// than any program may write, and less than an expression of its tables could make.
const LARGEST_VALUE: i32 = 64 << 20;

/// Copies a database, and checks the copy. Returns the fault, in words.
///
/// SQLite alone opens the file. Closing any other descriptor of it would free the locks that
/// this process may have on it.
fn copy_one(from: &Path, to: &Path) -> Result<(), String> {
    let words = |error: rusqlite::Error| error.to_string();
    let read = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, read).map_err(words)?;
    source.busy_timeout(PATIENCE).map_err(words)?;
    let write = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let mut copy = Connection::open_with_flags(to, write).map_err(words)?;
    let backup = Backup::new(&source, &mut copy).map_err(words)?;
    // In one step, which sees one moment of the source: a copy in several would begin anew
    // after each change.
    let step = backup.step(-1).map_err(words)?;
    drop(backup);
    if step != StepResult::Done {
        return Err("another program has locked it".to_owned());
    }
    match check(&copy).map_err(words)?.as_str() {
        "ok" => copy.close().map_err(|(_, error)| words(error)),
        damage => Err(format!("it is damaged: {damage}")),
    }
}

/// Checks a copy. Returns `ok`, or the first fault. The tables may be those of a hostile
/// program.
fn check(copy: &Connection) -> rusqlite::Result<String> {
    copy.execute_batch("PRAGMA trusted_schema = OFF; PRAGMA ignore_check_constraints = ON;")?;
    copy.set_limit(Limit::SQLITE_LIMIT_LENGTH, LARGEST_VALUE)?;
    copy.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))
}

/// Makes a directory that is not there.
fn make_new(path: &Path) -> Result<(), BackupError> {
    let made = for_its_user(&mut DirBuilder::new()).create(path);
    made.map_err(|error| match error.kind() {
        io::ErrorKind::AlreadyExists => BackupError::Exists {
            path: path.to_owned(),
        },
        _ => failed(path)(error),
    })
}

/// Has the names of a directory written to the disk.
fn sync(directory: &Path) -> Result<(), BackupError> {
    // Other systems have no descriptors of directories.
    if cfg!(unix) {
        let synced = fs::File::open(directory).and_then(|directory| directory.sync_all());
        synced.map_err(failed(directory))?;
    }
    Ok(())
}

fn failed(path: &Path) -> impl FnOnce(io::Error) -> BackupError + use<> {
    let path = path.to_owned();
    move |error| BackupError::Io { path, error }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::super::Data;
    use super::*;

    /// Opens a database as the runtime does.
    fn open(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        let mode: String = connection
            .query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))
            .unwrap();
        assert_eq!(mode, "wal");
        connection
    }

    fn count(path: &Path, table: &str) -> i64 {
        let text = format!("SELECT count(*) FROM {table}");
        let connection = Connection::open(path).unwrap();
        connection.query_row(&text, [], |row| row.get(0)).unwrap()
    }

    fn entries(directory: &Path) -> Vec<OsString> {
        let entries = fs::read_dir(directory).unwrap();
        let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_copy_has_what_is_still_in_the_log() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(&outer.path().join("data")).unwrap();
        let file = data.file("stores", "app:orders").unwrap();
        let connection = open(&file);
        connection
            .execute_batch("CREATE TABLE t (n); INSERT INTO t VALUES (1), (2), (3);")
            .unwrap();
        assert!(file.with_extension("db-wal").is_file());
        // The slash at the end makes no difference.
        let copies = outer.path().join("some/copies/");
        let copied = back_up(data.path(), &copies).unwrap();
        let [one] = &copied[..] else {
            panic!("{copied:?}");
        };
        assert_eq!(one.file, Path::new("stores/app:orders.db"));
        let copy = copies.join(&one.file);
        assert_eq!(copy.metadata().unwrap().len(), one.bytes);
        assert_eq!(entries(copy.parent().unwrap()), ["app:orders.db"]);
        assert_eq!(entries(&outer.path().join("some")), ["copies"]);
        assert_eq!(count(&copy, "t"), 3);
        // A program can go on with the copies.
        let again = Data::open(&copies).unwrap();
        assert_eq!(
            again
                .file("stores", "app:orders")
                .unwrap()
                .canonicalize()
                .unwrap(),
            copy.canonicalize().unwrap()
        );
    }

    #[test]
    fn a_copy_is_one_moment_of_a_database_that_changes() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(&outer.path().join("data")).unwrap();
        let file = data.file("stores", "app:orders").unwrap();
        let connection = open(&file);
        connection
            .execute_batch("CREATE TABLE a (n); CREATE TABLE b (n);")
            .unwrap();
        thread::scope(|scope| {
            // Dropped at the end of this closure, which ends the thread.
            let (committed, commits) = mpsc::channel();
            scope.spawn(move || {
                let commit = "BEGIN; INSERT INTO a VALUES (1); INSERT INTO b VALUES (1); COMMIT;";
                loop {
                    connection.execute_batch(commit).unwrap();
                    if committed.send(()).is_err() {
                        return;
                    }
                }
            });
            let mut acknowledged = 0;
            for round in 0..20 {
                commits.recv().unwrap();
                acknowledged += 1 + i64::try_from(commits.try_iter().count()).unwrap();
                let copies = outer.path().join(round.to_string());
                back_up(data.path(), &copies).unwrap();
                let copy = copies.join("stores/app:orders.db");
                let (a, b) = (count(&copy, "a"), count(&copy, "b"));
                assert_eq!(a, b);
                assert!(a >= acknowledged, "{a} of {acknowledged}");
            }
        });
    }

    #[test]
    fn nothing_is_left_of_a_backup_that_failed() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(&outer.path().join("data")).unwrap();
        let sound = data.file("stores", "app:a").unwrap();
        open(&sound).execute_batch("CREATE TABLE t (n);").unwrap();
        let broken = data.file("stores", "app:b").unwrap();
        fs::write(&broken, "no database".repeat(1_000)).unwrap();
        let error = back_up(data.path(), &outer.path().join("copies")).unwrap_err();
        assert!(
            matches!(&error, BackupError::Database { path, .. } if *path == data.path().join("stores/app:b.db")),
            "{error}"
        );
        assert_eq!(entries(outer.path()), ["data"]);
    }

    #[test]
    fn damage_is_found_in_the_copy() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(&outer.path().join("data")).unwrap();
        let file = data.file("stores", "app:a").unwrap();
        let connection = open(&file);
        connection
            .execute_batch(
                "CREATE TABLE t (n, text); CREATE INDEX i ON t (n);
                 WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c LIMIT 9999)
                 INSERT INTO t SELECT n, hex(randomblob(50)) FROM c;",
            )
            .unwrap();
        connection.close().unwrap();
        let mut bytes = fs::read(&file).unwrap();
        let middle = bytes.len() / 2 / 4_096 * 4_096;
        bytes[middle..middle + 4_096].fill(0xff);
        fs::write(&file, bytes).unwrap();
        let error = back_up(data.path(), &outer.path().join("copies")).unwrap_err();
        assert!(matches!(error, BackupError::Database { .. }), "{error}");
        assert_eq!(entries(outer.path()), ["data"]);
    }

    #[test]
    fn a_backup_replaces_nothing_and_copies_nothing_else() {
        let outer = tempfile::tempdir().unwrap();
        let data = outer.path().join("data");
        let copies = outer.path().join("copies");
        let error = back_up(&data, &copies).unwrap_err();
        assert!(matches!(error, BackupError::NoData { .. }), "{error}");
        drop(Data::open(&data).unwrap());
        let error = back_up(&data, &data).unwrap_err();
        assert!(matches!(error, BackupError::Exists { .. }), "{error}");
        let error = back_up(&data, &data.join("copies")).unwrap_err();
        assert!(matches!(error, BackupError::Inside { .. }), "{error}");
        // Another backup is being made, or was killed.
        fs::create_dir(outer.path().join("copies.partial")).unwrap();
        let error = back_up(&data, &copies).unwrap_err();
        assert!(matches!(error, BackupError::Exists { .. }), "{error}");
        assert_eq!(entries(outer.path()), ["copies.partial", "data"]);
        fs::remove_dir(outer.path().join("copies.partial")).unwrap();
        assert_eq!(back_up(&data, &copies).unwrap(), []);
    }
}
