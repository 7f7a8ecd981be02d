//! The settings of a volume of files.

use std::io;
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use crate::code::grant::PathGrant;

/// A directory of the machine whose files processes use by the capability `fs`.
///
/// ```
/// use warren_engine::capability::VolumeSettings;
///
/// # let directory = std::env::temp_dir();
/// let uploads = VolumeSettings {
///     max_bytes: 1 << 30,
///     ..VolumeSettings::open("app:uploads", &directory, true)?
/// };
/// assert!(uploads.directory.write);
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The directory, which is open, and the right to change what is in it.
    pub directory: PathGrant,
    /// The most bytes of all files. A file, or a directory, counts at least 4,096.
    pub max_bytes: u64,
}

impl VolumeSettings {
    /// Default of [`VolumeSettings::max_bytes`].
    pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

    /// Values that [`VolumeSettings::max_bytes`] may have in a manifest.
    pub const BYTES_RANGE: RangeInclusive<u64> = (4 << 10)..=(1 << 50);

    /// Opens a directory as a volume. Without `write` its files can only be read.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] if it cannot be opened; of the kind `NotADirectory` for a file.
    pub fn open(
        id: impl Into<Arc<str>>,
        directory: impl AsRef<Path>,
        write: bool,
    ) -> io::Result<VolumeSettings> {
        let path = directory.as_ref().canonicalize()?;
        VolumeSettings::of(id, PathGrant::open("", path, write)?)
    }

    /// Makes a volume of a directory that is open.
    ///
    /// # Errors
    ///
    /// An [`io::Error`] of the kind `NotADirectory` for a file.
    pub fn of(id: impl Into<Arc<str>>, directory: PathGrant) -> io::Result<VolumeSettings> {
        if !directory.is_directory() {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(VolumeSettings {
            id: id.into(),
            directory,
            max_bytes: Self::DEFAULT_MAX_BYTES,
        })
    }
}
