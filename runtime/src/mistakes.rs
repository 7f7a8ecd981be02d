//! Likely mistakes of programs, as guests report them through the capability `mistake`.

mod comment;

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::capability::{Caller, Capability, Step};
use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Input, Token};

use crate::apply::Versions;

/// A likely mistake in the code of a process, such as an error that nobody looks at.
///
/// ```
/// use warren::Runtime;
///
/// let builder = Runtime::builder().mistakes(|mistake| eprintln!("{mistake}"));
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Mistake<'a> {
    /// The file, as a path below the program's root; a name in messages for code that is
    /// in no file.
    pub file: &'a str,
    /// The line, from 1; 0 if unknown.
    pub line: u32,
    /// The mistake, and what to do. One line.
    pub message: &'a str,
}

impl fmt::Display for Mistake<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Mistake {
            file,
            line,
            message,
        } = self;
        write!(f, "{file}:{line}: {message}")
    }
}

/// A function that takes mistakes, on a thread that runs processes.
pub(crate) type Hook = Arc<dyn Fn(&Mistake<'_>) + Send + Sync>;

/// A call of a program: its file, its line, and its number, which tells the calls of a line
/// from one another.
type Place = (Box<str>, u32, i64);

/// Places that are kept. Mistakes in further ones are not told.
const MAX_PLACES: usize = 1_000;

/// Bytes of a file's name and of a message, which are cut off beyond.
const MAX_TEXT: usize = 2_048;

/// Tells each place of the program once.
pub(crate) struct Mistakes {
    versions: Arc<Versions>,
    /// Without a hook all mistakes are dropped.
    hook: Option<Hook>,
    told: Mutex<HashSet<Place>>,
}

impl Mistakes {
    pub(crate) fn new(versions: Arc<Versions>, hook: Option<Hook>) -> Mistakes {
        Mistakes {
            versions,
            hook,
            told: Mutex::default(),
        }
    }

    fn tell(&self, request: &[u8]) -> Result<(), Error> {
        let Some(hook) = &self.hook else {
            return Ok(());
        };
        let Report {
            file,
            line,
            message,
            number,
        } = read(request)?;
        let mut told = self.told.lock();
        if told.len() >= MAX_PLACES || !told.insert((file.clone().into(), line, number)) {
            return Ok(());
        }
        drop(told);
        if !self.is_silenced(&file, line) {
            hook(&Mistake {
                file: &file,
                line,
                message: &message,
            });
        }
        Ok(())
    }

    /// Returns true if the line ends with a comment that silences it.
    fn is_silenced(&self, file: &str, line: u32) -> bool {
        let Some(source) = self.versions.definitions().file(file) else {
            return false;
        };
        comment::silences(&source, line)
    }
}

impl Capability for Mistakes {
    fn name(&self) -> &'static str {
        "mistake"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        /// Nothing, in MessagePack.
        const NIL: u8 = 0xc0;
        match operation {
            "warn" => Step::Done(self.tell(request).map(|()| vec![NIL])),
            _ => Step::Unknown,
        }
    }
}

/// A mistake as a guest reports it.
struct Report {
    file: String,
    line: u32,
    message: String,
    /// The number of the call among those of its line.
    number: i64,
}

/// Reads a request. The number of the call is 0 if the guest does not know it.
fn read(request: &[u8]) -> Result<Report, Error> {
    let malformed = || {
        Error::invalid(
            "the request is not an array of a file, a line, a message and perhaps a number",
        )
    };
    let mut input = Input::new(request);
    let has_number = match input.token() {
        Ok(Token::Array(3)) => false,
        Ok(Token::Array(4)) => true,
        _ => return Err(malformed()),
    };
    let file = match input.token() {
        Ok(Token::String(bytes)) => shown(bytes),
        _ => return Err(malformed()),
    };
    let line = match input.token() {
        Ok(Token::Integer(line)) => u32::try_from(line).unwrap_or(0),
        _ => return Err(malformed()),
    };
    let message = match input.token() {
        Ok(Token::String(bytes)) => shown(bytes),
        _ => return Err(malformed()),
    };
    let number = match has_number.then(|| input.token()) {
        None => 0,
        Some(Ok(Token::Integer(number))) => number,
        Some(_) => return Err(malformed()),
    };
    Ok(Report {
        file,
        line,
        message,
        number,
    })
}

