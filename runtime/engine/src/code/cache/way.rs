//! The way from the root to the directory of the code cache.
//!
//! Files of the code cache run as machine code, so the cache is trusted like an
//! executable. Each directory on the way to it is opened without following links and
//! checked on the open descriptor, as sshd does with its strict modes: it must belong
//! to the user or to root, and others may write to it only if it is sticky, as `/tmp`
//! is.

use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStringExt;
use std::path::{Component, Path, PathBuf};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};
use rustix::io::Errno;
use rustix::process::geteuid;

use super::error::CacheError;

/// Most links that are followed on the way.
const MAX_LINKS: usize = 40;

/// The bit of a directory in which only the owner of a file may replace it.
const STICKY: u32 = 0o1000;

/// The bits of a mode that let other users write.
pub(super) const OTHERS_WRITE: u32 = 0o022;

/// Opens the directory at the end of an absolute path. Makes it, and the directories
/// above it, if they are missing.
///
/// # Errors
///
/// See [`CacheError`]: a directory on the way cannot be opened or made, or a user other
/// than this one and root could change it.
pub(super) fn walk(path: &Path) -> Result<(OwnedFd, PathBuf), CacheError> {
    let mut way = Way::new(path)?;
    while let Some(name) = way.ahead.pop() {
        way.enter(name)?;
    }
    way.end()
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
            Err(error) => Err(CacheError::refused(&path, error)),
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
            .map_err(|error| CacheError::refused(&path, error))?;
        if self.ahead.is_empty() {
            return Err(CacheError::Kind { path, expected });
        }
        check_parent(&path, &stat)?;
        self.links += 1;
        if self.links > MAX_LINKS {
            return Err(CacheError::refused(&path, Errno::LOOP));
        }
        self.push(Path::new(&OsString::from_vec(to.into_bytes())))
    }

    fn last(&self) -> Result<&(OwnedFd, PathBuf), CacheError> {
        self.open.last().ok_or_else(no_root)
    }

    fn check_last(&self) -> Result<(), CacheError> {
        let (fd, path) = self.last()?;
        let stat = rustix::fs::fstat(fd).map_err(|error| CacheError::refused(path, error))?;
        check_parent(path, &stat)?;
        let mode = stat.st_mode & 0o7777;
        if mode & OTHERS_WRITE != 0 && mode & STICKY == 0 {
            let path = path.clone();
            return Err(CacheError::Writable { path, mode });
        }
        Ok(())
    }

    /// Returns the directory at the end of the way.
    fn end(mut self) -> Result<(OwnedFd, PathBuf), CacheError> {
        self.open.pop().ok_or_else(no_root)
    }
}

/// Returns the error for an empty way. There is none: the root is never popped.
fn no_root() -> CacheError {
    CacheError::refused(Path::new("/"), Errno::NOENT)
}

fn root() -> Result<(OwnedFd, PathBuf), CacheError> {
    let path = PathBuf::from("/");
    match rustix::fs::open(&path, ENTER, Mode::empty()) {
        Ok(fd) => Ok((fd, path)),
        Err(error) => Err(CacheError::refused(&path, error)),
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
