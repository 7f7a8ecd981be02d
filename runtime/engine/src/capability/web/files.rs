//! The settings of files that are served.

use std::path::PathBuf;
use std::sync::Arc;

use super::pattern::{Pattern, PatternError};

/// A directory or a volume whose files are served as they are.
///
/// ```
/// use warren_engine::capability::web::{FilesSettings, PatternError};
///
/// let site = FilesSettings {
///     spa: true,
///     ..FilesSettings::new("app:site", "app:web", "/", "public")?
/// };
/// assert_eq!(site.index, "index.html");
/// # Ok::<_, PatternError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The id of the router or listener that serves the files.
    pub parent: Arc<str>,
    /// The prefix of the files' paths, below that of the router.
    pub path: Pattern,
    /// The place of the files.
    pub place: FilesPlace,
    /// True for a page that makes up its own paths: a path without a file gets the index.
    pub spa: bool,
    /// The file that a directory's path gets.
    pub index: String,
    /// The value of the header `Cache-Control`.
    pub cache: Option<String>,
}

/// The place of files that are served.
///
/// ```
/// use warren_engine::capability::web::FilesPlace;
///
/// let uploads = FilesPlace::Volume("app:uploads".into());
/// assert_ne!(uploads, FilesPlace::Directory("app:uploads".into()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesPlace {
    /// A directory of the machine, which is opened when the listener is.
    Directory(PathBuf),
    /// The volume with this id, which is open since the start.
    Volume(Arc<str>),
}

impl FilesSettings {
    /// Default of [`FilesSettings::index`].
    pub const DEFAULT_INDEX: &str = "index.html";

    /// Returns the settings of a directory whose files have paths with this prefix.
    ///
    /// # Errors
    ///
    /// [`PatternError`] for a prefix that does not begin with `/`, or that has parameters.
    pub fn new(
        id: impl Into<Arc<str>>,
        parent: impl Into<Arc<str>>,
        path: &str,
        directory: impl Into<PathBuf>,
    ) -> Result<FilesSettings, PatternError> {
        let place = FilesPlace::Directory(directory.into());
        FilesSettings::of(id.into(), parent.into(), path, place)
    }

    /// Returns the settings of a volume whose files have paths with this prefix.
    ///
    /// # Errors
    ///
    /// As [`FilesSettings::new`].
    pub fn of_volume(
        id: impl Into<Arc<str>>,
        parent: impl Into<Arc<str>>,
        path: &str,
        volume: impl Into<Arc<str>>,
    ) -> Result<FilesSettings, PatternError> {
        let place = FilesPlace::Volume(volume.into());
        FilesSettings::of(id.into(), parent.into(), path, place)
    }

    fn of(
        id: Arc<str>,
        parent: Arc<str>,
        path: &str,
        place: FilesPlace,
    ) -> Result<FilesSettings, PatternError> {
        Ok(FilesSettings {
            id,
            parent,
            path: Pattern::parse_prefix(path)?,
            place,
            spa: false,
            index: Self::DEFAULT_INDEX.to_owned(),
            cache: None,
        })
    }
}
