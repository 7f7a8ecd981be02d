//! A path that a process may reach, opened once.
//!
//! A grant holds the open directory, not only its path. A link that is later put
//! in object of that path, for example by a guest with a grant above it, changes
//! nothing for the processes that have the grant.

use std::ffi::{OsStr, OsString};
use std::fmt;
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
        Ok(PathGrant {
            guest: guest.into(),
            path,
            write,
            absolute: None,
            object,
        })
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
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                let directory = Dir::open_ambient_dir(path, ambient_authority())?;
                return Ok(Object::Directory(Arc::new(directory)));
            }
            Ok(metadata) if !metadata.is_file() => {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "it is neither a file nor a directory",
                ));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        let name = path.file_name().map(OsStr::to_owned);
        let (Some(directory), Some(name)) = (path.parent(), name) else {
            return Err(io::ErrorKind::NotFound.into());
        };
        Ok(Object::File {
            directory: Arc::new(Dir::open_ambient_dir(directory, ambient_authority())?),
            name,
        })
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
