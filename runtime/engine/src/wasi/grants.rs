//! Granted directories and files, as preview 1 knows them.
//!
//! Preview 1 knows open directories only ("preopens", file descriptors from 3
//! on); `wasi-libc` finds the one whose name begins a path and asks for the
//! rest below it. A granted *file* becomes two of them:
//!
//! - one under the name of the file's directory, which reaches nothing by
//!   itself (or what a grant of that directory reaches),
//! - one that no path begins with, which is the file's directory; paths that
//!   are exactly the file's name are looked up there, and no other is.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use crate::definition::{Grants, PathGrant};

/// The first file descriptor of a preopen.
const FIRST: u32 = 3;

/// What may be looked up below each preopen.
#[derive(Debug, Default)]
pub(crate) struct Preopens(Vec<Below>);

#[derive(Debug, Default, PartialEq, Eq)]
struct Below {
    /// Whether other paths than those of `files` may be.
    everything: bool,
    /// By name: the descriptor of the directory to look in.
    files: BTreeMap<String, u32>,
}

/// Which descriptor to use for a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// This one.
    In(u32),
    /// This one, and a link there is not followed: the grant is of a file.
    FileIn(u32),
    /// The path is not granted.
    Refused,
}

impl Preopens {
    /// Opens what was granted.
    ///
    /// # Errors
    ///
    /// The first path that cannot be opened, and why.
    pub(crate) fn open(builder: &mut WasiCtxBuilder, grants: &Grants) -> Result<Preopens, String> {
        let mut preopens = Preopens::default();
        let mut visible: BTreeMap<&str, Visible<'_>> = BTreeMap::new();
        for grant in &grants.paths {
            if grant.path.is_dir() {
                let directory = &mut visible.entry(&grant.guest).or_default().directory;
                // Granted twice, the more counts.
                if !directory.is_some_and(|other: &PathGrant| other.write) {
                    *directory = Some(grant);
                }
            } else {
                let (guest_directory, name) = split(&grant.guest);
                visible
                    .entry(guest_directory)
                    .or_default()
                    .files
                    .push((name, grant));
            }
        }
        let mut hidden: BTreeMap<(PathBuf, bool), Vec<(usize, String)>> = BTreeMap::new();
        for (guest, Visible { directory, files }) in visible {
            let index = preopens.0.len();
            for (name, file) in &files {
                let at = (directory_of(name, file)?, file.write);
                hidden
                    .entry(at)
                    .or_default()
                    .push((index, (*name).to_owned()));
            }
            let (path, write) = match (directory, files.first()) {
                (Some(directory), _) => (directory.path.clone(), directory.write),
                (None, Some((name, file))) => (directory_of(name, file)?, false),
                (None, None) => continue,
            };
            preopens.add(builder, &path, guest, write, directory.is_some())?;
        }
        for (number, ((path, write), files)) in hidden.into_iter().enumerate() {
            // No path of a program begins with a control character.
            let descriptor =
                preopens.add(builder, &path, &format!("\u{1}{number}"), write, false)?;
            for (index, name) in files {
                for below in [index, (descriptor - FIRST) as usize] {
                    preopens.0[below].files.insert(name.clone(), descriptor);
                }
            }
        }
        Ok(preopens)
    }

    fn add(
        &mut self,
        builder: &mut WasiCtxBuilder,
        path: &Path,
        guest: &str,
        write: bool,
        everything: bool,
    ) -> Result<u32, String> {
        let access = if write {
            FsPerms::ReadWrite
        } else {
            FsPerms::ReadOnly
        };
        builder
            .preopened_dir(path, guest, access)
            .map_err(|error| format!("{}: {error:#}", path.display()))?;
        let descriptor = FIRST + u32::try_from(self.0.len()).map_err(|_| "too many grants")?;
        self.0.push(Below {
            everything,
            files: BTreeMap::new(),
        });
        Ok(descriptor)
    }

    /// Where a path below a descriptor is to be looked up.
    pub(crate) fn lookup(&self, descriptor: u32, path: &[u8]) -> Lookup {
        let Some(below) = self.below(descriptor) else {
            return Lookup::In(descriptor);
        };
        let name = str::from_utf8(path).map(|path| path.trim_start_matches("./"));
        match name.ok().and_then(|name| below.files.get(name)) {
            Some(directory) => Lookup::FileIn(*directory),
            None if below.everything => Lookup::In(descriptor),
            None => Lookup::Refused,
        }
    }

