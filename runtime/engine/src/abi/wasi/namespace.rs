//! Resolves the paths of a process to its grants.
//!
//! A path is compared with the names of the grants, part by part. `./data/a.txt`
//! and `data/a.txt` are below a grant of `data`; so is an absolute path below the
//! directory of that grant, and no other absolute path. wasi-libc drops the slash in front
//! of an absolute path, so a relative path is compared with absolute names, too. The
//! longest matching name comes first, then shorter ones: a file may be granted for writing
//! in a directory that is granted for reading.
//!
//! A `..` that leaves a grant's name is resolved in the text, since nothing outside
//! of grants may be looked up. A `..` inside a granted directory is looked up in
//! the directory.

use std::cmp::Reverse;
use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::tree::{Target, Tree};
use crate::code::grant::{Object, PathGrant};

/// The parts of a name.
type Parts = Vec<Box<[u8]>>;

/// All grants of a process.
#[derive(Debug, Default)]
pub(crate) struct Namespace(Vec<Grant>);

#[derive(Debug)]
struct Grant {
    /// The name in the program, then the absolute paths on the machine.
    names: Vec<Parts>,
    /// True if the name in the program is absolute, too.
    is_absolute: bool,
    object: Object,
    write: bool,
}

/// A directory that is open when a program starts.
#[derive(Clone, Debug)]
pub(crate) struct Preopen {
    /// The name that the program reads.
    pub(crate) name: String,
    base: Parts,
}

impl Namespace {
    pub(crate) fn new(grants: &[PathGrant]) -> Namespace {
        let grant = |grant: &PathGrant| {
            let written = parts(grant.guest.as_bytes());
            let absolute = grant
                .absolute_paths()
                .map(|path| parts(path.as_os_str().as_bytes()));
            let mut names: Vec<_> = std::iter::once(written).chain(absolute).collect();
            // An absolute name may be written so.
            names.dedup();
            Grant {
                names,
                is_absolute: grant.guest.starts_with('/'),
                object: grant.object().clone(),
                write: grant.write,
            }
        };
        Namespace(grants.iter().map(grant).collect())
    }

    /// The directories that are open at the start: each granted directory, and last
    /// `.`, in which all other paths are looked up.
    pub(crate) fn preopens(grants: &[PathGrant]) -> Vec<Preopen> {
        let mut names: Vec<&str> = grants
            .iter()
            .filter(|grant| grant.is_directory())
            .map(|grant| &*grant.guest)
            .collect();
        names.sort_unstable();
        names.dedup();
        let preopen = |name: &str| Preopen {
            name: name.to_owned(),
            base: parts(name.as_bytes()),
        };
        let mut preopens: Vec<_> = names.into_iter().map(preopen).collect();
        preopens.push(preopen("."));
        preopens
    }

    /// The possible targets of a path, the likeliest first; empty if the path is
    /// not granted. An absolute path is looked up without regard to `from`.
    pub(crate) fn find(self: &Arc<Self>, from: &Preopen, path: &[u8]) -> Vec<Target> {
        let path = Wanted::new(&from.base, path);
        let mut found: Vec<_> = self
            .0
            .iter()
            .flat_map(|grant| {
                // The name in the program is no absolute one, unless it was written so.
                let skipped = usize::from(path.is_absolute && !grant.is_absolute);
                let names = grant.names.iter().enumerate().skip(skipped);
                names.filter_map(|(order, name)| {
                    let target = grant.target(&path, name)?;
                    let is_directory = matches!(target, Target::Below(..));
                    Some(((order > 0, Reverse(name.len()), is_directory), target))
                })
            })
            .collect();
        found.sort_by_key(|(order, _)| *order);
        found.into_iter().map(|(_, target)| target).collect()
    }
}

impl Preopen {
    /// The path from the program's point of view, for messages.
    pub(crate) fn full_path(&self, path: &[u8]) -> PathBuf {
        let path = Path::new(OsStr::from_bytes(path));
        if self.base.is_empty() {
            path.to_owned()
        } else {
            Path::new(&self.name).join(path)
        }
    }
}

