//! Code that is in no file: that of `-e`, or of standard input.

use std::io::{self, Read};

use warren::app::App;
use warren::{Definition, Source};

use super::args::{Code, RunArgs};
use crate::exit::Exit;
use crate::report::failure::Failure;

/// The definition that the first process runs then.
pub(super) const DEFINITION: &str = "warren:input";

/// The most bytes of code from standard input.
const MAX_INPUT: u64 = 16 << 20;

/// Returns the code, with its name in messages; `None` for a program whose files have it.
pub(super) fn read(args: &RunArgs) -> Result<Option<Source>, Box<Failure>> {
    let (name, text) = match args.code() {
        None => return Ok(None),
        Some(Code::Text(text)) => ("-e", text.as_bytes().to_vec()),
        Some(Code::Stdin) => ("stdin", of_stdin()?),
    };
    Ok(Some(Source {
        name: name.into(),
        bytes: text.into(),
    }))
}

/// Returns the definition of the first process, with the grants of the program.
pub(super) fn definition(app: &App, source: Source) -> Definition {
    Definition {
        code: warren::Code::Lua(source),
        ..Definition::clone(app.main_definition())
    }
}

fn of_stdin() -> Result<Vec<u8>, Box<Failure>> {
    let failed = |reason: String| {
        let message = format!("cannot read the program from standard input: {reason}");
        Box::new(Failure::new(Exit::Usage, message))
    };
    let mut text = Vec::new();
    let read = io::stdin()
        .lock()
        .take(MAX_INPUT + 1)
        .read_to_end(&mut text);
    read.map_err(|error| failed(error.to_string()))?;
    if text.len() as u64 > MAX_INPUT {
        return Err(failed(format!("it has more than {MAX_INPUT} bytes")));
    }
    Ok(text)
}
