//! Tracebacks of a program, without the frames of the prelude.

use std::ffi::c_int;

use mlua_sys::*;

use crate::runtime::push_text;
use crate::stack::{Functions, State, bytes_at, push_bytes};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"traceback", traceback)];

/// How the lines of the prelude begin, whose chunks are stripped.
const HIDDEN: &str = "\t?: in ";

/// Pushes the traceback of `thread` onto the stack of `l`.
///
/// # Safety
/// Both are live threads of one state, `l` with five free stack slots; nothing
/// that needs `Drop` is alive.
pub(crate) unsafe fn push(l: State, thread: State) {
    // SAFETY: as promised by the caller; the text is handed over before
    // anything raises.
    unsafe {
        luaL_traceback(l, thread, std::ptr::null(), 0);
        let shown = without_lines(
            &String::from_utf8_lossy(bytes_at(l, -1).unwrap_or_default()),
            HIDDEN,
        );
        push_text(l, shown);
        lua_remove(l, -2);
    }
}

/// `debug.traceback([thread,] [message [, level]])`, as Lua has it.
///
/// # Safety
/// Lua calls it with a live thread.
pub(crate) unsafe extern "C-unwind" fn traceback(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the text is handed over before
    // anything raises.
    unsafe {
        let (thread, arg) = match lua_tothread(l, 1) {
            thread if thread.is_null() => (l, 0),
            thread => (thread, 1),
        };
        if !matches!(
            lua_type(l, arg + 1),
            LUA_TNONE | LUA_TNIL | LUA_TSTRING | LUA_TNUMBER
        ) {
            lua_pushvalue(l, arg + 1);
            return 1;
        }
        let message = lua_tostring(l, arg + 1);
        // The function itself is level 0.
        let level = luaL_optinteger(l, arg + 2, (thread == l).into());
        luaL_traceback(
            l,
            thread,
            message,
            c_int::try_from(level).unwrap_or(c_int::MAX),
        );
        let message = bytes_at(l, arg + 1).unwrap_or_default().len();
        let (message, frames) = bytes_at(l, -1).unwrap_or_default().split_at(message);
        let shown = without_lines(&String::from_utf8_lossy(frames), HIDDEN);
        push_bytes(l, message);
        push_text(l, shown);
        lua_concat(l, 2);
        1
    }
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
