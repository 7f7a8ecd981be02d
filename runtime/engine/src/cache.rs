//! The code cache: compiled code in files, so that a second start compiles
//! nothing.
//!
//! A file's name is the SHA-256 of everything its content depends on; its
//! content is written under another name, made to reach the disk, and renamed,
//! so that whatever ends the writer or the machine at whatever step, a file
//! under its final name is whole. It ends in a CRC-32 of what it begins with:
//! what a failing disk has changed or lost is not run but made again. A checksum
//! is enough, since who could forge it could change the code as well: files are
//! loaded as machine code, and the directory belongs to the user alone.
//!
//! What was not used for a month is removed, and beyond a size what was unused
//! longest. Another program that runs such a file keeps it mapped.

use std::fs::{self, File};
use std::hash::{Hash, Hasher};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use wasmtime::Engine;

/// What files are called while they are written.
const UNFINISHED: &str = ".writing-";

/// A file unfinished for longer than this never will be.
const ABANDONED: Duration = Duration::from_secs(60 * 60);

/// Bytes of the checksum at a file's end, which is little-endian.
const CHECKSUM: usize = 4;

/// Files that nobody used for so long are removed: of versions that are gone,
/// of programs that have changed.
const KEPT: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// Bytes of all files together. The interpreter takes about 2 MiB for each class
/// of places.
const MAX_BYTES: u64 = 1 << 30;

/// How exactly it is known when a file was last used.
const USE_IS_NOTED: Duration = Duration::from_secs(60 * 60);

const EXTENSION: &str = "cwasm";

/// A directory of compiled code.
#[derive(Debug)]
pub(crate) struct CodeCache {
    directory: PathBuf,
    max_bytes: u64,
}

/// What one compiled file depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key([u8; 32]);

impl Key {
    /// The key of code made by this engine and this version of warren, in this
    /// `way` (plain, or as a snapshot), from the file with this SHA-256.
    pub(crate) fn new(engine: &Engine, way: &str, source: &[u8; 32]) -> Key {
        let mut hasher = Sha256Hasher(Sha256::new());
        engine.precompile_compatibility_hash().hash(&mut hasher);
        env!("CARGO_PKG_VERSION").hash(&mut hasher);
        way.hash(&mut hasher);
        hasher.0.update(source);
        Key(hasher.0.finalize().into())
    }

    fn file_name(self) -> String {
        let mut name = String::with_capacity(70);
        for byte in self.0 {
            name.push_str(&format!("{byte:02x}"));
        }
        name + "." + EXTENSION
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
        CodeCache::open_with(directory, MAX_BYTES)
    }

