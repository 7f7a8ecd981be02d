//! The export `traceback`: where the coroutines of a process are, for those who
//! look at it from outside.
//!
//! It runs in an instance of its own, on a copy of the process's memory that was
//! taken at any moment: while it waited, or in the midst of any function of Lua
//! or Rust. So nothing here allocates, and nothing relies on more than the
//! coroutines' chains of calls.

use std::ffi::CStr;
use std::fmt::{self, Write};

use crate::boot;
use crate::coroutine;
use crate::interpreter::interpreter;
use crate::lua::{Frame, State};
use crate::tasks::Standing;

/// Of each coroutine, so many of its innermost calls are shown, and of its
/// outermost.
const INNERMOST: i32 = 30;
const OUTERMOST: i32 = 10;

/// Coroutines that resume one another, at most.
const NESTED: usize = 30;

/// Writes where the coroutines of the process are; returns the bytes written, 0
/// where that cannot be told at this moment.
///
/// # Safety
/// The memory of this instance is a copy of that of a process, and the instance
/// does nothing else afterwards.
pub(crate) unsafe fn write(into: &mut [u8]) -> usize {
    let Some(l) = boot::state() else {
        return 0;
    };
    let mut page = Page { into, len: 0 };
    // The page cuts off what does not fit.
    let _ = write_tasks(l, &mut page);
    page.len
}

fn write_tasks(l: State, page: &mut Page<'_>) -> fmt::Result {
    let Ok(scheduler) = interpreter(l).scheduler.try_borrow() else {
        return Ok(());
    };
    for (number, (standing, thread)) in scheduler.standings().enumerate() {
        let standing = match standing {
            Standing::Current => "",
            Standing::Ready => ", ready to run",
            Standing::Parked => ", waiting",
        };
        match number {
            0 => writeln!(page, "main{standing}:")?,
            number => writeln!(page, "coroutine {number}{standing}:")?,
        }
        write_nested(thread, page, NESTED)?;
    }
    Ok(())
}

/// The calls of a thread, and before them those of the coroutine it waits for.
fn write_nested(thread: State, page: &mut Page<'_>, nested: usize) -> fmt::Result {
    // The thread's chain of calls is whole at any moment, and Lua keeps slots free above
    // every call.
    let inner = thread
        .with_frame(0, |frame| coroutine::resumed_by(thread, frame))
        .flatten();
    if let (Some(inner), Some(nested)) = (inner, nested.checked_sub(1)) {
        write_nested(inner, page, nested)?;
        writeln!(page, "\tresumed by")?;
    }
    write_calls(thread, page)
}

/// The calls of one thread, the innermost first.
fn write_calls(thread: State, page: &mut Page<'_>) -> fmt::Result {
    let mut calls = 0;
    while thread.with_frame(calls, |_| ()).is_some() {
        calls += 1;
    }
    for level in 0..calls {
        if level >= INNERMOST && level < calls - OUTERMOST {
            if level == INNERMOST {
                writeln!(page, "\t...")?;
            }
            continue;
        }
        let written = thread.with_frame(level, |frame| {
            frame.ask(c"nSl");
            write_call(frame, page)
        });
        written.unwrap_or(Ok(()))?;
    }
    Ok(())
}

/// One call, as a traceback of Lua has it.
fn write_call(frame: &Frame, page: &mut Page<'_>) -> fmt::Result {
    let source = text(frame.short_source());
    let (kind, name) = (
        text(frame.name_kind()),
        text(frame.name().unwrap_or_default()),
    );
    if source == "?" {
        // The prelude's, whose chunks are stripped.
        return Ok(());
    }
    write!(page, "\t{source}:")?;
    if frame.line() > 0 {
        write!(page, "{}:", frame.line())?;
    }
    match text(frame.language()) {
        _ if !kind.is_empty() && !name.is_empty() => writeln!(page, " in {kind} '{name}'"),
        "main" => writeln!(page, " in main chunk"),
        "C" => writeln!(page, " in ?"),
        _ => writeln!(page, " in function <{source}:{}>", frame.first_line()),
    }
}

fn text(chars: &CStr) -> &str {
    chars.to_str().unwrap_or("?")
}

/// A text that is written into a range of memory.
struct Page<'a> {
    into: &'a mut [u8],
    len: usize,
}

impl Write for Page<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = self.into.get_mut(self.len..).unwrap_or_default();
        let fits = text.floor_char_boundary(room.len());
        room[..fits].copy_from_slice(&text.as_bytes()[..fits]);
        self.len += fits;
        if fits < text.len() {
            return Err(fmt::Error);
        }
        Ok(())
    }
}
