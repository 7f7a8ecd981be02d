//! The execution of examples.

use std::fs::{self, File};
use std::sync::LazyLock;
use std::time::Duration;

use warren_tests::{Program, Site, TimedOut, free_address};

use crate::document::Example;

/// The site that examples find at `127.0.0.1:8080`.
static SITE: LazyLock<Site> = LazyLock::new(Site::start);

/// The address at which examples listen themselves.
const OWN: &str = "127.0.0.1:9090";

/// Runs an example with the real command.
///
/// # Errors
/// The first difference from the stated result.
pub(crate) fn run(example: &Example, limit: Duration) -> Result<(), String> {
    let own = free_address();
    let placed = |text: &str| SITE.put_into(text).replace(OWN, &own);
    let written = |text: &str| SITE.take_out_of(text).replace(&own, OWN);
    let files: Vec<_> = example
        .files
        .iter()
        .map(|(name, source)| (&**name, placed(source)))
        .collect();
    let program = Program::of(&files);
    let stdin = program.path().join("stdin.txt");
    let opened = fs::write(&stdin, &example.stdin).and_then(|()| File::open(&stdin));
    let options = example.options.iter().map(|option| placed(option));
    let mut session = program
        .command()
        .options(options)
        .stdin(opened.map_err(|error| error.to_string())?)
        .start()
        .within(limit);
    let mut expected = example.stdout.iter();
    loop {
        let line = match session.line() {
            Ok(line) => line.map(|line| written(&shown(&line))),
            Err(TimedOut) => return Err("not done in time".to_owned()),
        };
        let wanted = expected.next();
        if line.as_ref() != wanted {
            let rest = match line.is_some() {
                true => String::new(),
                false => session.end().stderr,
            };
            return Err(format!("{wanted:?} was expected, not {line:?}\n{rest}"));
        }
        if line.is_none() {
            break;
        }
    }
    let outcome = session.end();
    if outcome.status != Some(example.status) {
        return Err(format!("status {} was expected: {outcome}", example.status));
    }
    let missing = example
        .stderr
        .iter()
        .find(|text| !written(&outcome.stderr).contains(*text));
    match missing {
        None => Ok(()),
        Some(text) => Err(format!("{text:?} was not said: {outcome}")),
    }
}

/// Returns a line as the document shows it: a tab is two spaces.
fn shown(line: &[u8]) -> String {
    let line = String::from_utf8_lossy(line).replace('\t', "  ");
    line.trim_end().to_owned()
}
