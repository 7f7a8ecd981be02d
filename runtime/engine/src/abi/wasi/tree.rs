//! The target of a path, and the operations on it. The right to write belongs to
//! the open directory or file, not to the descriptor's number.
//!
//! All operations may wait for a disk. None waits for ever: only files and
//! directories are opened.

use std::ffi::OsString;
use std::fs::{File, FileTimes};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use cap_fs_ext::{
    DirExt, FollowSymlinks, OpenOptionsFollowExt, OpenOptionsSyncExt, SystemTimeSpec,
};
use cap_std::fs::{Dir, Metadata, OpenOptions, OpenOptionsExt};

use super::errno::Errno;
use crate::disk::{DiskFull, Length, Tracked};
use crate::files::HostFiles;

/// An open directory, and the right to the files below it.
#[derive(Clone, Debug)]
pub(crate) struct Tree {
    pub(crate) dir: Arc<Dir>,
    pub(crate) write: bool,
}

/// The target of a path.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A path below a granted directory.
    Below(Tree, PathBuf),
    /// A granted file. No link is followed at its name, and none can be made there.
    File(Tree, OsString),
}

/// The modes of opening a target.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct How {
    pub(crate) read: bool,
    pub(crate) write: bool,
    pub(crate) append: bool,
    pub(crate) create: bool,
    pub(crate) exclusive: bool,
    pub(crate) truncate: bool,
    /// True if the target must be a directory.
    pub(crate) directory: bool,
    /// True if a link at the end of the path is followed.
    pub(crate) follow: bool,
}

impl How {
    fn changes(&self) -> bool {
        self.write || self.append || self.create || self.truncate
    }

    /// The options of the system's call; `follow` is true if it follows a link.
    fn options(&self, follow: bool) -> OpenOptions {
        let mut options = OpenOptions::new();
        options
            .read(self.read || !self.changes())
            .write(self.write || self.create || self.truncate)
            .append(self.append)
            .create(self.create && !self.exclusive)
            .create_new(self.create && self.exclusive)
            .follow(if follow {
                FollowSymlinks::Yes
            } else {
                FollowSymlinks::No
            })
            // The path may have become a FIFO since it was looked at: opening one must
            // not block.
            .nonblock(true);
        options
    }
}

/// An opened target.
#[derive(Debug)]
pub(crate) enum Opened {
    Directory(Tree),
    File {
        file: Tracked,
        /// True if the grant permits writing.
        may_change: bool,
    },
}

/// Times to set; an absent time does not change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Times {
    pub(crate) accessed: Option<SystemTime>,
    pub(crate) modified: Option<SystemTime>,
}

impl Times {
    /// Returns the times as the standard library sets those of an open file.
    pub(crate) fn of_file(self) -> FileTimes {
        let mut times = FileTimes::new();
        if let Some(accessed) = self.accessed {
            times = times.set_accessed(accessed);
        }
        if let Some(modified) = self.modified {
            times = times.set_modified(modified);
        }
        times
    }
}

impl Target {
    fn parts(&self) -> (&Tree, &Path) {
        match self {
            Target::Below(tree, path) => (tree, path),
            Target::File(tree, name) => (tree, Path::new(name)),
        }
    }

    /// Checks that the target may be changed.
    ///
    /// # Errors
    ///
    /// `ROFS` if the grant is for reading.
    fn check_write(&self) -> Result<(), Errno> {
        if self.parts().0.write {
            Ok(())
        } else {
            Err(Errno::ROFS)
        }
    }

    /// Checks that the target is below a granted directory: nothing else can be
    /// made in the place of a granted file.
    fn check_below(&self) -> Result<(&Tree, &Path), Errno> {
        match self {
            Target::Below(tree, path) => Ok((tree, path)),
            Target::File(..) => Err(Errno::NOTCAPABLE),
        }
    }

    fn follows(&self, follow: bool) -> bool {
        follow && matches!(self, Target::Below(..))
    }

