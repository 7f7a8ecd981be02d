//! Tracebacks of a program, without the frames of the prelude.

use mlua_sys::*;

use crate::stack::{State, bytes_at, push_text};

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
