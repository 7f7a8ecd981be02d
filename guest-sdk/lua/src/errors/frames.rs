//! The place where an error was made: a line for each frame of Lua, innermost first.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use super::part;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, State};

/// The most frames that an error notes.
const MOST: usize = 20;

/// Notes the frames of the running coroutine in the error on top of the stack.
pub(super) fn note(l: State) {
    // The text is handed over before anything raises.
    let text = frames(l);
    push_text(l, text);
    l.set_user_value(-2, part::STACK);
    l.push_string(if interpreter(l).program.get() == Some(l) {
        c"main"
    } else {
        c"coroutine"
    });
    l.set_user_value(-2, part::THREAD);
}

/// Pushes the list of the frames that a text of lines has, as tables.
pub(super) fn push_list(l: State, text: &[u8]) {
    l.new_table(0, 0);
    let mut level = 0;
    for line in text.split(|byte| *byte == b'\n') {
        let Some(frame) = Frame::parse(line.trim_ascii()) else {
            continue;
        };
        level += 1;
        l.new_table(0, 5);
        l.push_integer(level);
        l.set_field(-2, c"level");
        l.push_bytes(frame.source);
        l.set_field(-2, c"source");
        l.push_integer(frame.line);
        l.set_field(-2, c"line");
        l.push_bytes(frame.name);
        l.set_field(-2, c"name");
        l.push_bytes(frame.kind);
        l.set_field(-2, c"type");
        l.set_element(-2, level);
    }
}

/// A line such as `main.lua:3: in function 'greet'`.
struct Frame<'a> {
    source: &'a [u8],
    line: lua_Integer,
    /// The name of the function, empty where it has none.
    name: &'a [u8],
    /// `main chunk`, `function`, `method` and so on.
    kind: &'a [u8],
}

impl<'a> Frame<'a> {
    fn parse(text: &'a [u8]) -> Option<Self> {
        const IN: &[u8] = b": in ";
        let at = text.windows(IN.len()).rposition(|window| window == IN)?;
        let (place, rest) = (&text[..at], &text[at + IN.len()..]);
        let colon = place.iter().rposition(|byte| *byte == b':')?;
        let line = str::from_utf8(&place[colon + 1..]).ok()?.parse().ok()?;
        let (kind, name) = match rest.iter().position(|byte| matches!(byte, b'\'' | b'<')) {
            Some(quote) if rest[quote] == b'\'' => (
                rest[..quote].trim_ascii(),
                rest[quote + 1..].strip_suffix(b"'").unwrap_or_default(),
            ),
            Some(angle) => (rest[..angle].trim_ascii(), &[][..]),
            None => (rest, &[][..]),
        };
        Some(Self {
            source: &place[..colon],
            line,
            name,
            kind,
        })
    }
}

/// Returns the lines of the frames of Lua that the running coroutine has, and `...` behind
/// them if it has more.
fn frames(l: State) -> String {
    let mut text = String::new();
    let (mut level, mut found) = (0, 0);
    while let Some(line) = line_at(l, level) {
        level += 1;
        if line.is_empty() {
            continue;
        }
        if found > 0 {
            text.push('\n');
        }
        if found == MOST {
            text.push_str("...");
            break;
        }
        text.push_str(&line);
        found += 1;
    }
    text
}

/// Returns the line of a frame, which is empty for functions of C and of the prelude;
/// `None` where there is no such frame.
fn line_at(l: State, level: c_int) -> Option<String> {
    l.with_frame(level, |frame| {
        frame.ask(c"Sln");
        line_of(frame)
    })
}

fn line_of(frame: &lua::Frame) -> String {
    if frame.line() <= 0 {
        return String::new();
    }
    let source = frame.short_source().to_string_lossy();
    let kind = frame.name_kind().to_string_lossy();
    let name = frame.name().map(CStr::to_string_lossy);
    let place = format!("{source}:{}: in ", frame.line());
    match name {
        _ if frame.language() == c"main" => place + "main chunk",
        Some(name) if matches!(&*kind, "" | "global") => format!("{place}function '{name}'"),
        Some(name) => format!("{place}{kind} '{name}'"),
        None => format!("{place}function <{source}:{}>", frame.first_line()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_become_frames() {
        let frame = Frame::parse(b"a:b.lua:12: in method 'buy'").expect("it is a frame");
        assert_eq!(
            (frame.source, frame.line, frame.name, frame.kind),
            (&b"a:b.lua"[..], 12, &b"buy"[..], &b"method"[..])
        );
        let frame = Frame::parse(b"main.lua:1: in main chunk").expect("it is a frame");
        assert_eq!((frame.name, frame.kind), (&b""[..], &b"main chunk"[..]));
        let frame = Frame::parse(b"m.lua:4: in function <m.lua:2>").expect("it is a frame");
        assert_eq!((frame.name, frame.kind), (&b""[..], &b"function"[..]));
        assert!(Frame::parse(b"[C]: in ?").is_none());
        assert!(Frame::parse(b"stack traceback:").is_none());
        assert!(Frame::parse(b"...").is_none());
        assert!(Frame::parse(b"... 19 more").is_none());
    }
}