    fn open_with(directory: &Path, max_bytes: u64) -> io::Result<CodeCache> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(directory)?;
        let metadata = fs::metadata(directory)?;
        // A file made by this process belongs to who runs it.
        let probe = tempfile::Builder::new()
            .prefix(UNFINISHED)
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
        let cache = CodeCache {
            directory: directory.to_owned(),
            max_bytes,
        };
        cache.sweep();
        Ok(cache)
    }

    /// The file of this key, if it is there and whole. It begins with the code.
    pub(crate) fn find(&self, key: Key) -> Option<File> {
        let path = self.directory.join(key.file_name());
        let mut file = File::open(&path).ok()?;
        match is_whole(&mut file) {
            Ok(true) => {
                note_use(&file);
                return Some(file);
            }
            Ok(false) => tracing::warn!(path = %path.display(), "a damaged file in the code cache"),
            Err(error) => {
                tracing::warn!(path = %path.display(), %error, "an unreadable file in the code cache");
            }
        }
        None
    }

    /// Adds a file, or replaces it.
    ///
    /// # Errors
    ///
    /// The operating system's.
    pub(crate) fn add(&self, key: Key, code: &[u8]) -> io::Result<File> {
        let path = self.directory.join(key.file_name());
        let mut file = tempfile::Builder::new()
            .prefix(UNFINISHED)
            .tempfile_in(&self.directory)?;
        file.write_all(code)?;
        file.write_all(&crc32fast::hash(code).to_le_bytes())?;
        // Without it a crash of the machine could leave the final name on an
        // empty file.
        file.as_file().sync_data()?;
        Ok(file.persist(&path)?)
    }

    /// Removes what writers that were killed left behind, what was not used for
    /// long, and what is too much.
    fn sweep(&self) {
        let Ok(entries) = fs::read_dir(&self.directory) else {
            return;
        };
        let mut kept = Vec::new();
        for entry in entries.flatten() {
            let (name, path) = (entry.file_name(), entry.path());
            let Some(file) = Known::of(&entry) else {
                continue;
            };
            let is_unfinished = name.as_encoded_bytes().starts_with(UNFINISHED.as_bytes());
            let is_code = path.extension().is_some_and(|it| it == EXTENSION);
            // Another start may have been faster to remove it.
            if is_unfinished && file.unused > ABANDONED || is_code && file.unused > KEPT {
                let _ = fs::remove_file(path);
            } else if is_code {
                kept.push((file, path));
            }
        }
        kept.sort_unstable_by_key(|(file, _)| file.unused);
        let mut bytes = 0;
        for (file, path) in kept {
            bytes += file.bytes;
            if bytes > self.max_bytes {
                let _ = fs::remove_file(path);
            }
        }
    }
}

/// What is known of a file without opening it.
struct Known {
    bytes: u64,
    unused: Duration,
}

impl Known {
    fn of(entry: &fs::DirEntry) -> Option<Known> {
        let metadata = entry.metadata().ok()?;
        // A time to come is the present of a clock that was wrong.
        let unused = metadata.modified().ok()?.elapsed().unwrap_or_default();
        Some(Known {
            bytes: metadata.len(),
            unused,
        })
    }
}

/// Keeps a file from being taken for unused.
fn note_use(file: &File) {
    let modified = file.metadata().and_then(|metadata| metadata.modified());
    let noted = modified.is_ok_and(|time| time.elapsed().unwrap_or_default() < USE_IS_NOTED);
    if !noted {
        // Where it cannot be noted, the file is made again some day.
        let _ = file.set_modified(SystemTime::now());
    }
}

/// The code in a file of the cache.
///
/// # Errors
///
/// The operating system's.
pub(crate) fn code_in(mut file: &File) -> io::Result<Vec<u8>> {
    let mut code = Vec::new();
    file.seek(SeekFrom::Start(0))?;
    file.read_to_end(&mut code)?;
    code.truncate(code.len().saturating_sub(CHECKSUM));
    Ok(code)
}

/// Whether a file ends in the checksum of what it begins with.
fn is_whole(file: &mut File) -> io::Result<bool> {
    let Some(length) = file.metadata()?.len().checked_sub(CHECKSUM as u64) else {
        return Ok(false);
    };
    let mut hasher = crc32fast::Hasher::new();
    let mut code = file.take(length);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        match code.read(&mut buffer)? {
            0 => break,
            n => hasher.update(&buffer[..n]),
        }
    }
    let mut checksum = [0; CHECKSUM];
    file.read_exact(&mut checksum)?;
    Ok(hasher.finalize() == u32::from_le_bytes(checksum))
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
        assert!(cache.find(key("a")).is_none());
        let added = cache.add(key("a"), b"code").expect("is written");
        assert_eq!(code_in(&added).expect("reads"), b"code");
        let found = cache.find(key("a")).expect("is there");
        assert_eq!(code_in(&found).expect("reads"), b"code");
        assert!(cache.find(key("b")).is_none());
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

    #[test]
    fn beyond_its_size_what_was_unused_longest_goes() {
        let directory = tempfile::tempdir().expect("a directory");
        let cache = CodeCache::open(directory.path()).expect("opens");
        for (hours, name) in ["newest", "middle", "oldest"].into_iter().enumerate() {
            cache.add(key(name), &[0; 96]).expect("is written");
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
