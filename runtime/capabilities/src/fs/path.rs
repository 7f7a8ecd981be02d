//! Paths of a volume.

use std::fmt;
use std::path::Path;

use warren_kernel::Error;

use crate::limit::beyond;

/// The most bytes of a path.
pub(crate) const MAX_PATH: usize = 4_096;

/// A path below a volume: names joined by slashes, none for the volume itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct VolumePath(String);

impl VolumePath {
    /// Reads a path. A slash in front of it is the volume itself.
    ///
    /// # Errors
    ///
    /// `Invalid` for a path that is empty or too long, or has a part `..` or a NUL.
    pub(super) fn parse(text: &str) -> Result<VolumePath, Error> {
        if text.is_empty() {
            return Err(Error::invalid("path is empty"));
        }
        if text.len() > MAX_PATH {
            let bytes = text.len();
            let message = format!("path is {bytes} bytes, more than max_path = {MAX_PATH}");
            return Err(beyond("max_path", MAX_PATH, message));
        }
        if text.contains('\0') {
            return Err(Error::invalid("path contains a NUL"));
        }
        let mut path = String::with_capacity(text.len());
        for name in text.split('/') {
            match name {
                "" | "." => {}
                ".." => {
                    let message = "path: a part is `..`, and a path of a volume goes down alone";
                    return Err(Error::invalid(message));
                }
                name => {
                    if !path.is_empty() {
                        path.push('/');
                    }
                    path.push_str(name);
                }
            }
        }
        Ok(VolumePath(path))
    }

    /// Returns the path as the directory of the volume takes it.
    pub(super) fn below(&self) -> &Path {
        match self.0.as_str() {
            "" => Path::new("."),
            path => Path::new(path),
        }
    }

    /// Returns true for the volume itself.
    pub(super) fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the last name; a slash for the volume itself.
    pub(super) fn name(&self) -> &str {
        match self.0.rsplit('/').next() {
            None | Some("") => "/",
            Some(name) => name,
        }
    }
}

/// Shows the path with a slash in front, as policies see it.
impl fmt::Display for VolumePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_one_form() {
        for (text, shown, name) in [
            ("/", "/", "/"),
            (".", "/", "/"),
            ("a", "/a", "a"),
            ("/a//./b/", "/a/b", "b"),
            ("...", "/...", "..."),
        ] {
            let path = VolumePath::parse(text).unwrap();
            assert_eq!((path.to_string(), path.name()), (shown.to_owned(), name));
            assert!(path.below().is_relative());
            assert_eq!(path.is_root(), shown == "/");
        }
    }

    #[test]
    fn no_path_leads_up() {
        let long = "a/".repeat(MAX_PATH / 2) + "a";
        for text in ["", "..", "/..", "a/../b", "a/..", "../a", "a\0b", &long] {
            assert!(VolumePath::parse(text).is_err(), "{text}");
        }
        assert!(VolumePath::parse(&long[2..]).is_ok());
    }
}
