//! A path that a process may reach, opened once.
//!
//! A grant holds the open directory, not only its path. A link that is later put
//! in object of that path, for example by a guest with a grant above it, changes
//! nothing for the processes that have the grant.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use cap_std::ambient_authority;
use cap_std::fs::Dir;

/// An open file or directory that a process may reach.
///
/// ```
/// use warren_engine::PathGrant;
///
/// # let directory = std::env::temp_dir();
/// let readable = PathGrant::open("data", directory, false)?;
/// assert_eq!(readable.guest, "data");
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone)]
pub struct PathGrant {
    /// The path as the guest names it.
    pub guest: String,
    /// The absolute path of the file or directory on the machine.
    pub path: PathBuf,
    /// True if the process may change it, not only read it.
    pub write: bool,
    /// The absolute path as the operator wrote it, with its links.
    absolute: Option<PathBuf>,
    object: Object,
}

/// The granted object.
#[derive(Clone, Debug)]
pub(crate) enum Object {
    /// A directory and everything below it.
    Directory(Arc<Dir>),
    /// A file of this name in a directory; it need not exist.
    File {
        /// The directory; nothing else in it is granted.
        directory: Arc<Dir>,
        /// The file's name there.
        name: OsString,
    },
}

impl PathGrant {
    /// Opens an absolute path. If it is not a directory, its last part is the name
    /// of a file, which need not exist.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if the directory, or the directory of the file, cannot be opened;
    /// of the kind `Unsupported` for a FIFO, socket or device.
    pub fn open(
        guest: impl Into<String>,
        path: impl Into<PathBuf>,
        write: bool,
    ) -> io::Result<PathGrant> {
        let path = path.into();
        let object = Object::open(&path)?;
        Ok(PathGrant::of(guest.into(), path, write, object))
    }

    /// Opens an absolute path below a directory, as [`PathGrant::open`] does. No link leads
    /// out of the directory, also none that takes the place of a part of the path meanwhile.
    ///
    /// # Errors
    ///
    /// As for [`PathGrant::open`]; of the kind `PermissionDenied` for a path that is not, or
    /// does not stay, below the directory.
    pub fn open_below(
        root: &Path,
        guest: impl Into<String>,
        path: impl Into<PathBuf>,
        write: bool,
    ) -> io::Result<PathGrant> {
        let path = path.into();
        let below = path.strip_prefix(root);
        let below = below.map_err(|_| io::Error::from(io::ErrorKind::PermissionDenied))?;
        let object = Object::open_below(root, below)?;
        Ok(PathGrant::of(guest.into(), path, write, object))
    }

    fn of(guest: String, path: PathBuf, write: bool, object: Object) -> PathGrant {
        PathGrant {
            guest,
            path,
            write,
            absolute: None,
            object,
        }
    }

    /// Lets the guest also name it by this absolute path.
    #[must_use]
    pub fn known_as(mut self, absolute: PathBuf) -> PathGrant {
        self.absolute = Some(absolute);
        self
    }

    /// Returns true if it is a directory.
    pub fn is_directory(&self) -> bool {
        matches!(self.object, Object::Directory(_))
    }

    /// Returns a further handle of the directory; `None` for a file.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if the system has no handle to give.
    pub fn directory(&self) -> io::Result<Option<File>> {
        match &self.object {
            Object::Directory(directory) => Ok(Some(directory.try_clone()?.into_std_file())),
            Object::File { .. } => Ok(None),
        }
    }

    pub(crate) fn object(&self) -> &Object {
        &self.object
    }

    /// Returns the absolute paths of the machine by which the guest may also name it.
    pub(crate) fn absolute_paths(&self) -> impl Iterator<Item = &Path> {
        let written = self.absolute.as_deref();
        std::iter::once(self.path.as_path()).chain(written.filter(|path| *path != self.path))
    }
}

impl Object {
    fn open(path: &Path) -> io::Result<Object> {
        let metadata = std::fs::metadata(path);
        let sort = metadata.map(|metadata| (metadata.is_dir(), metadata.is_file()));
        let open = |path: &Path| Dir::open_ambient_dir(path, ambient_authority());
        Object::of(path, sort, open)
    }

    fn open_below(root: &Path, path: &Path) -> io::Result<Object> {
        let root = Dir::open_ambient_dir(root, ambient_authority())?;
        let metadata = root.metadata(or_here(path));
        let sort = metadata.map(|metadata| (metadata.is_dir(), metadata.is_file()));
        Object::of(path, sort, |path| root.open_dir(or_here(path)))
    }

    /// Opens what a path leads to: a directory, or else a file, as `sort` says.
    fn of(
        path: &Path,
        sort: io::Result<(bool, bool)>,
        open: impl Fn(&Path) -> io::Result<Dir>,
    ) -> io::Result<Object> {
        match sort {
            Ok((true, _)) => return Ok(Object::Directory(Arc::new(open(path)?))),
            Ok((false, false)) => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "it is neither a file nor a directory",
                ));
            }
            Ok((false, true)) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let name = path.file_name().map(OsStr::to_owned);
        let (Some(directory), Some(name)) = (path.parent(), name) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Ok(Object::File {
            directory: Arc::new(open(directory)?),
            name,
        })
    }
}

/// Returns a relative path as the system takes it.
fn or_here(path: &Path) -> &Path {
    match path.as_os_str().is_empty() {
        true => Path::new("."),
        false => path,
    }
}

impl PartialEq for PathGrant {
    fn eq(&self, other: &PathGrant) -> bool {
        (&self.guest, &self.path, self.write) == (&other.guest, &other.path, other.write)
    }
}

impl Eq for PathGrant {}

impl fmt::Debug for PathGrant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PathGrant")
            .field("guest", &self.guest)
            .field("path", &self.path)
            .field("write", &self.write)
            .finish_non_exhaustive()
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_link_in_the_place_of_a_directory_leads_nowhere() {
        let outer = tempfile::tempdir().expect("a directory");
        let root = outer
            .path()
            .canonicalize()
            .expect("it is there")
            .join("app");
        fs::create_dir_all(root.join("data")).expect("is made");
        fs::write(root.join("data/x.txt"), "x").expect("is written");
        let open = |path: &str| PathGrant::open_below(&root, path, root.join(path), true);
        assert!(open("data").expect("opens").is_directory());
        assert!(open("").expect("opens").is_directory());
        for file in ["data/x.txt", "data/new.txt", "new.txt"] {
            assert!(!open(file).expect("opens").is_directory(), "{file}");
        }
        assert!(PathGrant::open_below(&root, "up", outer.path(), true).is_err());
        // A guest may put a link where a directory was a moment ago.
        fs::rename(root.join("data"), root.join("other")).expect("is renamed");
        symlink("..", root.join("data")).expect("is linked");
        for path in ["data", "data/x.txt", "data/app"] {
            assert!(open(path).is_err(), "{path}");
        }
    }
}
