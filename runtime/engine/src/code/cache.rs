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
//! Files that were not used for a month are removed. If the cache is too large, the
//! files that were unused longest are removed too. Another runtime that has such a
//! file mapped goes on with it.

mod directory;
mod error;
mod secret;
mod way;

use std::fs::File;
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use rustix::fs::Stat;
use sha2::{Digest, Sha256};
use wasmtime::Engine;

use directory::Directory;
pub use error::CacheError;
use secret::Secret;

/// Beginning of the names of files that are being written.
const UNFINISHED: &str = ".writing-";

/// Age at which an unfinished file counts as abandoned by its writer.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Time without use after which a file is removed: its version of warren is gone, or
/// its program has changed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Most bytes of all files together. The interpreter takes about 2 MiB for each class
/// of slots.
const MAX_BYTES: u64 = 1 << 30;

/// Precision of the time of last use, so that most uses need not write to the disk.
const USE_IS_NOTED: Duration = Duration::from_secs(60 * 60);

/// End of the names of complete files.
const EXTENSION: &str = ".cwasm";

/// Layout of the files. It is a part of every key, so that a file with an older
/// layout is not taken for a forged one.
const FORMAT: &str = "code, keyed BLAKE3";

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

/// The hash of everything that one compiled file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// Returns the key of code made by this engine and this version of warren, in this
    /// `way` (plain, or as a snapshot), from the file with this SHA-256.
    pub(crate) fn new(engine: &Engine, way: &str, source: &[u8; 32]) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        way.hash(&mut hasher);
        FORMAT.hash(&mut hasher);
        hasher.0.update(source);
        Key(hasher.0.finalize().into())
    }

    fn file_name(self) -> String {
        let mut name = String::with_capacity(72);
        for byte in self.0 {
            name.push_str(&format!("{byte:02x}"));
        }
        name + EXTENSION
    }
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
        match self.is_authentic(key, &mut file) {
            Ok(true) => Ok(file),
            Ok(false) => Err(CacheError::NotAuthentic { path: path() }),
            Err(error) => Err(CacheError::Io {
                path: path(),
                error,
            }),
        }
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
    /// That of the operating system, with a repair if one is known.
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

    /// Sweeps if an eighth of the largest size was added since the last sweep.
    fn sweep_if_due(&self, added: u64) {
        let before = self.added.fetch_add(added, Ordering::Relaxed);
        if before.saturating_add(added) > self.max_bytes / 8 {
            self.added.store(0, Ordering::Relaxed);
            self.sweep();
        }
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

    /// Removes the files of writers that were killed, files that were not used for
    /// long, and the longest unused files beyond the size limit.
    fn sweep(&self) {
        let Ok(entries) = self.directory.entries() else {
            return;
        };
        let mut kept = Vec::new();
        for (name, stat) in entries {
            let unused = unused(&stat);
            let text = name.as_encoded_bytes();
            let is_unfinished = text.starts_with(UNFINISHED.as_bytes());
            let is_code = text.ends_with(EXTENSION.as_bytes());
            // Errors do not matter: another runtime may have removed it.
            if is_unfinished && unused > ABANDONED || is_code && unused > KEPT {
                let _ = self.directory.remove(&name);
            } else if is_code {
                let bytes = u64::try_from(stat.st_size).unwrap_or(u64::MAX);
                kept.push((unused, bytes, name));
            }
        }
        kept.sort_unstable();
        let mut all = 0_u64;
        for (_, bytes, name) in kept {
            all = all.saturating_add(bytes);
            if all > self.max_bytes {
                let _ = self.directory.remove(&name);
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

/// Returns the time between the last change of a file and now. A change in the future
/// comes from a wrong clock. It counts as unused for that long, so that the file does
/// not stay forever.
fn unused(stat: &Stat) -> Duration {
    let modified = u64::try_from(stat.st_mtime).unwrap_or(0);
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.unwrap_or_default()
        .abs_diff(Duration::from_secs(modified))
}

/// Notes that a file is used now, by its time of modification.
fn note_use(file: &File) {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let since = |time: SystemTime| time.elapsed().unwrap_or_else(|ahead| ahead.duration());
    let noted = modified.is_ok_and(|time| since(time) < USE_IS_NOTED);
    if !noted {
        // If this fails, the file is removed as unused and made again.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// Reads the code in a file of the cache.
///
/// # Errors
///
/// Those of reading the file.
pub(crate) fn code_in(mut file: &File) -> io::Result<Vec<u8>> {
    let mut code = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut code)?;
    code.truncate(code.len().saturating_sub(secret::LENGTH));
    Ok(code)
}

struct Sha256Hasher(Sha256);

impl Hasher for Sha256Hasher {
    fn write(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Unused: the digest is taken from the inner hasher.
    fn finish(&self) -> u64 {
        0
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn key(text: &str) -> Key {
        Key(Sha256::digest(text).into())
    }

    #[test]
    fn what_was_added_is_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        assert!(cache.find(key("a")).is_none());
        let added = cache.add(key("a"), b"code").expect("is written");
        assert_eq!(code_in(&added).expect("reads"), b"code");
        let found = cache.find(key("a")).expect("is there");
        assert_eq!(code_in(&found).expect("reads"), b"code");
        assert!(cache.find(key("b")).is_none());
    }

    #[test]
    fn a_cache_that_is_open_for_long_does_not_outgrow_its_limit() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open_with(directory.path(), 8_000).expect("opens");
        for number in 0..100 {
            cache
                .add(key(&number.to_string()), &[7; 500])
                .expect("is written");
            let files = fs::read_dir(directory.path()).expect("reads").flatten();
            let all: u64 = files
                .filter(|file| file.path().extension().is_some_and(|it| it == "cwasm"))
                .map(|file| file.metadata().map_or(0, |it| it.len()))
                .sum();
            assert!(all < 10_000, "{all} bytes after {number}");
        }
    }

    #[test]
    fn half_written_files_are_not_found() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        fs::write(directory.path().join(".writing-x"), b"co").expect("is written");
        assert!(cache.find(key("a")).is_none());
        cache.add(key("a"), b"code").expect("is written beside it");
        assert!(cache.find(key("a")).is_some());
    }

    #[test]
    fn damaged_files_are_not_found_and_can_be_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        let path = directory.path().join(key("a").file_name());
        cache.add(key("a"), b"code").expect("is written");
        let whole = fs::read(&path).expect("reads");
        let mut changed = whole.clone();
        changed[1] ^= 1;
        let longer = [&whole[..], b"x"].concat();
        let damaged: [&[u8]; 6] = [
            b"",
            b"x",
            &[0; 64],
            &whole[..whole.len() - 1],
            &changed,
            &longer,
        ];
        for content in damaged {
            fs::write(&path, content).expect("is written");
            assert!(cache.find(key("a")).is_none(), "{content:?}");
            cache.add(key("a"), b"code").expect("is replaced");
            assert!(cache.find(key("a")).is_some());
        }
    }

    #[test]
    fn what_killed_writers_left_is_swept_when_it_is_old() {
        let directory = tempfile::tempdir().expect("a directory");
        let [old, new] = [".writing-old", ".writing-new"].map(|name| directory.path().join(name));
        for path in [&old, &new] {
            fs::write(path, b"co").expect("is written");
        }
        let long_ago = std::time::SystemTime::now() - ABANDONED * 2;
        let file = File::options().write(true).open(&old).expect("opens");
        file.set_modified(long_ago).expect("is set");
        CodeCache::open(directory.path()).expect("opens");
        assert!(!old.exists());
        assert!(new.exists(), "its writer may still be at work");
    }

    fn make_unused_for(path: &Path, age: Duration) {
        let file = File::options().write(true).open(path).expect("opens");
        file.set_modified(SystemTime::now() - age).expect("is set");
    }

    #[test]
    fn what_was_not_used_for_long_goes_and_what_was_used_stays() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        for name in ["unused", "used"] {
            cache.add(key(name), b"code").expect("is written");
            let path = directory.path().join(key(name).file_name());
            make_unused_for(&path, KEPT + Duration::from_secs(1));
        }
        assert!(cache.find(key("used")).is_some());
        let cache = CodeCache::open(directory.path()).expect("opens");
        assert!(cache.find(key("used")).is_some());
        assert!(cache.find(key("unused")).is_none());
    }

    fn date_ahead_by(path: &Path, ahead: Duration) {
        let file = File::options().write(true).open(path).expect("opens");
        file.set_modified(SystemTime::now() + ahead)
            .expect("is set");
    }

    #[test]
    fn a_date_to_come_keeps_no_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        let path = |name| directory.path().join(key(name).file_name());
        for name in ["ahead", "used", "far"] {
            cache.add(key(name), &[0; 68]).expect("is written");
        }
        let unfinished = directory.path().join(".writing-ahead");
        fs::write(&unfinished, b"co").expect("is written");
        date_ahead_by(&unfinished, ABANDONED * 2);
        date_ahead_by(&path("ahead"), Duration::from_secs(24 * 3_600));
        date_ahead_by(&path("far"), KEPT * 2);
        // If the cache is too large, the file used last stays.
        let cache = CodeCache::open_with(directory.path(), 150).expect("opens");
        assert!(cache.find(key("used")).is_some());
        assert!(cache.find(key("ahead")).is_none());
        assert!(cache.find(key("far")).is_none());
        assert!(!unfinished.exists());
        // A use sets the date right.
        date_ahead_by(&path("used"), KEPT * 2);
        assert!(cache.find(key("used")).is_some());
        let cache = CodeCache::open(directory.path()).expect("opens");
        assert!(cache.find(key("used")).is_some());
    }

    #[test]
    fn beyond_its_size_what_was_unused_longest_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        for (hours, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
            cache.add(key(name), &[0; 68]).expect("is written");
            let path = directory.path().join(key(name).file_name());
            make_unused_for(&path, Duration::from_secs(hours as u64 * 3_600));
        }
        let other = directory.path().join("somebody's");
        fs::write(&other, [0; 1_000]).expect("is written");
        let cache = CodeCache::open_with(directory.path(), 200).expect("opens");
        assert!(cache.find(key("newest")).is_some());
        assert!(cache.find(key("middle")).is_some());
        assert!(cache.find(key("oldest")).is_none());
        assert!(other.exists(), "it is none of the cache's");
    }

    #[test]
    fn what_others_can_change_is_not_found_and_is_replaced() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        let path = directory.path().join(key("a").file_name());
        let other = directory.path().join("other");
        cache.add(key("a"), b"code").expect("is written");
        fs::copy(&path, &other).expect("is copied");
        type Spoil<'a> = (&'a str, &'a dyn Fn());
        let spoils: [Spoil<'_>; 4] = [
            ("a mode", &|| {
                fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).expect("is set");
            }),
            ("a link", &|| {
                fs::remove_file(&path).expect("is removed");
                std::os::unix::fs::symlink("other", &path).expect("is made");
            }),
            ("a pipe", &|| {
                fs::remove_file(&path).expect("is removed");
                let mode = rustix::fs::Mode::RWXU;
                rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode).expect("is made");
            }),
            ("an owner", &|| {
                // Only root gives files away.
                if std::os::unix::fs::chown(&path, Some(12_345), None).is_err() {
                    fs::write(&path, b"code").expect("is written");
                }
            }),
        ];
        for (what, spoil) in spoils {
            spoil();
            assert!(cache.find(key("a")).is_none(), "{what}");
            cache.add(key("a"), b"code").expect("is replaced");
            let found = cache.find(key("a")).expect("is there");
            assert_eq!(code_in(&found).expect("reads"), b"code", "{what}");
            assert!(fs::symlink_metadata(&path).expect("is there").is_file());
        }
    }

    #[test]
    fn what_another_cache_or_another_name_was_for_is_not_found() {
        let [one, other] = [(); 2].map(|()| tempfile::tempdir().expect("a directory"));
        let cache = CodeCache::open(one.path()).expect("opens");
        let foreign = CodeCache::open(other.path()).expect("opens");
        foreign.add(key("a"), b"planted").expect("is written");
        let name = key("a").file_name();
        fs::copy(other.path().join(&name), one.path().join(&name)).expect("is copied");
        assert!(cache.find(key("a")).is_none(), "of another cache");
        cache.add(key("b"), b"code").expect("is written");
        fs::copy(
            one.path().join(key("b").file_name()),
            one.path().join(&name),
        )
        .expect("is copied");
        assert!(cache.find(key("a")).is_none(), "of another name");
        assert!(cache.find(key("b")).is_some());
        // With the key gone, nothing that was written with it counts.
        fs::remove_file(one.path().join("key")).expect("is removed");
        let again = CodeCache::open(one.path()).expect("opens");
        assert!(again.find(key("b")).is_none());
    }

    #[test]
    fn a_directory_in_place_of_a_file_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        let path = directory.path().join(key("a").file_name());
        fs::create_dir(&path).expect("is made");
        assert!(cache.find(key("a")).is_none());
        let error = cache
            .add(key("a"), b"code")
            .expect_err("cannot be replaced");
        assert_eq!(error.remedy(), Some(format!("rm -r {}", path.display())));
        let names = fs::read_dir(directory.path()).expect("is there").count();
        assert_eq!(names, 2, "the key and the directory");
    }
}
