//! `warren build`: compiles the sources of native guests to `.wasm` files.

mod cargo;
mod make;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use warren::text;

use crate::args::BuildArgs;
use crate::diagnostics::Failure;
use crate::exit::Exit;
use crate::stderr;

/// A tool that builds guests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A Cargo package.
    Cargo,
    /// A Makefile.
    Make,
}

/// Builds everything below the directory; stops at the first failure.
pub(crate) fn build(args: &BuildArgs) -> Result<Exit, Box<Failure>> {
    let mut sources = Vec::new();
    find(&args.path, 0, &mut sources).map_err(|error| {
        Box::new(Failure::new(
            Exit::Usage,
            format!("{}: {error}", text::path(&args.path)),
        ))
    })?;
    if sources.is_empty() {
        let path = text::path(&args.path);
        stderr::write(&format!(
            "nothing to build in {path}: there is no Cargo.toml and no Makefile\n"
        ));
        for (extension, command) in COMPONENTS {
            if holds(&args.path, extension) {
                stderr::write(&format!("for .{extension} files, run {command}\n"));
            }
        }
    }
    for (directory, kind) in sources {
        match kind {
            Kind::Cargo => cargo::build(&directory, args)?,
            Kind::Make => make::build(&directory)?,
        }
    }
    Ok(Exit::Success)
}

/// Sources that the tools of their SDK build, and the commands.
const COMPONENTS: [(&str, &str); 2] = [
    (
        "js",
        "`node build.mjs FILE.js` with the SDK's build.mjs, from guest-sdk/js",
    ),
    (
        "py",
        "`python build.py FILE.py` with the SDK's build.py, from guest-sdk/python",
    ),
];

/// Returns whether a file in the directory has this extension.
fn holds(directory: &Path, extension: &str) -> bool {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let mut paths = entries.map(|entry| entry.path());
    paths.any(|path| path.extension().is_some_and(|found| found == extension))
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

/// Finds the buildable directory itself or, if it is not buildable, those below
/// it.
fn find(
    directory: &Path,
    depth: usize,
    found: &mut Vec<(PathBuf, Kind)>,
) -> Result<(), std::io::Error> {
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
        let _ = find(&directory, depth + 1, found);
    }
    Ok(())
}

/// Runs a command on this terminal; `missing` is the help if it is not
/// installed.
fn run(mut command: Command, what: &str, missing: &str) -> Result<(), Box<Failure>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let status = command.status().map_err(|error| {
        Box::new(Failure {
            help: Some(missing.to_owned()),
            ..Failure::new(Exit::Failed, format!("cannot run {program}: {error}"))
        })
    })?;
    if status.success() {
        return Ok(());
    }
    Err(Box::new(Failure::new(
        Exit::Failed,
        format!("{what}: {program} ended with {status}; the reason is above"),
    )))
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
        let mut found = Vec::new();
        find(root.path(), 0, &mut found).unwrap();
        let expected = [
            (root.path().join("c/deep"), Kind::Make),
            (root.path().join("workers"), Kind::Cargo),
        ];
        assert_eq!(found, expected);
        assert!(find(&root.path().join("none"), 0, &mut Vec::new()).is_err());
    }
}
