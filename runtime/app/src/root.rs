//! Access to the directory of a program, and to nothing outside of it.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use cap_std::ambient_authority;
use cap_std::fs::{Dir, FileType, Metadata, OpenOptions};
use thiserror::Error;

use crate::place::{self, Language};
use crate::too_much::TooMuch;

/// An open directory. Paths are relative to it, with `/`, and may not lead out
/// of it, whatever symbolic links there are.
#[derive(Debug)]
pub(crate) struct SourceRoot {
    dir: Dir,
    path: PathBuf,
}

/// The reason why a file below the root cannot be read.
#[derive(Debug, Error)]
pub(crate) enum SourceError {
    #[error("there is no such file")]
    Missing,
    #[error("it is a symbolic link that leads out of the program's directory")]
    Outside,
    #[error("it is not a file")]
    NotAFile,
    #[error("its name does not end in .lua, .wasm or .wat")]
    UnknownKind,
    #[error("it has {size} bytes or more; it may have at most {most}")]
    TooLarge { size: u64, most: u64 },
    #[error("{0}")]
    Io(io::Error),
}

impl SourceRoot {
    /// Bytes of the largest source. The limit refuses files that were never
    /// meant as code, instead of filling memory.
    pub(crate) const MAX_SIZE: u64 = 256 << 20;

    /// Opens the directory.
    pub(crate) fn open(path: &Path) -> io::Result<SourceRoot> {
        let path = path.canonicalize()?;
        let dir = Dir::open_ambient_dir(&path, ambient_authority())?;
        Ok(SourceRoot { dir, path })
    }

    /// Returns the absolute path, without symbolic links.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells whether this is the directory of another root: under the same path, and no
    /// other one was put in its place between the two openings.
    pub(crate) fn is(&self, other: &SourceRoot) -> bool {
        self.path == other.path && self.number() == other.number()
    }

    /// Returns the numbers of device and directory, which no other directory has while this
    /// one is open.
    #[cfg(unix)]
    fn number(&self) -> Option<(u64, u64)> {
        use cap_std::fs::MetadataExt;
        let metadata = self.dir.dir_metadata().ok()?;
        Some((metadata.dev(), metadata.ino()))
    }

    /// This system has paths alone.
    #[cfg(not(unix))]
    fn number(&self) -> Option<(u64, u64)> {
        None
    }

    /// Returns whether there is a file of this name. Directories and other
    /// non-files do not count.
    pub(crate) fn has_file(&self, relative: &str) -> Result<bool, SourceError> {
        match self.dir.metadata(relative) {
            Ok(metadata) => Ok(metadata.is_file()),
            Err(error) => match SourceError::from(error) {
                SourceError::Missing => Ok(false),
                other => Err(other),
            },
        }
    }

    /// Returns the metadata of what has this name, if anything has.
    pub(crate) fn metadata(&self, relative: &str) -> Option<Metadata> {
        self.dir.metadata(relative).ok()
    }

    /// Bytes of the largest manifest, policy or schema.
    pub(crate) const MAX_TEXT: u64 = 1 << 20;

    /// Reads a source.
    pub(crate) fn read(&self, relative: &str) -> Result<Vec<u8>, SourceError> {
        self.read_at_most(relative, Self::MAX_SIZE)
    }

    /// Reads a manifest, a policy or a schema.
    pub(crate) fn read_text(&self, relative: &str) -> Result<Vec<u8>, SourceError> {
        self.read_at_most(relative, Self::MAX_TEXT)
    }

    /// Tells whether anything has this name, also a link to nothing.
    pub(crate) fn has_entry(&self, relative: &str) -> bool {
        self.dir.symlink_metadata(relative).is_ok()
    }

    /// Tells whether a directory, or a link to one below the root, has this name.
    pub(crate) fn is_directory(&self, relative: &str) -> bool {
        let metadata = self.dir.metadata(relative);
        metadata.is_ok_and(|metadata| metadata.is_dir())
    }

    fn read_at_most(&self, relative: &str, most: u64) -> Result<Vec<u8>, SourceError> {
        // Checked before opening, since opening a device may have effects.
        if !self.dir.metadata(relative)?.is_file() {
            return Err(SourceError::NotAFile);
        }
        let file = self.dir.open_with(relative, &without_waiting())?;
        // Checked again: the name may stand for another file by now.
        let metadata = file.metadata()?;
        if !metadata.is_file() {
            return Err(SourceError::NotAFile);
        }
        let size = metadata.len();
        let mut bytes = Vec::new();
        if size <= most {
            bytes.reserve_exact(usize::try_from(size).unwrap_or(0));
            file.take(most + 1).read_to_end(&mut bytes)?;
        }
        let size = size.max(bytes.len() as u64);
        if size > most {
            return Err(SourceError::TooLarge { size, most });
        }
        Ok(bytes)
    }

