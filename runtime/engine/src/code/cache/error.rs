//! The error of the code cache, with its repair.

use std::io;
use std::path::{Path, PathBuf};

use rustix::io::Errno;
use warren_kernel::text;

/// The reason for which the code cache, or a file of it, is not used.
/// [`CacheError::remedy`] returns the repair.
///
/// ```
/// use std::path::Path;
/// use warren_engine::{CacheError, try_code_cache};
///
/// /// Returns what the operator is to do before the cache can be used.
/// fn repair(directory: &Path) -> Option<String> {
///     try_code_cache(directory).err()?.remedy()
/// }
///
/// let error = CacheError::Writable { path: "/var/cache/warren".into(), mode: 0o777 };
/// assert_eq!(error.remedy().as_deref(), Some("chmod go-w /var/cache/warren"));
/// ```
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
    /// Returns the error for an access that the operating system refuses.
    pub(super) fn refused(path: &Path, error: Errno) -> CacheError {
        CacheError::Io {
            path: path.to_owned(),
            error: error.into(),
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_quoted() {
        assert_eq!(quoted(Path::new("/a/b-c_1.x")), "/a/b-c_1.x");
        assert_eq!(quoted(Path::new("/a b/it's")), r"'/a b/it'\''s'");
    }
}
