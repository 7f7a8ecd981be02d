//! A directory that nobody but its user, and root, can change.
//!
//! Files of the code cache run as machine code, so the cache is trusted like an
//! executable. Each directory on the way to it is opened without following links and
//! checked on the open descriptor, as sshd does with its strict modes: it must belong
//! to the user or to root, and others may write to it only if it is sticky, as `/tmp`
//! is. Files are then opened relative to the descriptor, so nothing can be replaced
//! between the check and the use.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;
use warren_kernel::text;

/// Most links that are followed on the way to the directory.
const MAX_LINKS: usize = 40;

const STICKY: u32 = 0o1000;
const OTHERS_WRITE: u32 = 0o022;
const OTHERS: u32 = 0o077;

/// The reason for which the code cache, or a file of it, is not used.
/// [`CacheError::remedy`] returns the repair.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CacheError {
    /// The operating system refuses an access.
    #[error("{}: {error}", text::path(path))]
    Io {
        /// The file or directory.
        path: PathBuf,
        /// The operating system's error.
        #[source]
        error: io::Error,
    },
    /// A directory on the way to the cache belongs to another user.
    #[error(
        "{} belongs to user {owner}, who could put code into the cache of user {me}",
        text::path(path)
    )]
    ForeignParent {
        /// The directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user that this process runs as.
        me: u32,
    },
    /// The directory of the cache, or a file in it, belongs to another user.
    #[error(
        "{} belongs to user {owner}, so user {me} does not run code from it",
        text::path(path)
    )]
    Foreign {
        /// The file or directory.
        path: PathBuf,
        /// Its owner.
        owner: u32,
        /// The user that this process runs as.
        me: u32,
    },
    /// Other users may write to a directory.
    #[error(
        "{}: others may write to it (mode {mode:04o}), so no code from it is run",
        text::path(path)
    )]
    Writable {
        /// The directory.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Other users may write to a file, or read the key.
    #[error(
        "{}: others may read or write it (mode {mode:04o}), so it is not trusted",
        text::path(path)
    )]
    Shared {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// A link, a pipe or another kind of file is in the way.
    #[error("{} is not a {expected}", text::path(path))]
    Kind {
        /// The path of that file.
        path: PathBuf,
        /// The expected kind of file.
        expected: &'static str,
    },
    /// The content of a file differs from what this user's runtime wrote.
    #[error(
        "{} is damaged, or was not written by this user's runtime",
        text::path(path)
    )]
    NotAuthentic {
        /// The file.
        path: PathBuf,
    },
}

impl CacheError {
    /// Returns the repair, as a command if one command does it.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            CacheError::Io { .. } => return None,
            CacheError::ForeignParent { .. } => {
                "set HOME or XDG_CACHE_HOME to a directory of your own".to_owned()
            }
            CacheError::Writable { path, .. } => format!("chmod go-w {}", quoted(path)),
            CacheError::Foreign { path, .. }
            | CacheError::Shared { path, .. }
            | CacheError::Kind { path, .. }
            | CacheError::NotAuthentic { path } => format!("rm -r {}", quoted(path)),
        })
    }
}

/// Quotes a path for a shell.
fn quoted(path: &Path) -> String {
    let shown = text::path(path).to_string();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@%,:=".contains(c);
    if shown.chars().all(is_plain) {
        return shown;
    }
    format!("'{}'", shown.replace('\'', r"'\''"))
}

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
        let mut way = Way::new(&path)?;
        while let Some(name) = way.ahead.pop() {
            way.enter(name)?;
        }
        way.end()
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
            Err(error) => return Err(refused(&path, error)),
        };
        let stat = rustix::fs::fstat(&fd).map_err(|error| refused(&path, error))?;
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

/// The way from the root to a directory.
struct Way {
    /// The directories entered so far, the root first.
    open: Vec<(OwnedFd, PathBuf)>,
    /// The names still to be entered, the next one last.
    ahead: Vec<OsString>,
    links: usize,
}

/// Flags to enter a directory. It may be unreadable, so it is not opened to list.
#[cfg(target_os = "linux")]
const ENTER: OFlags = OFlags::PATH.union(OFlags::DIRECTORY).union(OFlags::CLOEXEC);

/// Flags to enter a directory.
#[cfg(not(target_os = "linux"))]
const ENTER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::CLOEXEC);

impl Way {
    fn new(path: &Path) -> Result<Way, CacheError> {
        let mut way = Way {
            open: vec![root()?],
            ahead: Vec::new(),
            links: 0,
        };
        way.push(path)?;
        way.check_last()?;
        Ok(way)
    }

