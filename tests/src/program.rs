//! Programs made for one test.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::command::Warren;
use crate::outcome::Outcome;

/// A directory with the files of a program, removed when dropped.
#[derive(Debug)]
pub struct Program {
    directory: TempDir,
}

impl Program {
    /// Writes a program of these files, each with its content.
    pub fn of<C: AsRef<[u8]>>(files: &[(&str, C)]) -> Program {
        let directory = tempfile::tempdir().expect("a temporary directory");
        for (name, content) in files {
            let path = directory.path().join(name);
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).expect("a directory for a file");
            }
            fs::write(path, content).expect("a file of the program");
        }
        Program { directory }
    }

    /// Writes a program that is one file, `main.lua`.
    pub fn lua(source: &str) -> Program {
        Program::of(&[("main.lua", source)])
    }

    /// Returns the directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// Returns `warren run .` in the program's directory.
    pub fn command(&self) -> Warren {
        Warren::run(".").current_dir(self.path())
    }

    /// Runs the program to its end.
    #[track_caller]
    pub fn run(&self) -> Outcome {
        self.command().outcome()
    }
}
