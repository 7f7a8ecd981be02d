//! The export `traceback`: where the coroutines of a process are, for those who
//! look at it from outside.
//!
//! It runs in an instance of its own, on a copy of the process's memory that was
//! taken at any moment: while it waited, or in the midst of any function of Lua
//! or Rust. So nothing here allocates, and nothing relies on more than the
//! coroutines' chains of calls.

use std::ffi::{CStr, c_char};
use std::fmt::{self, Write};
use std::mem::MaybeUninit;

use mlua_sys::*;

use crate::boot;
use crate::coroutine;
use crate::interpreter::interpreter;
use crate::lua::State;
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
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    let record = record.as_mut_ptr();
    // SAFETY: the thread's chain of calls is whole at any moment, and Lua keeps slots
    // free above every call.
    let inner = unsafe {
        if lua_getstack(thread.as_ptr(), 0, record) != 0 {
            coroutine::resumed_by(thread, record)
        } else {
            None
        }
    };
    if let (Some(inner), Some(nested)) = (inner, nested.checked_sub(1)) {
        write_nested(inner, page, nested)?;
        writeln!(page, "\tresumed by")?;
    }
    write_calls(thread, page)
}

/// The calls of one thread, the innermost first.
fn write_calls(thread: State, page: &mut Page<'_>) -> fmt::Result {
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    let record = record.as_mut_ptr();
    let mut calls = 0;
    // SAFETY: as in `write_nested`.
    while unsafe { lua_getstack(thread.as_ptr(), calls, record) } != 0 {
        calls += 1;
    }
    for level in 0..calls {
        if level >= INNERMOST && level < calls - OUTERMOST {
            if level == INNERMOST {
                writeln!(page, "\t...")?;
            }
            continue;
        }
        // SAFETY: as in `write_nested`; `lua_getinfo` fills what is read of the record.
        unsafe {
            if lua_getstack(thread.as_ptr(), level, record) != 0
                && lua_getinfo(thread.as_ptr(), c"nSl".as_ptr(), record) != 0
            {
                write_call(&*record, page)?;
            }
        }
    }
    Ok(())
}

/// One call, as a traceback of Lua has it.
/// # Safety
/// `lua_getinfo` has filled the record.
unsafe fn write_call(record: &lua_Debug, page: &mut Page<'_>) -> fmt::Result {
    // SAFETY: Lua's strings, or null, as promised by the caller.
    let [source, kind, name, what] = unsafe {
        [
            text(record.short_src.as_ptr()),
            text(record.namewhat),
            text(record.name),
            text(record.what),
        ]
    };
    if source == "?" {
        // The prelude's, whose chunks are stripped.
        return Ok(());
    }
    write!(page, "\t{source}:")?;
    if record.currentline > 0 {
        write!(page, "{}:", record.currentline)?;
    }
    match what {
        _ if !kind.is_empty() && !name.is_empty() => writeln!(page, " in {kind} '{name}'"),
        "main" => writeln!(page, " in main chunk"),
        "C" => writeln!(page, " in ?"),
        _ => writeln!(page, " in function <{source}:{}>", record.linedefined),
    }
}

/// # Safety
/// `chars` is null or a string that is not changed.
unsafe fn text<'a>(chars: *const c_char) -> &'a str {
    if chars.is_null() {
        return "";
    }
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(chars) }.to_str().unwrap_or("?")
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