    /// Returns names of files directly in the directory, sorted, for
    /// suggestions. Unreadable entries are left out, and so are those after the
    /// first thousand: guests trigger this by asking for missing files.
    pub(crate) fn some_file_names(&self, relative: &str) -> Vec<String> {
        let mut names = self.file_names_among(relative, MAX_NAMES);
        names.sort();
        names
    }

    /// Returns the names of all entries directly in a directory below, sorted;
    /// none if there is no such directory. Bytes that are not UTF-8 become
    /// U+FFFD: no file has that name then.
    pub(crate) fn names_in(&self, relative: &str) -> Result<Vec<String>, SourceError> {
        let entries = match self.dir.read_dir(relative).map_err(SourceError::from) {
            Ok(entries) => entries,
            Err(SourceError::Missing) if !self.has_entry(relative) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
        let mut names = names.collect::<io::Result<Vec<String>>>()?;
        names.sort();
        Ok(names)
    }

    fn file_names_among(&self, relative: &str, most: usize) -> Vec<String> {
        let Ok(entries) = self.dir.read_dir(relative) else {
            return Vec::new();
        };
        entries
            .take(most)
            .flatten()
            .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_file()))
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect()
    }
}

/// Returns options for reading. A named pipe, which would wait for a writer,
/// opens at once.
fn without_waiting() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true);
    #[cfg(unix)]
    {
        use cap_std::fs::OpenOptionsExt;
        use rustix::fs::OFlags;
        let flags = OFlags::NONBLOCK | OFlags::NOCTTY;
        options.custom_flags(flags.bits().cast_signed());
    }
    options
}

/// Names in a directory that are scanned for a suggestion.
const MAX_NAMES: usize = 1_000;

/// Depth below which directories are not scanned.
const MAX_DEPTH: usize = 16;

/// Directories in which tools keep built or fetched files.
const OF_TOOLS: [&str; 2] = ["target", "node_modules"];

impl SourceRoot {
    /// Returns paths of the code files here and below, sorted, and of links to such
    /// files. Directories that are hidden, of tools, linked or unreadable are left out.
    pub(crate) fn code_files(&self) -> Vec<String> {
        let within = self.code_files_within(usize::MAX, usize::MAX);
        within.unwrap_or_default()
    }

    /// Returns the paths as [`SourceRoot::code_files`] does, if they are no more than
    /// `files` among at most `entries` entries of directories.
    pub(crate) fn code_files_within(
        &self,
        files: usize,
        entries: usize,
    ) -> Result<Vec<String>, TooMuch> {
        let mut search = Search {
            found: Vec::new(),
            root: &self.dir,
            files,
            entries,
        };
        search.collect(&self.dir, "", 0)?;
        search.found.sort();
        Ok(search.found)
    }
}

impl SourceRoot {
    /// Tells whether a search would find a file of code of this path, if there is one.
    pub(crate) fn searches(&self, path: &str) -> bool {
        if !place::is_plain(path) || Language::of(path).is_none() {
            return false;
        }
        let is_link = |path: &str| {
            let metadata = self.dir.symlink_metadata(path);
            metadata.is_ok_and(|metadata| metadata.is_symlink())
        };
        let mut directories = path.match_indices('/').map(|(end, _)| &path[..end]);
        path.matches('/').count() <= MAX_DEPTH
            && directories.all(|directory| {
                let name = directory.rsplit('/').next().unwrap_or(directory);
                is_searched(name) && !is_link(directory)
            })
    }
}

/// Tells whether a search looks into directories of this name.
fn is_searched(name: &str) -> bool {
    !name.starts_with('.') && !OF_TOOLS.contains(&name)
}

/// A search for code files within limits.
struct Search<'a> {
    found: Vec<String>,
    root: &'a Dir,
    /// Files that may still be found.
    files: usize,
    /// Entries that may still be looked at.
    entries: usize,
}

impl Search<'_> {
    /// Tells whether an entry is a file, or a link to one below the root.
    fn is_file(&self, kind: FileType, path: &str) -> bool {
        let is_linked = || {
            let metadata = self.root.metadata(path);
            metadata.is_ok_and(|metadata| metadata.is_file())
        };
        kind.is_file() || kind.is_symlink() && is_linked()
    }

    fn collect(&mut self, dir: &Dir, prefix: &str, depth: usize) -> Result<(), TooMuch> {
        let Ok(entries) = dir.entries() else {
            return Ok(());
        };
        for entry in entries.flatten() {
            self.entries = self.entries.checked_sub(1).ok_or(TooMuch::Entries)?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{prefix}{name}");
            match entry.file_type() {
                Ok(kind) if Language::of(&name).is_some() && self.is_file(kind, &path) => {
                    self.files = self.files.checked_sub(1).ok_or(TooMuch::Files)?;
                    self.found.push(path);
                }
                Ok(kind) if kind.is_dir() && depth < MAX_DEPTH => {
                    if let (true, Ok(below)) = (is_searched(&name), entry.open_dir()) {
                        self.collect(&below, &format!("{path}/"), depth + 1)?;
                    }
                }
                _ => {}
            }
        }
        Ok(())
    }
}

