//! The directory of the code cache, which only its user, and root, can change.
//!
//! The directories above it are checked too (see [`way`]). Files are opened relative to
//! the open descriptor, so nothing can be replaced between the check and the use.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::CacheError;
use super::way::{self, OTHERS_WRITE};

/// The bits of a mode that let other users read, write or execute.
const OTHERS: u32 = 0o077;

/// An open directory that only its user can change.
#[derive(Debug)]
pub(super) struct Directory {
    fd: OwnedFd,
    path: PathBuf,
}

impl Directory {
    /// Opens a directory. Makes it, and the directories above it, if they are missing.
    pub(super) fn open(path: &Path) -> Result<Directory, CacheError> {
        let path = std::path::absolute(path).map_err(|error| CacheError::Io {
            path: path.to_owned(),
            error,
        })?;
        let (fd, path) = way::walk(&path)?;
        let stat = rustix::fs::fstat(&fd).map_err(|error| CacheError::refused(&path, error))?;
        check_owner(&path, &stat)?;
        let mode = stat.st_mode & 0o7777;
        if mode & OTHERS_WRITE != 0 {
            return Err(CacheError::Writable { path, mode });
        }
        Ok(Directory { fd, path })
    }

    /// Returns the path of a file in the directory, for messages.
    pub(super) fn path_of(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Opens a file for reading; `None` if it does not exist. Refuses everything but
    /// a plain file of this user that others cannot write to.
    pub(super) fn file(&self, name: &str) -> Result<Option<File>, CacheError> {
        self.file_closed_to(name, OTHERS_WRITE)
    }

    /// Opens a file like [`Directory::file`], but refuses it if others can read it.
    pub(super) fn secret_file(&self, name: &str) -> Result<Option<File>, CacheError> {
        self.file_closed_to(name, OTHERS)
    }

    fn file_closed_to(&self, name: &str, others: u32) -> Result<Option<File>, CacheError> {
        let path = self.path_of(name);
        let expected = "plain file";
        // `NONBLOCK`, because opening a pipe without a writer would block.
        let flags =
            OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let fd = match rustix::fs::openat(&self.fd, name, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            // A link, a socket, or a device that does not exist.
            Err(Errno::LOOP | Errno::NXIO | Errno::NODEV | Errno::OPNOTSUPP) => {
                return Err(CacheError::Kind { path, expected });
            }
            Err(error) => return Err(CacheError::refused(&path, error)),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|error| CacheError::refused(&path, error))?;
        if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
            return Err(CacheError::Kind { path, expected });
        }
        check_owner(&path, &stat)?;
        let mode = stat.st_mode & 0o7777;
        if mode & others != 0 {
            return Err(CacheError::Shared { path, mode });
        }
        Ok(Some(File::from(fd)))
    }

    /// Makes a new file that only this user can read and write.
    pub(super) fn new_file(&self, name: &str) -> io::Result<File> {
        let flags =
            OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mode = Mode::RUSR | Mode::WUSR;
        Ok(rustix::fs::openat(&self.fd, name, flags, mode).map(File::from)?)
    }

    /// Renames a file; replaces the file that has the new name.
    pub(super) fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::renameat(&self.fd, from, &self.fd, to)?)
    }

    /// Gives a file a second name; fails if something has that name.
    pub(super) fn link(&self, from: &str, to: &str) -> io::Result<()> {
        Ok(rustix::fs::linkat(
            &self.fd,
            from,
            &self.fd,
            to,
            AtFlags::empty(),
        )?)
    }

    /// Removes a file.
    pub(super) fn remove(&self, name: &OsStr) -> io::Result<()> {
        Ok(rustix::fs::unlinkat(&self.fd, name, AtFlags::empty())?)
    }

    /// Returns the entries of the directory with their metadata. Leaves out entries
    /// whose metadata cannot be read.
    pub(super) fn entries(&self) -> io::Result<Vec<(OsString, Stat)>> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let fd = rustix::fs::openat(&self.fd, ".", flags, Mode::empty())?;
        let mut entries = Vec::new();
        for entry in rustix::fs::Dir::new(fd)?.flatten() {
            let name = OsString::from_vec(entry.file_name().to_bytes().to_vec());
            let stat = rustix::fs::statat(&self.fd, &name, AtFlags::SYMLINK_NOFOLLOW);
            entries.extend(stat.ok().map(|stat| (name, stat)));
        }
        Ok(entries)
    }
}