    /// Opens the target.
    pub(crate) fn open(&self, how: How, budget: &HostFiles) -> Result<Opened, Errno> {
        if how.changes() {
            self.check_write()?;
        }
        if how.directory && (how.create || how.exclusive || how.truncate) {
            return Err(Errno::INVAL);
        }
        let (file, metadata, is_new) = self.open_checked(how, || budget.disk().has_room())?;
        let may_change = self.parts().0.write;
        if metadata.is_dir() {
            if matches!(self, Target::File(..)) {
                return Err(Errno::ISDIR);
            }
            let dir = Arc::new(Dir::from_std_file(file.into_std()));
            return Ok(Opened::Directory(Tree {
                dir,
                write: may_change,
            }));
        }
        if how.directory {
            return Err(Errno::NOTDIR);
        }
        let file = Arc::new(file.into_std());
        if is_new {
            budget.disks().made(budget.disk(), &file);
        }
        let file = budget.disks().track(file)?;
        if how.truncate && metadata.len() > 0 {
            let shorten = |file: &File| Ok::<_, Errno>(file.set_len(0)?);
            file.lengthening(budget.disk(), Length::To(0), shorten)?;
        }
        Ok(Opened::File { file, may_change })
    }

    /// Opens the target, which must be a file or a directory. Returns its metadata with it, and
    /// true if it is new; a new file needs `room`.
    fn open_checked(
        &self,
        how: How,
        room: impl FnOnce() -> Result<(), DiskFull>,
    ) -> Result<(cap_std::fs::File, Metadata, bool), Errno> {
        let (tree, path) = self.parts();
        let follow = self.follows(how.follow);
        // Checked before opening, since opening a device can have an effect.
        let is_new = match metadata(tree, path, follow) {
            Ok(metadata) => {
                check_openable(&metadata, follow)?;
                false
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => how.create,
            Err(error) => return Err(error.into()),
        };
        if is_new {
            room()?;
        }
        let file = tree.dir.open_with(path, &how.options(follow))?;
        // Another file may have taken the path since the first check.
        let metadata = file.metadata()?;
        check_openable(&metadata, true)?;
        Ok((file, metadata, is_new))
    }

    pub(crate) fn metadata(&self, follow: bool) -> Result<Metadata, Errno> {
        let (tree, path) = self.parts();
        Ok(metadata(tree, path, self.follows(follow))?)
    }

    pub(crate) fn set_times(&self, follow: bool, times: Times) -> Result<(), Errno> {
        self.check_write()?;
        let (tree, path) = self.parts();
        if !self.follows(follow) {
            let time = |time: Option<SystemTime>| {
                time.map(|time| SystemTimeSpec::from(cap_std::time::SystemTime::from_std(time)))
            };
            let (accessed, modified) = (time(times.accessed), time(times.modified));
            return Ok(tree.dir.set_symlink_times(path, accessed, modified)?);
        }
        // The library resolves links within the granted directory as it opens the file; an open
        // file takes new times without another look at the path.
        let open = |write| {
            let how = How {
                write,
                follow: true,
                ..How::default()
            };
            self.open_checked(how, || Ok(()))
        };
        let (file, ..) = match open(false) {
            Err(Errno::ACCES | Errno::PERM) => open(true),
            opened => opened,
        }?;
        Ok(file.into_std().set_times(times.of_file())?)
    }

    pub(crate) fn create_directory(&self, budget: &HostFiles) -> Result<(), Errno> {
        let (tree, path) = self.check_below()?;
        self.check_write()?;
        budget.disk().has_room()?;
        tree.dir.create_dir(path)?;
        self.was_made(budget);
        Ok(())
    }

    pub(crate) fn remove_directory(&self, budget: &HostFiles) -> Result<(), Errno> {
        let (tree, path) = self.check_below()?;
        self.check_write()?;
        let before = Before::of(self);
        tree.dir.remove_dir(path)?;
        before.was_removed(budget);
        Ok(())
    }

    pub(crate) fn remove_file(&self, budget: &HostFiles) -> Result<(), Errno> {
        self.check_write()?;
        let (tree, path) = self.parts();
        let before = Before::of(self);
        tree.dir.remove_file_or_symlink(path)?;
        before.was_removed(budget);
        Ok(())
    }

    pub(crate) fn read_link(&self) -> Result<PathBuf, Errno> {
        let (tree, path) = self.parts();
        Ok(tree.dir.read_link_contents(path)?)
    }

    /// Makes a link with this content. A lookup never follows the link out of the
    /// granted directory.
    pub(crate) fn create_link(&self, content: &Path, budget: &HostFiles) -> Result<(), Errno> {
        let (tree, path) = self.check_below()?;
        self.check_write()?;
        budget.disk().has_room()?;
        DirExt::symlink(&*tree.dir, content, path)?;
        self.was_made(budget);
        Ok(())
    }

    /// Gives a file a second name. Both names need the right to write: otherwise a
    /// file that is read-only under one name could be written under the other.
    pub(crate) fn hard_link(&self, new: &Target, budget: &HostFiles) -> Result<(), Errno> {
        let (tree, path) = self.check_below()?;
        let (new_tree, new_path) = new.check_below()?;
        self.check_write()?;
        new.check_write()?;
        budget.disk().has_room()?;
        tree.dir.hard_link(path, &new_tree.dir, new_path)?;
        if let Some(handle) = new.handle() {
            budget.disks().named(budget.disk(), &handle);
        }
        Ok(())
    }

    pub(crate) fn rename(&self, new: &Target, budget: &HostFiles) -> Result<(), Errno> {
        self.check_write()?;
        new.check_write()?;
        let (tree, path) = self.parts();
        let (new_tree, new_path) = new.parts();
        if matches!(new, Target::File(..)) && !metadata(tree, path, false)?.is_file() {
            return Err(Errno::NOTCAPABLE);
        }
        let replaced = Before::of(new);
        tree.dir.rename(path, &new_tree.dir, new_path)?;
        replaced.was_removed(budget);
        Ok(())
    }

    /// A handle of the target for metadata only, whatever kind of file it is.
    fn handle(&self) -> Option<File> {
        let (tree, path) = self.parts();
        let mut options = OpenOptions::new();
        options
            .read(true)
            .follow(FollowSymlinks::No)
            .custom_flags(TO_ASK);
        let file = tree.dir.open_with(path, &options).ok()?;
        Some(file.into_std())
    }

    fn was_made(&self, budget: &HostFiles) {
        if let Some(handle) = self.handle() {
            budget.disks().made(budget.disk(), &handle);
        }
    }
}

/// Opens a file for metadata only, where the system supports it.
#[cfg(target_os = "linux")]
const TO_ASK: i32 = libc::O_PATH;
#[cfg(not(target_os = "linux"))]
const TO_ASK: i32 = libc::O_NONBLOCK;

/// The file behind a name before the name is removed, and the number of its names.
struct Before(Option<(File, u64)>);

impl Before {
    fn of(target: &Target) -> Before {
        let named = |file: File| {
            let names = std::os::unix::fs::MetadataExt::nlink(&file.metadata().ok()?);
            Some((file, names))
        };
        Before(target.handle().and_then(named))
    }

    fn was_removed(self, budget: &HostFiles) {
        if let Some((handle, names)) = self.0 {
            budget.disks().removed(&handle, names);
        }
    }
}

fn metadata(tree: &Tree, path: &Path, follow: bool) -> io::Result<Metadata> {
    if follow {
        tree.dir.metadata(path)
    } else {
        tree.dir.symlink_metadata(path)
    }
}

/// Refuses FIFOs, sockets and devices: opening or reading them could block for
/// ever, and they do not behave like files.
fn check_openable(metadata: &Metadata, followed: bool) -> Result<(), Errno> {
    let kind = metadata.file_type();
    if kind.is_file() || kind.is_dir() {
        Ok(())
    } else if kind.is_symlink() && !followed {
        Err(Errno::LOOP)
    } else {
        Err(Errno::NOTSUP)
    }
}
