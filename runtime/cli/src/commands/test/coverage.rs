//! `--coverage`: the lines of the program's Lua that the tests have run.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use warren::{Builder, Coverage, Sink, Spawn, StartError, Stream, Value, text};

/// The files of a program without its tests, with how often each line has run.
#[derive(Debug, Default)]
pub(super) struct Covered {
    /// The directory that the names of the files are below.
    pub(super) root: PathBuf,
    pub(super) files: Vec<CoveredFile>,
}

/// A file of the program.
#[derive(Debug)]
pub(super) struct CoveredFile {
    pub(super) name: String,
    /// The lines with code, in order, each with the number of times that it has run.
    pub(super) lines: Vec<(u32, u64)>,
}

/// Lines that have run, of all lines with code.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Share {
    pub(super) covered: usize,
    pub(super) lines: usize,
}

impl Covered {
    /// Returns what was counted of some files. Files that no process has loaded are left out.
    pub(super) fn of(root: PathBuf, files: &[String], coverage: &Coverage) -> Covered {
        let loaded = coverage.files().into_iter();
        let mut loaded: BTreeMap<Arc<str>, _> =
            loaded.map(|file| (file.name, file.lines)).collect();
        let file = |name: &String| {
            Some(CoveredFile {
                name: name.clone(),
                lines: loaded.remove(name.as_str())?,
            })
        };
        Covered {
            root,
            files: files.iter().filter_map(file).collect(),
        }
    }

    /// Returns the lines of all files.
    pub(super) fn share(&self) -> Share {
        let shares = self.files.iter().map(CoveredFile::share);
        shares.fold(Share::default(), |sum, share| Share {
            covered: sum.covered + share.covered,
            lines: sum.lines + share.lines,
        })
    }

    /// Returns the counts in the format of lcov.
    pub(super) fn lcov(&self) -> String {
        let here = env::current_dir().and_then(|here| here.canonicalize());
        let root: &Path = match here {
            Ok(here) => self.root.strip_prefix(here).unwrap_or(&self.root),
            Err(_) => &self.root,
        };
        let files = self.files.iter().map(|file| file.lcov(root));
        files.collect()
    }
}

impl CoveredFile {
    pub(super) fn share(&self) -> Share {
        Share {
            covered: self.lines.iter().filter(|(_, count)| *count > 0).count(),
            lines: self.lines.len(),
        }
    }

    /// Returns the lines that did not run.
    pub(super) fn missing(&self) -> Vec<u32> {
        let missing = self.lines.iter().filter(|(_, count)| *count == 0);
        missing.map(|(line, _)| *line).collect()
    }

    fn lcov(&self, root: &Path) -> String {
        let path = root.join(&self.name);
        let mut record = format!("TN:\nSF:{}\n", text::path(&path));
        for (line, count) in &self.lines {
            record += &format!("DA:{line},{count}\n");
        }
        let Share { covered, lines } = self.share();
        record + &format!("LF:{lines}\nLH:{covered}\nend_of_record\n")
    }
}

impl Share {
    /// Returns tenths of a percent, 1,000 only if every line has run.
    pub(super) fn per_mille(self) -> usize {
        match self.lines {
            0 => 1_000,
            lines => self.covered.saturating_mul(1_000) / lines,
        }
    }
}

/// The definition of a process that loads a file, and does not run it.
const LOADER: &str = "warren.test:loader";

/// Its code.
const LOADS: &str = "return function(path) package.searchpath(path, '?', '') end";

/// Has the files loaded that no test has loaded, so that their lines are known.
pub(super) async fn load_rest(
    builder: Builder,
    files: &[String],
    coverage: &Coverage,
) -> Result<(), StartError> {
    let loaded = coverage.files();
    let is_loaded = |file: &str| loaded.iter().any(|loaded| *loaded.name == *file);
    let rest: Vec<&String> = files.iter().filter(|file| !is_loaded(file)).collect();
    if rest.is_empty() {
        return Ok(());
    }
    let runtime = builder
        .coverage(coverage)
        .lua(LOADER, LOADS)
        .output(Nowhere)
        .log(|_| ())
        .mistakes(|_| ())
        .start()?;
    for file in rest {
        // A file that does not compile has no lines.
        let load = Spawn::new(LOADER).arg(file.as_str());
        let _ = runtime.exec::<Value>(load).await;
    }
    runtime.shutdown(Duration::ZERO).await;
    Ok(())
}

/// Output that nobody reads.
struct Nowhere;

impl Sink for Nowhere {
    fn write(&mut self, _: Stream, _: &[u8]) {}
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_all_lines_are_all() {
        let per_mille = |covered, lines| Share { covered, lines }.per_mille();
        assert_eq!(per_mille(0, 7), 0);
        assert_eq!(per_mille(2, 3), 666);
        assert_eq!(per_mille(9_999, 10_000), 999);
        assert_eq!(per_mille(3, 3), 1_000);
        assert_eq!(per_mille(0, 0), 1_000);
    }

    #[test]
    fn a_record_of_lcov_has_each_line() {
        let file = CoveredFile {
            name: "lib/a.lua".to_owned(),
            lines: vec![(1, 3), (4, 0)],
        };
        assert_eq!(file.missing(), [4]);
        assert_eq!(
            file.lcov(Path::new("shop")),
            "TN:\nSF:shop/lib/a.lua\nDA:1,3\nDA:4,0\nLF:2\nLH:1\nend_of_record\n"
        );
    }
}