impl From<io::Error> for SourceError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => SourceError::Missing,
            // cap-std makes this error itself if a path would lead out of the
            // directory; an error of the system carries its number.
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
        assert_eq!(root.some_file_names("."), ["main.lua"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_directory_in_the_place_of_another_is_another_root() {
        let (outer, root) = root();
        let inner = outer.path().join("app");
        assert!(root.is(&SourceRoot::open(&inner).unwrap()));
        assert!(!root.is(&SourceRoot::open(&inner.join("lib")).unwrap()));
        std::os::unix::fs::symlink("app", outer.path().join("current")).unwrap();
        let linked = SourceRoot::open(&outer.path().join("current")).unwrap();
        assert!(root.is(&linked));
        fs::rename(&inner, outer.path().join("before")).unwrap();
        fs::create_dir(&inner).unwrap();
        assert!(!root.is(&SourceRoot::open(&inner).unwrap()));
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
        let found = root.code_files();
        assert_eq!(found, ["lib/a.lua", "main.lua", "x/y/d.wat"]);
        assert!(found.iter().all(|path| root.searches(path)));
        for path in ["target/b.lua", ".git/c.lua", "x/notes.txt", "x//d.wat"] {
            assert!(!root.searches(path), "{path}");
        }
        let deep = "d/".repeat(MAX_DEPTH);
        assert!(root.searches(&format!("{deep}a.lua")));
        assert!(!root.searches(&format!("{deep}d/a.lua")));
    }

    #[cfg(unix)]
    #[test]
    fn looking_for_code_ends_whatever_is_there() {
        use std::os::unix::fs::symlink;
        let (outer, root) = root();
        let inner = outer.path().join("app");
        symlink("..", inner.join("lib/up")).unwrap();
        symlink(".", inner.join("lib/here")).unwrap();
        symlink("loop.lua", inner.join("loop.lua")).unwrap();
        symlink("/", inner.join("all")).unwrap();
        symlink("../secret.lua", inner.join("outside.lua")).unwrap();
        symlink("nothing.lua", inner.join("lib/nothing.lua")).unwrap();
        symlink("lib", inner.join("directory.lua")).unwrap();
        symlink("../main.lua", inner.join("lib/linked.lua")).unwrap();
        let fifo = inner.join("lib/fifo.lua");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        fs::create_dir(inner.join("lib/directory.lua")).unwrap();
        let deep = (0..100).fold(inner.join("deep"), |path, _| path.join("d"));
        fs::create_dir_all(deep).unwrap();
        assert_eq!(root.code_files(), ["lib/linked.lua", "main.lua"]);
        assert!(root.searches("lib/linked.lua"));
        assert!(!root.searches("lib/here/main.lua"), "a linked directory");
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

    #[cfg(unix)]
    #[test]
    fn special_files_are_refused_at_once() {
        let (outer, root) = root();
        let fifo = outer.path().join("app/fifo.lua");
        rustix::fs::mkfifoat(rustix::fs::CWD, &fifo, rustix::fs::Mode::RWXU).unwrap();
        assert!(!root.has_file("fifo.lua").unwrap());
        assert!(matches!(root.read("fifo.lua"), Err(SourceError::NotAFile)));
        // Also if the pipe has replaced a file after the check.
        let opened = root.dir.open_with("fifo.lua", &without_waiting());
        assert!(!opened.unwrap().metadata().unwrap().is_file());
        assert_eq!(root.some_file_names("."), ["main.lua"]);
        assert_eq!(root.names_in(".").unwrap(), ["fifo.lua", "lib", "main.lua"]);
        assert!(root.names_in("none").unwrap().is_empty());
    }

    #[test]
    fn a_file_that_is_too_large_is_refused_before_it_is_read() {
        let (outer, root) = root();
        let file = fs::File::create(outer.path().join("app/large.lua")).unwrap();
        file.set_len(SourceRoot::MAX_TEXT + 1).unwrap();
        assert!(root.read("large.lua").is_ok());
        let error = root.read_text("large.lua").unwrap_err();
        assert!(matches!(
            error,
            SourceError::TooLarge {
                size: 1_048_577,
                ..
            }
        ));
        file.set_len(SourceRoot::MAX_SIZE + 1).unwrap();
        let error = root.read("large.lua").unwrap_err();
        assert!(matches!(error, SourceError::TooLarge { .. }), "{error}");
    }

    #[test]
    fn a_directory_is_not_a_file() {
        let (_outer, root) = root();
        assert!(matches!(root.read("lib"), Err(SourceError::NotAFile)));
        assert!(matches!(root.read("gone.lua"), Err(SourceError::Missing)));
    }
}