impl Grant {
    fn target(&self, path: &Wanted<'_>, name: &Parts) -> Option<Target> {
        let rest = path.below(name)?;
        let tree = |dir: &Arc<_>| Tree {
            dir: Arc::clone(dir),
            write: self.write,
        };
        match &self.object {
            Object::Directory(dir) => Some(Target::Below(tree(dir), path.joined(rest))),
            Object::File { directory, name } => {
                let is_it = rest.is_empty() && !path.is_directory;
                is_it.then(|| Target::File(tree(directory), name.clone()))
            }
        }
    }
}

/// A path to look up.
struct Wanted<'a> {
    /// All parts, including `..`.
    literal: Vec<&'a [u8]>,
    /// The parts, without each `..` and the part before it.
    normal: Vec<&'a [u8]>,
    /// True if the path ends with `/` or `/.`.
    is_directory: bool,
    is_absolute: bool,
}

impl<'a> Wanted<'a> {
    fn new(base: &'a Parts, path: &'a [u8]) -> Wanted<'a> {
        let base = base.iter().map(|part| &**part);
        let is_absolute = path.starts_with(b"/");
        let literal: Vec<&[u8]> = if is_absolute {
            split(path).collect()
        } else {
            base.chain(split(path)).collect()
        };
        let normal = normal(&literal);
        Wanted {
            literal,
            normal,
            is_directory: path.ends_with(b"/") || path.ends_with(b"/."),
            is_absolute,
        }
    }

    /// The rest of the path below a name.
    fn below(&self, name: &Parts) -> Option<&[&'a [u8]]> {
        let rest = rest_below(&self.literal, name).filter(|rest| stays(rest));
        rest.or_else(|| rest_below(&self.normal, name).filter(|rest| stays(rest)))
    }

    fn joined(&self, rest: &[&[u8]]) -> PathBuf {
        let mut bytes = rest.join(&b'/');
        if bytes.is_empty() {
            bytes.push(b'.');
        } else if self.is_directory {
            bytes.push(b'/');
        }
        PathBuf::from(OsString::from_vec(bytes))
    }
}

fn rest_below<'p, 'a>(path: &'p [&'a [u8]], name: &Parts) -> Option<&'p [&'a [u8]]> {
    let begins = path.len() >= name.len()
        && path
            .iter()
            .zip(name.iter())
            .all(|(part, other)| **part == **other);
    begins.then(|| &path[name.len()..])
}

/// Returns true if a path does not leave the directory in which it begins.
fn stays(rest: &[&[u8]]) -> bool {
    let mut depth = 0_usize;
    rest.iter().all(|part| {
        if *part == b".." {
            let inside = depth > 0;
            depth = depth.saturating_sub(1);
            inside
        } else {
            depth += 1;
            true
        }
    })
}

fn split(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/')
        .filter(|part| !part.is_empty() && *part != b".")
}

fn parts(path: &[u8]) -> Parts {
    let parts: Vec<&[u8]> = split(path).collect();
    normal(&parts).into_iter().map(Box::from).collect()
}