    /// Puts the parts of a path before all names still to be entered.
    fn push(&mut self, path: &Path) -> Result<(), CacheError> {
        if path.is_absolute() {
            self.open = vec![root()?];
        }
        let names = path.components().filter_map(|part| match part {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        });
        let names: Vec<_> = names.collect();
        self.ahead.extend(names.into_iter().rev());
        Ok(())
    }

    fn enter(&mut self, name: OsString) -> Result<(), CacheError> {
        if name == ".." {
            if self.open.len() > 1 {
                self.open.pop();
            }
            return Ok(());
        }
        let (fd, path) = self.last()?;
        let path = path.join(&name);
        let flags = ENTER | OFlags::NOFOLLOW;
        let open = || rustix::fs::openat(fd, &name, flags, Mode::empty());
        let opened = match open() {
            Err(Errno::NOENT) => match rustix::fs::mkdirat(fd, &name, Mode::RWXU) {
                // Another runtime may have made it meanwhile.
                Ok(()) | Err(Errno::EXIST) => open(),
                Err(error) => Err(error),
            },
            opened => opened,
        };
        match opened {
            Ok(fd) => {
                self.open.push((fd, path));
                self.check_last()
            }
            Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => self.follow(&name, path),
            Err(error) => Err(refused(&path, error)),
        }
    }

    /// Follows a link of the user or of root: no other user decides where code comes
    /// from. The last name of the way must not be a link.
    fn follow(&mut self, name: &OsStr, path: PathBuf) -> Result<(), CacheError> {
        let expected = "directory";
        let (fd, _) = self.last()?;
        let Ok(to) = rustix::fs::readlinkat(fd, name, Vec::new()) else {
            return Err(CacheError::Kind { path, expected });
        };
        let stat = rustix::fs::statat(fd, name, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|error| refused(&path, error))?;
        if self.ahead.is_empty() {
            return Err(CacheError::Kind { path, expected });
        }
        check_parent(&path, &stat)?;
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(refused(&path, Errno::LOOP));
        }
        self.push(Path::new(&OsString::from_vec(to.into_bytes())))
    }

    fn last(&self) -> Result<&(OwnedFd, PathBuf), CacheError> {
        // Never empty: the root is not popped.
        self.open.last().ok_or_else(|| CacheError::Kind {
            path: PathBuf::from("/"),
            expected: "directory",
        })
    }

    fn check_last(&self) -> Result<(), CacheError> {
        let (fd, path) = self.last()?;
        let stat = rustix::fs::fstat(fd).map_err(|error| refused(path, error))?;
        check_parent(path, &stat)?;
        let mode = stat.st_mode & 0o7777;
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            let path = path.clone();
            return Err(CacheError::Writable { path, mode });
        }
        Ok(())
    }

    /// Returns the directory at the end of the way, which must be the user's own.
    fn end(mut self) -> Result<Directory, CacheError> {
        let path = self.last()?.1.clone();
        let Some((fd, _)) = self.open.pop() else {
            return Err(refused(&path, Errno::NOENT));
        };
        let stat = rustix::fs::fstat(&fd).map_err(|error| refused(&path, error))?;
        check_owner(&path, &stat)?;
        let mode = stat.st_mode & 0o7777;
        if mode & OTHERS_WRITE != 0 {
            return Err(CacheError::Writable { path, mode });
        }
        Ok(Directory { fd, path })
    }
}

fn root() -> Result<(OwnedFd, PathBuf), CacheError> {
    let path = PathBuf::from("/");
    match rustix::fs::open(&path, ENTER, Mode::empty()) {
        Ok(fd) => Ok((fd, path)),
        Err(error) => Err(refused(&path, error)),
    }
}

fn check_parent(path: &Path, stat: &Stat) -> Result<(), CacheError> {
    let me = geteuid().as_raw();
    if stat.st_uid == 0 || stat.st_uid == me {
        return Ok(());
    }
    Err(CacheError::ForeignParent {
        path: path.to_owned(),
        owner: stat.st_uid,
        me,
    })
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

fn refused(path: &Path, error: Errno) -> CacheError {
    CacheError::Io {
        path: path.to_owned(),
        error: error.into(),
    }
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
    fn what_belongs_to_others_is_refused() {
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

    #[test]
    fn commands_are_quoted() {
        assert_eq!(quoted(Path::new("/a/b-c_1.x")), "/a/b-c_1.x");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