fn check_owner(path: &Path, stat: &Stat) -> Result<(), CacheError> {
    let me = geteuid().as_raw();
    if stat.st_uid == me {
        return Ok(());
    }
    Err(CacheError::Foreign {
        path: path.to_owned(),
        owner: stat.st_uid,
        me,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("is set");
    }

    fn outer() -> tempfile::TempDir {
        tempfile::tempdir().expect("a directory")
    }

    #[test]
    fn directories_are_made_for_their_user_alone() {
        let outer = outer();
        let path = outer.path().join("a/b");
        let directory = Directory::open(&path).expect("opens");
        for made in [&path, &outer.path().join("a")] {
            let mode = fs::metadata(made).expect("is there").permissions().mode();
            assert_eq!(mode & 0o777, 0o700);
        }
        directory.new_file("x").expect("is made");
        assert!(path.join("x").exists());
    }

    #[test]
    fn a_directory_that_others_may_change_is_refused_wherever_it_is() {
        let outer = outer();
        let path = outer.path().join("a/b/c");
        Directory::open(&path).expect("opens");
        for changed in ["a", "a/b", "a/b/c"] {
            let changed = outer.path().join(changed);
            for mode in [0o770, 0o702, 0o777] {
                set_mode(&changed, mode);
                let error = Directory::open(&path).expect_err("must be refused");
                assert!(
                    matches!(&error, CacheError::Writable { path, .. } if *path == changed),
                    "{error}"
                );
                let remedy = error.remedy().expect("there is one");
                assert_eq!(remedy, format!("chmod go-w {}", changed.display()));
            }
            set_mode(&changed, 0o755);
            Directory::open(&path).expect("opens again");
        }
    }

    #[test]
    fn a_sticky_directory_may_be_above_and_is_no_cache() {
        let outer = outer();
        let above = outer.path().join("above");
        fs::create_dir(&above).expect("is made");
        set_mode(&above, 0o1777);
        Directory::open(&above.join("mine")).expect("opens");
        let error = Directory::open(&above).expect_err("must be refused");
        assert!(matches!(error, CacheError::Writable { .. }), "{error}");
    }

    #[test]
    fn links_on_the_way_are_followed_and_the_last_one_is_not() {
        let outer = outer();
        let real = outer.path().join("real");
        Directory::open(&real.join("cache")).expect("opens");
        symlink("real", outer.path().join("near")).expect("is made");
        symlink(&real, outer.path().join("far")).expect("is made");
        symlink("real/../far/cache/..", outer.path().join("around")).expect("is made");
        for link in ["near", "far", "around"] {
            let directory = Directory::open(&outer.path().join(link).join("cache"));
            let directory = directory.expect("opens");
            assert!(directory.path.ends_with("real/cache"), "{directory:?}");
            let error = Directory::open(&outer.path().join(link)).expect_err("must be refused");
            assert!(matches!(error, CacheError::Kind { .. }), "{error}");
        }
        set_mode(&real, 0o777);
        let error = Directory::open(&outer.path().join("near/cache"));
        let error = error.expect_err("where it leads counts");
        assert!(matches!(error, CacheError::Writable { .. }), "{error}");
    }

    #[test]
    fn links_that_lead_nowhere_end() {
        let outer = outer();
        symlink("loop", outer.path().join("loop")).expect("is made");
        symlink("b", outer.path().join("a")).expect("is made");
        symlink("a", outer.path().join("b")).expect("is made");
        for link in ["loop", "a"] {
            let error = Directory::open(&outer.path().join(link).join("x"));
            let error = error.expect_err("must be refused");
            assert!(matches!(error, CacheError::Io { .. }), "{error}");
        }
        fs::write(outer.path().join("file"), "").expect("is written");
        for path in ["file", "file/x"] {
            let error = Directory::open(&outer.path().join(path)).expect_err("must be refused");
            assert!(matches!(error, CacheError::Kind { .. }), "{error}");
        }
    }

    #[test]
    fn only_plain_files_of_the_user_are_opened_and_nothing_waits() {
        let outer = outer();
        let directory = Directory::open(&outer.path().join("d")).expect("opens");
        let path = |name: &str| directory.path_of(name);
        directory.new_file("good").expect("is made");
        fs::create_dir(path("dir")).expect("is made");
        symlink("good", path("link")).expect("is made");
        rustix::fs::mkfifoat(rustix::fs::CWD, path("fifo"), Mode::RWXU).expect("is made");
        let _socket = std::os::unix::net::UnixListener::bind(path("socket")).expect("is made");
        assert!(directory.file("good").expect("opens").is_some());
        assert!(directory.file("none").expect("is looked for").is_none());
        for name in ["dir", "link", "fifo", "socket"] {
            let error = directory.file(name).expect_err("must be refused");
            assert!(matches!(error, CacheError::Kind { .. }), "{name}: {error}");
            assert!(error.remedy().expect("there is one").starts_with("rm -r "));
        }
        for (mode, readable) in [(0o666, false), (0o620, false), (0o644, true), (0o604, true)] {
            set_mode(&path("good"), mode);
            assert_eq!(directory.file("good").is_ok(), readable, "{mode:o}");
            let error = directory
                .secret_file("good")
                .expect_err("others may read it");
            assert!(matches!(error, CacheError::Shared { .. }), "{error}");
        }
    }

    #[test]
    fn files_of_other_users_are_refused() {
        let outer = outer();
        let path = outer.path().join("a/b");
        let directory = Directory::open(&path).expect("opens");
        directory.new_file("x").expect("is made");
        let give = |path: &Path| std::os::unix::fs::chown(path, Some(12_345), None).is_ok();
        if !give(&path.join("x")) {
            // Only root gives files away.
            return;
        }
        let error = directory.file("x").expect_err("must be refused");
        assert!(
            matches!(error, CacheError::Foreign { owner: 12_345, .. }),
            "{error}"
        );
        give(&path);
        let error = Directory::open(&path).expect_err("must be refused");
        let remedy = error.remedy().expect("there is one");
        assert!(
            matches!(error, CacheError::ForeignParent { owner: 12_345, .. }),
            "{error}"
        );
        assert!(remedy.contains("XDG_CACHE_HOME"), "{remedy}");
        give(&outer.path().join("a"));
        let error = Directory::open(&outer.path().join("a/new")).expect_err("must be refused");
        assert!(matches!(error, CacheError::ForeignParent { .. }), "{error}");
        assert!(
            !outer.path().join("a/new").exists(),
            "nothing is made in it"
        );
    }
}
