//! `warn`: warnings go to the log once the program has turned them on. They
//! are off at first, as those of `lua` are.

use std::cell::{Cell, RefCell};
use std::ffi::{CStr, c_char, c_int, c_void};

use mlua_sys::*;
use warren_guest::logger::{self, Level};

use crate::lua::State;

/// The state of the warning system.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    on: Cell<bool>,
    /// True where the next piece continues a message.
    continued: Cell<bool>,
    /// The pieces of a message so far.
    text: RefCell<String>,
}

/// The most bytes of a message: as many as the log keeps.
const MOST: usize = 64 * 1024;

/// Sees to it that Lua's warnings come here.
pub(crate) fn open(l: State, warnings: &'static Warnings) {
    // SAFETY: the thread is alive, and `take` gets a reference that lives for ever.
    unsafe {
        lua_setwarnf(
            l.as_ptr(),
            Some(take),
            (&raw const *warnings).cast_mut().cast(),
        )
    };
}

/// Takes a piece of a message. Raises nothing.
unsafe extern "C-unwind" fn take(warnings: *mut c_void, piece: *const c_char, to_continue: c_int) {
    // SAFETY: Lua gives back what `open` gave it, and a string.
    unsafe {
        let warnings = &*warnings.cast::<Warnings>();
        warnings.take(CStr::from_ptr(piece).to_bytes(), to_continue != 0);
    }
}

impl Warnings {
    fn take(&self, piece: &[u8], to_continue: bool) {
        let is_first = !self.continued.replace(to_continue);
        if is_first && !to_continue && piece.first() == Some(&b'@') {
            match piece {
                b"@on" => self.on.set(true),
                b"@off" => self.on.set(false),
                _ => {}
            }
            return;
        }
        if !self.on.get() {
            return;
        }
        let mut text = self.text.borrow_mut();
        let piece = String::from_utf8_lossy(piece);
        let room = MOST - text.len().min(MOST);
        let end = piece.floor_char_boundary(room);
        if text.try_reserve(end).is_ok() {
            text.push_str(&piece[..end]);
        }
        if !to_continue {
            logger::log(Level::Warn, "", &text, None);
            *text = String::new();
        }
    }
}
