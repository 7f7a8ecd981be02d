//! The settings of a directory of files.

use std::path::PathBuf;
use std::sync::Arc;

use super::pattern::{Pattern, PatternError};

/// A directory whose files are served as they are.
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
    /// The directory.
    pub directory: PathBuf,
    /// True for a page that makes up its own paths: a path without a file gets the index.
    pub spa: bool,
    /// The file that a directory's path gets.
    pub index: String,
    /// The value of the header `Cache-Control`.
    pub cache: Option<String>,
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
        Ok(FilesSettings {
            id: id.into(),
            parent: parent.into(),
            path: Pattern::parse_prefix(path)?,
            directory: directory.into(),
            spa: false,
            index: Self::DEFAULT_INDEX.to_owned(),
            cache: None,
        })
    }
}
