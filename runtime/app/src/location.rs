//! The location of a program.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::AppError;
use crate::place::Language;

/// The location of a program: a directory, and perhaps the one file of it to
/// start.
pub(crate) struct Location {
    /// The directory, as the caller named it.
    pub(crate) directory: PathBuf,
    /// The name of a file directly in the directory.
    pub(crate) file: Option<String>,
}

impl Location {
    /// Returns the location of the program at a path.
    pub(crate) fn of(path: &Path) -> Result<Location, AppError> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => AppError::NotFound {
                path: path.to_owned(),
            },
            _ => AppError::Unreadable {
                path: path.to_owned(),
                error,
            },
        };
        let metadata = path.metadata().map_err(unreadable)?;
        if metadata.is_dir() {
            return Ok(Location {
                directory: path.to_owned(),
                file: None,
            });
        }
        // The directory of a linked file is the directory of the link's target.
        let real = if path.is_symlink() {
            path.canonicalize().map_err(unreadable)?
        } else {
            path.to_owned()
        };
        if !metadata.is_file() {
            return Err(AppError::Source {
                path: path.to_owned(),
                reason: "it is neither a file nor a directory".to_owned(),
            });
        }
        let file = real
            .file_name()
            .and_then(|name| name.to_str())
            .filter(|name| Language::of(name).is_some())
            .ok_or_else(|| AppError::UnknownKind {
                path: path.to_owned(),
            })?;
        let directory = match real.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        Ok(Location {
            directory: directory.to_owned(),
            file: Some(file.to_owned()),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_file_lies_in_its_own_directory() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("a.lua");
        fs::write(&file, "").unwrap();
        let location = Location::of(&file).unwrap();
        assert_eq!(location.directory, dir.path());
        assert_eq!(location.file.as_deref(), Some("a.lua"));
        let location = Location::of(dir.path()).unwrap();
        assert_eq!(location.directory, dir.path());
        assert_eq!(location.file, None);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stands_for_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path().canonicalize().unwrap();
        fs::create_dir(dir.join("real")).unwrap();
        fs::write(dir.join("real/tool.lua"), "").unwrap();
        std::os::unix::fs::symlink("real/tool.lua", dir.join("link")).unwrap();
        let location = Location::of(&dir.join("link")).unwrap();
        assert_eq!(location.directory, dir.join("real"));
        assert_eq!(location.file.as_deref(), Some("tool.lua"));
    }

    #[test]
    fn other_paths_than_programs_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let text = dir.path().join("a.txt");
        fs::write(&text, "").unwrap();
        let at = |path: &Path| Location::of(path).err().unwrap();
        assert!(matches!(at(&text), AppError::UnknownKind { .. }));
        assert!(matches!(
            at(&dir.path().join("b.lua")),
            AppError::NotFound { .. }
        ));
        assert!(matches!(at(&text.join("b.lua")), AppError::NotFound { .. }));
        #[cfg(unix)]
        {
            let fifo = dir.path().join("fifo.lua");
            rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
            assert!(matches!(at(&fifo), AppError::Source { .. }));
            assert!(matches!(
                at(Path::new("/dev/null")),
                AppError::Source { .. }
            ));
        }
        let long = dir.path().join("x".repeat(5000));
        assert!(matches!(at(&long), AppError::Unreadable { .. }));
    }
}
