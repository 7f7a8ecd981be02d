//! Tracebacks of a program, without the frames of the prelude.

use std::ffi::c_int;

use mlua_sys::*;

use crate::interpreter::push_text;
use crate::lua::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"traceback", traceback)];

/// The beginning of the lines of the prelude, whose chunks are stripped.
const HIDDEN: &str = "\t?: in ";

/// The beginning of Lua's line for the calls in the middle of a deep stack, and of the line in
/// its place: a report shows a tab within a line as an escape.
const SKIPPING: [&str; 2] = ["\n\t...\t(skipping ", "\n\t... (skipping "];

/// Pushes the traceback of `thread`, which has failed, onto the stack of `l`.
pub(crate) fn push(l: State, thread: State) {
    // The text is handed over before anything raises.
    l.push_traceback(thread, 0);
    let shown =
        without_lines(&l.lossy(-1).unwrap_or_default(), HIDDEN).replace(SKIPPING[0], SKIPPING[1]);
    push_text(l, shown);
    l.remove(-2);
}

/// `debug.traceback([thread,] [message [, level]])`, as Lua has it.
pub(crate) extern "C-unwind" fn traceback(l: State) -> c_int {
    let (thread, arg) = match l.to_thread(1) {
        None => (l, 0),
        Some(thread) => (thread, 1),
    };
    l.set_top(arg + 2);
    if !matches!(l.type_of(arg + 1), LUA_TNIL | LUA_TSTRING | LUA_TNUMBER) {
        l.push_value(arg + 1);
        return 1;
    }
    // The function itself is level 0.
    let level = l.optional_integer(arg + 2, (thread == l).into());
    let level = c_int::try_from(level).unwrap_or(c_int::MAX);
    l.push_traceback_behind(arg + 1, thread, level);
    // A message ends at its first zero, as it does in Lua.
    let message = l.with_bytes(arg + 1, |message| {
        let message = message.unwrap_or_default();
        let end = message.iter().position(|byte| *byte == 0);
        end.unwrap_or(message.len())
    });
    l.with_bytes(-1, |text| {
        l.push_bytes(parts(text.unwrap_or_default(), message).0);
    });
    let shown = l.with_bytes(-2, |text| {
        let (_, frames) = parts(text.unwrap_or_default(), message);
        without_lines(&String::from_utf8_lossy(frames), HIDDEN)
    });
    push_text(l, shown);
    l.concat(2);
    1
}

/// Splits a traceback behind the message of this length that it begins with.
fn parts(text: &[u8], message: usize) -> (&[u8], &[u8]) {
    text.split_at_checked(message).unwrap_or((text, &[]))
}

fn without_lines(text: &str, prefix: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.starts_with(prefix))
        .collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_the_prelude_are_left_out() {
        let text = "stack traceback:\n\ta.lua:1: in x\n\t?: in function 'table.sort'\n\t[C]: in ?";
        assert_eq!(
            without_lines(text, HIDDEN),
            "stack traceback:\n\ta.lua:1: in x\n\t[C]: in ?"
        );
    }
}
