//! Directories that `warren build` builds.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// A tool that builds guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A Cargo package.
    Cargo,
    /// A Makefile.
    Make,
}

/// The file that marks each kind of buildable directory.
const FILES: [(&str, Kind); 2] = [("Cargo.toml", Kind::Cargo), ("Makefile", Kind::Make)];

/// Returns the file that marks a directory as buildable.
pub(crate) fn file_in(directory: &Path) -> Option<&'static str> {
    let mut files = FILES.into_iter().map(|(file, _)| file);
    files.find(|file| directory.join(file).is_file())
}

/// Depth below which directories are not scanned.
const MAX_DEPTH: usize = 16;

/// Finds the directory itself if it is buildable, else the buildable directories
/// below it.
///
/// # Errors
///
/// The directory itself cannot be read.
pub(crate) fn find(directory: &Path) -> io::Result<Vec<(PathBuf, Kind)>> {
    let mut found = Vec::new();
    find_below(directory, 0, &mut found)?;
    Ok(found)
}

fn find_below(directory: &Path, depth: usize, found: &mut Vec<(PathBuf, Kind)>) -> io::Result<()> {
    let before = found.len();
    for (file, kind) in FILES {
        if directory.join(file).is_file() {
            found.push((directory.to_owned(), kind));
        }
    }
    // A package or Makefile is responsible for the directories below it.
    if found.len() > before || depth == MAX_DEPTH {
        return Ok(());
    }
    let mut below: Vec<PathBuf> = fs::read_dir(directory)?
        .flatten()
        .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
        .filter(|entry| !entry.file_name().to_string_lossy().starts_with('.'))
        .map(|entry| entry.path())
        .collect();
    below.sort();
    for directory in below {
        // An unreadable directory has nothing to build.
        let _ = find_below(&directory, depth + 1, found);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_are_found_up_to_the_first_package() {
        let root = tempfile::tempdir().unwrap();
        for file in [
            "workers/Cargo.toml",
            "workers/vendored/Cargo.toml",
            "c/deep/Makefile",
            ".hidden/Makefile",
            "empty/notes.txt",
        ] {
            let path = root.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "").unwrap();
        }
        let found = find(root.path()).unwrap();
        let expected = [
            (root.path().join("c/deep"), Kind::Make),
            (root.path().join("workers"), Kind::Cargo),
        ];
        assert_eq!(found, expected);
        assert!(find(&root.path().join("none")).is_err());
    }
}