/// Makes one line of a guest's text, without what a terminal would obey.
fn shown(bytes: &[u8]) -> String {
    let bytes = bytes.get(..MAX_TEXT).unwrap_or(bytes);
    let read = msgpack::text(bytes).map_or_else(
        || String::from_utf8_lossy(bytes).into_owned(),
        str::to_owned,
    );
    text::line(&read).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::apply::Version;
    use crate::definitions::{LayeredDefinitions, LayeredFiles};
    use crate::own_directories::OwnDirectories;
    use warren_capabilities::server::Server;
    use warren_capabilities::{Metrics, TokenStores, Volumes};
    use warren_engine::{Code, Source};
    use warren_values::msgpack::Output;

    /// Returns the places that are told.
    fn told(definitions: LayeredDefinitions, requests: &[(&str, i64)]) -> Vec<String> {
        let requests: Vec<_> = requests
            .iter()
            .map(|(file, line)| request(file, *line, None))
            .collect();
        told_of(definitions, &requests)
    }

    /// Returns a request of a guest, which may know the number of the call.
    fn request(file: &str, line: i64, number: Option<i64>) -> Output {
        let mut request = Output::new();
        request.array(3 + u32::from(number.is_some())).unwrap();
        request.string(file.as_bytes()).unwrap();
        request.integer(line).unwrap();
        request.string(b"no\tgood").unwrap();
        if let Some(number) = number {
            request.integer(number).unwrap();
        }
        request
    }

    fn told_of(definitions: LayeredDefinitions, requests: &[Output]) -> Vec<String> {
        let told = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&told);
        let hook: Hook = Arc::new(move |mistake| kept.lock().push(mistake.to_string()));
        let version = Version {
            definitions: Arc::new(definitions),
            ..Version::default()
        };
        let server = Server::new(TokenStores::default(), Volumes::default(), None);
        let parts = (server, Metrics::default());
        let versions = Versions::new(version, None, OwnDirectories::default(), parts);
        let mistakes = Mistakes::new(Arc::new(versions), Some(hook));
        for request in requests {
            mistakes.tell(request.as_slice()).unwrap();
        }
        drop(mistakes);
        Arc::into_inner(told).unwrap().into_inner()
    }

    #[test]
    fn each_place_is_told_once() {
        let told = told(
            LayeredDefinitions::default(),
            &[("a.lua", 1), ("a.lua", 1), ("a.lua", 2), ("b.lua", 1)],
        );
        assert_eq!(
            told,
            [
                "a.lua:1: no\\tgood",
                "a.lua:2: no\\tgood",
                "b.lua:1: no\\tgood"
            ]
        );
    }

    #[test]
    fn each_call_of_a_line_is_told_once() {
        let calls = [Some(4), Some(9), Some(4), None, Some(0), None];
        let requests = calls.map(|number| request("a.lua", 1, number));
        assert_eq!(
            told_of(LayeredDefinitions::default(), &requests),
            ["a.lua:1: no\\tgood"; 3]
        );
    }

    #[test]
    fn there_is_an_end_of_places() {
        let files: Vec<String> = (0..2 * MAX_PLACES)
            .map(|number| number.to_string())
            .collect();
        let requests: Vec<(&str, i64)> = files.iter().map(|file| (&**file, 1)).collect();
        assert_eq!(
            told(LayeredDefinitions::default(), &requests).len(),
            MAX_PLACES
        );
    }

    #[test]
    fn a_comment_silences_its_line() {
        let source = Source {
            name: "m.lua".into(),
            bytes: b"f() -- lint: off\nf()\nf() --lint:off\nf('-- lint: off')"[..].into(),
        };
        let files = LayeredFiles {
            modules: Arc::new([("m".to_owned(), source)].into()),
            ..LayeredFiles::default()
        };
        let definitions = LayeredDefinitions {
            files: Arc::new(files),
            ..LayeredDefinitions::default()
        };
        let requests = [
            ("m.lua", 1),
            ("m.lua", 2),
            ("m.lua", 3),
            ("m.lua", 4),
            ("m.lua", 9),
        ];
        assert_eq!(
            told(definitions, &requests),
            [
                "m.lua:2: no\\tgood",
                "m.lua:4: no\\tgood",
                "m.lua:9: no\\tgood"
            ]
        );
    }

    #[test]
    fn definitions_have_files() {
        let definition = warren_engine::Definition {
            id: "app:x".into(),
            code: Code::Lua(Source {
                name: "app:x.lua".into(),
                bytes: b"f() -- lint: off"[..].into(),
            }),
            method: "main".into(),
            host: None,
            grants: Arc::default(),
        };
        let definitions = LayeredDefinitions {
            own: [("app:x".into(), Arc::new(definition))]
                .into_iter()
                .collect(),
            ..LayeredDefinitions::default()
        };
        assert_eq!(told(definitions, &[("app:x.lua", 1)]), [""; 0]);
    }

    #[test]
    fn a_request_of_another_form_is_invalid() {
        let hook: Hook = Arc::new(|_| {});
        let mistakes = Mistakes::new(Arc::default(), Some(hook));
        assert!(mistakes.tell(&[0x93, 1, 2, 3]).is_err());
        assert!(mistakes.tell(&[0x90]).is_err());
        assert!(mistakes.tell(&[0x94, 0xa0, 1, 0xa0, 0xa0]).is_err());
        assert!(mistakes.tell(&[0x94, 0xa0, 1, 0xa0]).is_err());
        assert!(mistakes.tell(&[0x94, 0xa0, 1, 0xa0, 7]).is_ok());
        assert!(mistakes.tell(&[]).is_err());
    }
}
