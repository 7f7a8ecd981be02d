//! A file of policies, or of the additions to their schema.

use std::path::PathBuf;
use std::sync::Arc;

/// The text of a file.
#[derive(Clone, Debug)]
pub(crate) struct File {
    /// The file's name without directory and extension.
    pub(crate) id: String,
    /// The path, as the caller named its directory.
    pub(crate) path: PathBuf,
    pub(crate) text: Arc<str>,
}