fn normal<'a>(parts: &[&'a [u8]]) -> Vec<&'a [u8]> {
    let mut normal: Vec<&[u8]> = Vec::with_capacity(parts.len());
    for part in parts {
        if *part == b".." && normal.last().is_some_and(|last| *last != b"..") {
            normal.pop();
        } else {
            normal.push(part);
        }
    }
    normal
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    struct Fixture {
        _directory: tempfile::TempDir,
        root: PathBuf,
    }

    impl Fixture {
        fn new() -> Fixture {
            let directory = tempfile::tempdir().expect("a directory");
            let root = directory.path().canonicalize().expect("is there");
            fs::create_dir(root.join("data")).expect("is made");
            fs::write(root.join("data/a.txt"), "a").expect("is written");
            fs::write(root.join("single.txt"), "s").expect("is written");
            Fixture {
                _directory: directory,
                root,
            }
        }

        fn grant(&self, guest: &str, path: &str, write: bool) -> PathGrant {
            PathGrant::open(guest, self.root.join(path), write).expect("opens")
        }
    }

    /// The targets that are found for a path, as text.
    fn found(grants: &[PathGrant], path: &str) -> Vec<String> {
        let preopens = Namespace::preopens(grants);
        let from = preopens.last().expect("there is always one");
        let found = Arc::new(Namespace::new(grants)).find(from, path.as_bytes());
        let text = |target: &Target| match target {
            Target::Below(tree, path) => format!("{}:{}", path.display(), tree.write),
            Target::File(tree, name) => format!("={}:{}", name.display(), tree.write),
        };
        found.iter().map(text).collect()
    }

    #[test]
    fn a_directory_is_reached_however_it_is_written() {
        let fixture = Fixture::new();
        let grants = [fixture.grant("data", "data", false)];
        let absolute = fixture.root.join("data/a.txt");
        let absolute = absolute.to_str().expect("is text");
        for path in [
            "data/a.txt",
            "./data/a.txt",
            "data//./a.txt",
            "x/../data/a.txt",
            "data/../data/a.txt",
            absolute,
            &absolute[1..],
        ] {
            assert_eq!(found(&grants, path), ["a.txt:false"], "{path}");
        }
        assert_eq!(found(&grants, "data/"), [".:false"]);
        // Inside a grant, the system resolves `..`, since only the system sees
        // links.
        assert_eq!(found(&grants, "data/b/../a.txt"), ["b/../a.txt:false"]);
        for path in [
            "",
            ".",
            "..",
            "dat",
            "database/x",
            "../x",
            "/etc/x",
            "/data/a.txt",
            "data/..",
            "data/../x",
        ] {
            assert!(found(&grants, path).is_empty(), "{path}");
        }
    }

    #[test]
    fn of_a_files_directory_only_the_file_is_reached() {
        let fixture = Fixture::new();
        let grants = [fixture.grant("single.txt", "single.txt", false)];
        for path in ["single.txt", "./single.txt", "x/../single.txt"] {
            assert_eq!(found(&grants, path), ["=single.txt:false"], "{path}");
        }
        for path in [
            "other.txt",
            "/single.txt",
            ".",
            "single.txt/",
            "single.txt/.",
            "single.txt/x",
            "data/a.txt",
        ] {
            assert!(found(&grants, path).is_empty(), "{path}");
        }
    }

    #[test]
    fn the_longest_name_comes_first_and_the_wider_right_after_it() {
        let fixture = Fixture::new();
        let grants = [
            fixture.grant(".", "", true),
            fixture.grant("data", "data", false),
            fixture.grant("data/a.txt", "data/a.txt", false),
        ];
        assert_eq!(
            found(&grants, "data/a.txt"),
            ["=a.txt:false", "a.txt:false", "data/a.txt:true"]
        );
    }

    #[test]
    fn a_grant_outside_is_named_as_it_was_written() {
        let fixture = Fixture::new();
        let grants = [fixture.grant("../sb/data", "data", false)];
        assert_eq!(found(&grants, "../sb/data/a.txt"), ["a.txt:false"]);
        assert!(found(&grants, "../data/a.txt").is_empty());
        assert!(found(&grants, "sb/data/a.txt").is_empty());
        let absolute = fixture.root.join("data");
        let absolute = absolute.to_str().expect("is text");
        let grants = [fixture.grant(absolute, "data", false)];
        let path = format!("{absolute}/a.txt");
        assert_eq!(found(&grants, &path), ["a.txt:false"]);
    }

    #[test]
    fn a_directory_that_is_open_begins_the_path() {
        let fixture = Fixture::new();
        let grants = [
            fixture.grant("data", "data", false),
            fixture.grant("data/a.txt", "data/a.txt", true),
        ];
        let preopens = Namespace::preopens(&grants);
        let names: Vec<_> = preopens.iter().map(|preopen| &*preopen.name).collect();
        assert_eq!(names, ["data", "."]);
        let namespace = Arc::new(Namespace::new(&grants));
        let found = namespace.find(&preopens[0], b"a.txt");
        assert!(matches!(&found[0], Target::File(tree, _) if tree.write));
        assert!(matches!(&found[1], Target::Below(tree, _) if !tree.write));
    }
}
