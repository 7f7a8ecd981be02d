//! Writing to the log; the library `logger` is in `prelude/logger.lua`.

use std::ffi::c_int;

use warren_guest::logger::{self, Level};
use warren_guest::msgpack::{Input, Token};
use warren_guest::{Buffer, capability};

use crate::encode;
use crate::exchange;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{Functions, State};
use crate::public;

/// The functions that `prelude/logger.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"log", log), (c"place", place)];

/// `place(level)`: false where nobody takes records of the level; else the place from which
/// the program has called the public function that runs, or nil where C has called it. In
/// the code of the definition the place is its id and a line, elsewhere a file and a line.
extern "C-unwind" fn place(l: State) -> c_int {
    let level = l.check_integer(1) as u8;
    // The buffer is put back before anything can raise.
    let interpreter = interpreter(l);
    let mut buffer = interpreter.buffer.take();
    let place = match wanted(level, &mut buffer) {
        Wanted::No => None,
        Wanted::By(definition, source) => Some(place_of_call(l, definition, source)),
    };
    interpreter.buffer.set(buffer);
    match place {
        None => l.push_boolean(false),
        Some(None) => l.push_nil(),
        Some(Some(text)) => push_text(l, text),
    }
    1
}

/// The answer to whether records of a level are wanted.
enum Wanted<'a> {
    No,
    /// By the definition with this id, whose code has this name.
    By(&'a [u8], &'a [u8]),
}

fn wanted(level: u8, buffer: &mut Buffer) -> Wanted<'_> {
    // A list of one small integer.
    let answer = match capability::call("logger.place", &[0x91, level], buffer) {
        Ok(capability::Called::Value(answer)) => answer,
        // The record will tell, and its place has the name of the file.
        _ => return Wanted::By(b"", b""),
    };
    let mut input = Input::new(answer);
    match (input.token(), input.token(), input.token()) {
        (Ok(Token::Array(2)), Ok(Token::String(definition)), Ok(Token::String(source))) => {
            Wanted::By(definition, source)
        }
        _ => Wanted::No,
    }
}

fn place_of_call(l: State, definition: &[u8], source: &[u8]) -> Option<String> {
    public::with_caller(l, |frame| {
        let file = frame.source().to_bytes();
        let is_of_definition = !source.is_empty() && file.strip_prefix(b"@") == Some(source);
        let name = if is_of_definition {
            definition
        } else {
            frame.short_source().to_bytes()
        };
        format!("{}:{}", String::from_utf8_lossy(name), frame.line())
    })
}

/// `log(level, name, message, fields or nil)`: the prelude has checked the
/// types.
extern "C-unwind" fn log(l: State) -> c_int {
    // The output is put back before anything can raise.
    l.set_top(4);
    let level = match l.check_integer(1) {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        _ => Level::Error,
    };
    let name = lossy(l, 2);
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    let has_fields = !l.is_nil(4);
    let encoded = if has_fields {
        encode::value(l, 4, "fields", &mut output)
    } else {
        Ok(())
    };
    if encoded.is_ok() {
        logger::log(
            level,
            &name,
            &lossy(l, 3),
            has_fields.then_some(output.as_slice()),
        );
    }
    interpreter.output.set(output);
    drop(name);
    match encoded {
        Ok(()) => {
            l.push_boolean(true);
            1
        }
        Err(stop) => exchange::stopped(l, stop, "fields"),
    }
}

/// The string at `index` as text; bytes that are no UTF-8 are replaced.
fn lossy<'a>(l: State, index: c_int) -> std::borrow::Cow<'a, str> {
    // SAFETY: the string is an argument, on the stack until the function returns.
    String::from_utf8_lossy(unsafe { l.bytes(index) }.unwrap_or_default())
}
