//! The lines of Lua that processes run, as interpreters report them through the capability
//! `coverage`.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::{Caller, Capability, Step};
use warren_kernel::Error;
use warren_values::msgpack::{self, Input, Token};

use crate::apply::Versions;

/// Counts of how often each line of a program's Lua has run. A clone shares the counts, and so
/// do several runtimes that are given the same ones.
///
/// A process that is terminated, or ends by a trap, counts each of its lines once.
///
/// ```
/// use warren::{Coverage, Runtime};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = std::env::temp_dir().join("warren-doctest-cache");
/// let coverage = Coverage::default();
/// let runtime = Runtime::builder()
///     .lua("app:max", "return function(a, b)\nif a > b then\nreturn a\nend\nreturn b\nend")
///     .coverage(&coverage)
/// #    .cache(cache)
///     .start()?;
/// let max = warren::Spawn::new("app:max").arg(1).arg(2);
/// assert_eq!(runtime.exec::<i64>(max).await?, 2);
/// let files = coverage.files();
/// assert_eq!(&*files[0].name, "app:max.lua");
/// assert_eq!(files[0].lines, [(1, 1), (2, 1), (3, 0), (5, 1)]);
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Coverage {
    files: Arc<Mutex<BTreeMap<Arc<str>, Counts>>>,
}

/// A file of Lua that processes have loaded, with counts of its lines.
///
/// ```
/// use warren::CoveredFile;
///
/// fn covered(file: &CoveredFile) -> usize {
///     file.lines.iter().filter(|(_, count)| *count > 0).count()
/// }
/// assert!(warren::Coverage::default().files().is_empty());
/// # let _ = covered;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CoveredFile {
    /// The name of the file in messages: a path below the program's root.
    pub name: Arc<str>,
    /// The lines that have code, in order, each with the number of times that it has run.
    pub lines: Vec<(u32, u64)>,
}

/// The counts of a file.
#[derive(Debug, Default)]
struct Counts {
    /// The last line of the file.
    last: u32,
    lines: BTreeMap<u32, u64>,
}

impl Coverage {
    /// Returns the files that processes have loaded so far, by their names.
    pub fn files(&self) -> Vec<CoveredFile> {
        let files = self.files.lock();
        let file = |(name, counts): (&Arc<str>, &Counts)| CoveredFile {
            name: Arc::clone(name),
            lines: counts
                .lines
                .iter()
                .map(|(line, count)| (*line, *count))
                .collect(),
        };
        files.iter().map(file).collect()
    }
}

/// Takes the counts of the program's own files. Lines beyond the end of a file are dropped, so
/// the program's files bound the counts.
pub(crate) struct CountsLines {
    versions: Arc<Versions>,
    coverage: Coverage,
}

impl CountsLines {
    pub(crate) fn new(versions: Arc<Versions>, coverage: Coverage) -> CountsLines {
        CountsLines { versions, coverage }
    }

    fn add(&self, request: &[u8]) -> Result<(), Error> {
        let malformed = || Error::invalid("the request is not an array of a file and its lines");
        let mut input = Input::new(request);
        let Ok(Token::Array(2)) = input.token() else {
            return Err(malformed());
        };
        let Ok(Token::String(name)) = input.token() else {
            return Err(malformed());
        };
        let name = msgpack::text(name).ok_or_else(malformed)?;
        let Ok(Token::Array(len)) = input.token() else {
            return Err(malformed());
        };
        let mut files = self.coverage.files.lock();
        if !files.contains_key(name) {
            let Some(last) = self.last_line(name) else {
                return Ok(());
            };
            let lines = BTreeMap::new();
            files.insert(name.into(), Counts { last, lines });
        }
        let Some(counts) = files.get_mut(name) else {
            return Ok(());
        };
        for _ in 0..len / 2 {
            let (Ok(Token::Integer(line)), Ok(Token::Integer(count))) =
                (input.token(), input.token())
            else {
                return Err(malformed());
            };
            let (Ok(line), Ok(count)) = (u32::try_from(line), u64::try_from(count)) else {
                return Err(malformed());
            };
            if (1..=counts.last).contains(&line) {
                let sum = counts.lines.entry(line).or_default();
                *sum = sum.saturating_add(count);
            }
        }
        Ok(())
    }

    /// Returns the number of the last line of a file of Lua; `None` if the program has no such
    /// file.
    fn last_line(&self, name: &str) -> Option<u32> {
        if !name.ends_with(".lua") {
            return None;
        }
        let source = self.versions.definitions().file(name)?;
        let ends = source.iter().filter(|byte| **byte == b'\n').count();
        Some(u32::try_from(ends).unwrap_or(u32::MAX).saturating_add(1))
    }
}

impl Capability for CountsLines {
    fn name(&self) -> &'static str {
        "coverage"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        /// Nothing, in MessagePack.
        const NIL: u8 = 0xc0;
        match operation {
            "add" => Step::Done(self.add(request).map(|()| vec![NIL])),
            _ => Step::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Version;
    use crate::definitions::{LayeredDefinitions, LayeredFiles};
    use crate::own_directories::OwnDirectories;
    use warren_capabilities::server::Server;
    use warren_capabilities::{Metrics, TokenStores, Volumes};
    use warren_engine::Source;
    use warren_values::msgpack::Output;

    /// Returns the counts of a program with the file `m.lua`, of three lines.
    fn counts() -> CountsLines {
        let source = Source {
            name: "m.lua".into(),
            bytes: b"a\nb\nc"[..].into(),
        };
        let files = LayeredFiles {
            modules: Arc::new([("m".to_owned(), source)].into()),
            ..LayeredFiles::default()
        };
        let version = Version {
            definitions: Arc::new(LayeredDefinitions {
                files: Arc::new(files),
                ..LayeredDefinitions::default()
            }),
            ..Version::default()
        };
        let server = Server::new(TokenStores::default(), Volumes::default(), None);
        let parts = (server, Metrics::default());
        let versions = Versions::new(version, None, OwnDirectories::default(), parts);
        CountsLines::new(Arc::new(versions), Coverage::default())
    }

    fn request(file: &str, lines: &[i64]) -> Vec<u8> {
        let mut request = Output::new();
        request.array(2).unwrap();
        request.string(file.as_bytes()).unwrap();
        request.array(lines.len().try_into().unwrap()).unwrap();
        for number in lines {
            request.integer(*number).unwrap();
        }
        request.as_slice().to_vec()
    }

    #[test]
    fn counts_add_up_within_the_program() {
        let counts = counts();
        counts.add(&request("m.lua", &[1, 0, 3, 0])).unwrap();
        counts.add(&request("m.lua", &[1, 2, 3, 0])).unwrap();
        counts.add(&request("m.lua", &[1, 3, 4, 1, 0, 1])).unwrap();
        counts.add(&request("other.lua", &[1, 1])).unwrap();
        counts.add(&request("m.wasm", &[1, 1])).unwrap();
        let files = counts.coverage.files();
        assert_eq!(files.len(), 1);
        assert_eq!(&*files[0].name, "m.lua");
        assert_eq!(files[0].lines, [(1, 5), (3, 0)]);
    }

    #[test]
    fn a_request_of_another_form_is_invalid() {
        let counts = counts();
        for request in [
            &[][..],
            &[0x90],
            &[0x92, 1, 0x90],
            &[0x92, 0xa1, 0xff, 0x90],
            &[0x92, 0xa1, b'm', 1],
            &request("m.lua", &[-1, 1]),
            &request("m.lua", &[1, -1]),
        ] {
            assert!(counts.add(request).is_err(), "{request:?}");
        }
    }
}
