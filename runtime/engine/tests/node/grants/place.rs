//! The files and directories that a test grants.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use warren_engine::{Grants, PathGrant};

/// A directory with files and directories, of which a test grants some.
pub(super) struct Place {
    _directory: tempfile::TempDir,
    pub(super) root: PathBuf,
}

impl Place {
    pub(super) fn new() -> Place {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().canonicalize().unwrap();
        fs::create_dir_all(root.join("data/below")).unwrap();
        fs::create_dir(root.join("work")).unwrap();
        for file in ["single.txt", "other.txt", "data/a.txt", "work/w.txt"] {
            fs::write(root.join(file), file).unwrap();
        }
        Place {
            _directory: directory,
            root,
        }
    }

    /// Makes the FIFO `work/fifo`.
    pub(super) fn make_fifo(&self) {
        let made = Command::new("mkfifo")
            .arg(self.root.join("work/fifo"))
            .status()
            .unwrap();
        assert!(made.success());
    }

    pub(super) fn grants(&self, grants: &[(&str, bool)]) -> Grants {
        let grant = |(path, write): &(&str, bool)| {
            PathGrant::open(*path, self.root.join(path), *write).unwrap()
        };
        Grants {
            paths: grants.iter().map(grant).collect(),
            ..Grants::default()
        }
    }

    /// All files with their contents and times.
    pub(super) fn listing(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(directory: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(directory).unwrap() {
                let path = entry.unwrap().path();
                let kind = path.symlink_metadata().unwrap().file_type();
                if kind.is_dir() {
                    found.insert(path.clone(), Vec::new());
                    walk(&path, found);
                } else if kind.is_file() {
                    let modified = path.metadata().unwrap().modified().unwrap();
                    let mut content = fs::read(&path).unwrap();
                    content.extend(format!("{modified:?}").into_bytes());
                    found.insert(path, content);
                } else {
                    found.insert(path, Vec::new());
                }
            }
        }
        let mut found = BTreeMap::new();
        walk(&self.root, &mut found);
        found
    }
}
