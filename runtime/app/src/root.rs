//! The directory of a program, and nothing outside of it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::Dir;
use thiserror::Error;

use crate::place::Language;

/// An open directory. Paths are relative to it, with `/`, and may not lead out
/// of it, whatever symbolic links there are.
#[derive(Debug)]
pub(crate) struct SourceRoot {
    dir: Dir,
    path: PathBuf,
}

/// Why a file below the root cannot be had.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a symbolic link that leads out of the program's directory")]
    Outside,
    #[error("it is not a file")]
    NotAFile,
    #[error("its name ends in none of .lua, .wasm, .wat")]
    UnknownKind,
    #[error(
        "it has {size} bytes; a source may have at most {}",
        SourceRoot::MAX_SIZE
    )]
    TooLarge { size: u64 },
    #[error("{0}")]
    Io(io::Error),
}

impl SourceRoot {
    /// The largest source read, in bytes. A limit only so that a file that was
    /// never meant as code is refused instead of filling memory.
    pub(crate) const MAX_SIZE: u64 = 256 << 20;

    /// Opens the directory.
    pub(crate) fn open(path: &Path) -> io::Result<SourceRoot> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(SourceRoot { dir, path })
    }

    /// Its absolute path, without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is a file of this name. What is there but no file does
    /// not count.
    pub(crate) fn has_file(&self, relative: &str) -> Result<bool, SourceError> {
        match self.dir.metadata(relative) {
            Ok(metadata) => Ok(metadata.is_file()),
            Err(error) => match SourceError::from(error) {
                SourceError::Missing => Ok(false),
                other => Err(other),
            },
        }
    }

    /// The content of a file.
    pub(crate) fn read(&self, relative: &str) -> Result<Vec<u8>, SourceError> {
        // Asked before opening: opening a named pipe would wait for a writer.
        if !self.dir.metadata(relative)?.is_file() {
            return Err(SourceError::NotAFile);
        }
        let file = self.dir.open(relative)?;
        let size = file.metadata()?.len();
        let mut bytes = Vec::new();
        if size <= Self::MAX_SIZE {
            bytes.reserve_exact(usize::try_from(size).unwrap_or(0));
            file.take(Self::MAX_SIZE + 1).read_to_end(&mut bytes)?;
        }
        let size = size.max(bytes.len() as u64);
        if size > Self::MAX_SIZE {
            return Err(SourceError::TooLarge { size });
        }
        Ok(bytes)
    }

    /// Names of the files directly in the directory, sorted. What cannot be
    /// listed is left out.
    pub(crate) fn file_names(&self) -> Vec<String> {
        self.file_names_in(".")
    }

    /// The same for a directory below.
    pub(crate) fn file_names_in(&self, relative: &str) -> Vec<String> {
        let Ok(entries) = self.dir.read_dir(relative) else {
            return Vec::new();
        };
        let mut names: Vec<String> = entries
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    }
}

/// Directories deeper than this are not looked into.
const MAX_DEPTH: usize = 16;

/// Directories in which tools keep what they make or fetch.
const OF_TOOLS: [&str; 2] = ["target", "node_modules"];

impl SourceRoot {
    /// Paths of the code files here and below, sorted. Left out are hidden
    /// directories and those of tools, and what cannot be listed.
    pub(crate) fn code_files(&self) -> Vec<String> {
        let mut found = Vec::new();
        collect(&self.dir, "", 0, &mut found);
        found.sort();
        found
    }
}

fn collect(dir: &Dir, prefix: &str, depth: usize, found: &mut Vec<String>) {
    let Ok(entries) = dir.entries() else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = format!("{prefix}{name}");
        match entry.file_type() {
            Ok(kind) if kind.is_file() && Language::of(&name).is_some() => found.push(path),
            Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                let is_code = !name.starts_with('.') && !OF_TOOLS.contains(&name.as_str());
                if let (true, Ok(below)) = (is_code, entry.open_dir()) {
                    collect(&below, &format!("{path}/"), depth + 1, found);
                }
            }
            _ => {}
        }
    }
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::Missing,
            // cap-std makes this error itself where a path would lead out of
            // the directory; one of the system carries its number.
            io::ErrorKind::PermissionDenied if error.raw_os_error().is_none() => {
                SourceError::Outside
            }
            _ => SourceError::Io(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn root() -> (tempfile::TempDir, SourceRoot) {
        let outer = tempfile::tempdir().unwrap();
        fs::write(outer.path().join("secret.lua"), "secret").unwrap();
        let inner = outer.path().join("app");
        fs::create_dir_all(inner.join("lib")).unwrap();
        fs::write(inner.join("main.lua"), "return 1").unwrap();
        let root = SourceRoot::open(&inner).unwrap();
        (outer, root)
    }

    #[test]
    fn reads_below_the_root() {
        let (_outer, root) = root();
        assert_eq!(root.read("main.lua").unwrap(), b"return 1");
        assert!(root.has_file("main.lua").unwrap());
        assert!(!root.has_file("none.lua").unwrap());
        assert!(!root.has_file("main.lua/x.lua").unwrap());
        assert!(!root.has_file("lib").unwrap());
        assert_eq!(root.file_names(), ["main.lua"]);
    }

    #[test]
    fn code_is_found_below() {
        let (_outer, root) = root();
        for path in [
            "lib/a.lua",
            "target/b.lua",
            ".git/c.lua",
            "x/y/d.wat",
            "x/notes.txt",
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        assert_eq!(root.code_files(), ["lib/a.lua", "main.lua", "x/y/d.wat"]);
    }

    #[test]
    fn nothing_outside_is_read() {
        let (outer, root) = root();
        let absolute = outer.path().join("secret.lua");
        for path in ["../secret.lua", absolute.to_str().unwrap()] {
            assert!(
                matches!(root.read(path), Err(SourceError::Outside)),
                "{path}"
            );
            assert!(matches!(root.has_file(path), Err(SourceError::Outside)));
        }
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_inside() {
        use std::os::unix::fs::symlink;
        let (outer, root) = root();
        let inner = outer.path().join("app");
        symlink("main.lua", inner.join("same.lua")).unwrap();
        symlink("../secret.lua", inner.join("up.lua")).unwrap();
        symlink(outer.path().join("secret.lua"), inner.join("abs.lua")).unwrap();
        symlink(outer.path(), inner.join("away")).unwrap();
        assert_eq!(root.read("same.lua").unwrap(), b"return 1");
        for path in ["up.lua", "abs.lua", "away/secret.lua"] {
            assert!(
                matches!(root.read(path), Err(SourceError::Outside)),
                "{path}"
            );
        }
    }

    #[test]
    fn a_directory_is_not_a_file() {
        let (_outer, root) = root();
        assert!(matches!(root.read("lib"), Err(SourceError::NotAFile)));
        assert!(matches!(root.read("gone.lua"), Err(SourceError::Missing)));
    }
}