    /// Whether the entries of a directory may be listed.
    pub(crate) fn may_list(&self, descriptor: u32) -> bool {
        self.below(descriptor).is_none_or(|below| below.everything)
    }

    /// None for what the guest opened itself, which is below what it may reach.
    fn below(&self, descriptor: u32) -> Option<&Below> {
        descriptor
            .checked_sub(FIRST)
            .and_then(|index| self.0.get(index as usize))
    }
}

#[derive(Default)]
struct Visible<'a> {
    directory: Option<&'a PathGrant>,
    files: Vec<(&'a str, &'a PathGrant)>,
}

/// A path's directory and name, as the guest writes them.
fn split(guest: &str) -> (&str, &str) {
    match guest.rsplit_once('/') {
        None => (".", guest),
        Some(("", name)) => ("/", name),
        Some((directory, name)) => (directory, name),
    }
}

/// The directory a granted file is in.
fn directory_of(name: &str, file: &PathGrant) -> Result<PathBuf, String> {
    if file.path.file_name().is_none_or(|real| real != name) {
        return Err(format!(
            "{} is a link to {}; grant that path instead",
            file.guest,
            file.path.display()
        ));
    }
    Ok(file.path.parent().unwrap_or(Path::new("/")).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn preopens(paths: &[(&str, &Path, bool)]) -> Result<Preopens, String> {
        let grants = Grants {
            paths: paths
                .iter()
                .map(|(guest, path, write)| PathGrant {
                    guest: (*guest).to_owned(),
                    path: (*path).to_owned(),
                    write: *write,
                })
                .collect(),
            env: Vec::new(),
        };
        Preopens::open(&mut WasiCtxBuilder::new(), &grants)
    }

    #[test]
    fn a_granted_directory_is_reached_whole() {
        let directory = tempfile::tempdir().expect("a directory");
        let preopens = preopens(&[("data", directory.path(), false)]).expect("opens");
        assert_eq!(preopens.lookup(3, b"a/b"), Lookup::In(3));
        assert!(preopens.may_list(3));
        assert_eq!(preopens.lookup(7, b"opened by the guest"), Lookup::In(7));
    }

    #[test]
    fn of_a_granted_files_directory_only_the_file_is_reached() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("words.txt");
        fs::write(&file, "").expect("is written");
        let preopens = preopens(&[("words.txt", &file, false)]).expect("opens");
        assert_eq!(preopens.lookup(3, b"words.txt"), Lookup::FileIn(4));
        assert_eq!(preopens.lookup(3, b"./words.txt"), Lookup::FileIn(4));
        for descriptor in [3, 4] {
            for path in [
                &b"other.txt"[..],
                b".",
                b"",
                b"words.txt/..",
                b"../x",
                b"\xff",
            ] {
                assert_eq!(
                    preopens.lookup(descriptor, path),
                    Lookup::Refused,
                    "{path:?}"
                );
            }
            assert!(!preopens.may_list(descriptor));
        }
        assert_eq!(preopens.lookup(4, b"words.txt"), Lookup::FileIn(4));
    }

    #[test]
    fn a_file_may_be_granted_beside_its_directory() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("out.txt");
        fs::write(&file, "").expect("is written");
        let granted = [
            (".", directory.path(), false),
            ("out.txt", file.as_path(), true),
        ];
        let preopens = preopens(&granted).expect("opens");
        assert_eq!(preopens.lookup(3, b"other.txt"), Lookup::In(3));
        assert_eq!(preopens.lookup(3, b"out.txt"), Lookup::FileIn(4));
        assert_eq!(preopens.lookup(4, b"other.txt"), Lookup::Refused);
    }

    #[test]
    fn a_path_that_is_not_there_is_named() {
        let error = preopens(&[("gone/x", Path::new("/no/such/directory/x"), false)]);
        assert!(
            error
                .expect_err("cannot be opened")
                .contains("/no/such/directory")
        );
    }
}
