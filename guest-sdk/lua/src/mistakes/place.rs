//! The place of a mistake, and the warning of it.

use std::ffi::{CStr, c_int, c_void};
use std::mem::MaybeUninit;

use mlua_sys::{lua_Debug, lua_State, lua_getinfo};
use warren_guest::msgpack::{Full, Output};
use warren_guest::{Buffer, capability};

use crate::lua::State;

unsafe extern "C" {
    /// Finds the function of Lua whose call led to the function of C that runs, through
    /// functions of the prelude at most. Returns the instruction of the call; null where
    /// there is none, or where it takes results and `discards` is not 0. Does not raise.
    fn warren_call(l: *mut lua_State, record: *mut lua_Debug, discards: c_int) -> *const c_void;
}

/// Returns true where the process has told of the call last, and notes that it has. The
/// runtime knows all places: this spares a call that fails in a loop the way there.
/// Raises without memory.
fn was_told(l: State, call: *const c_void) -> bool {
    static KEY: u8 = 0;
    let key = (&raw const KEY).cast();
    l.registered(key);
    let last = l.to_userdata(-1);
    l.pop(1);
    if last.cast_const() == call {
        return true;
    }
    // In the registry and not in the interpreter, which has no room on its page.
    l.push_address(call);
    l.register(key);
    false
}

/// A call of the program that leads to the function of C that runs.
pub(super) struct Call {
    record: lua_Debug,
}

impl Call {
    /// Finds the call, with `discards` only where it takes no results. `None` where the
    /// process has told of it last, too. Raises without memory.
    pub(super) fn find(l: State, discards: bool) -> Option<Call> {
        let mut record = MaybeUninit::<lua_Debug>::zeroed();
        // SAFETY: the thread is alive; the record is filled where there is a call.
        unsafe {
            let call = warren_call(l.as_ptr(), record.as_mut_ptr(), discards.into());
            if call.is_null() || was_told(l, call) {
                return None;
            }
            lua_getinfo(l.as_ptr(), c"Sl".as_ptr(), record.as_mut_ptr());
            Some(Call {
                record: record.assume_init(),
            })
        }
    }

    /// Tells the runtime. Raises nothing.
    pub(super) fn warn(&self, message: &str) {
        let mut request = Output::new();
        if self.write(message, &mut request).is_ok() {
            // A runtime that takes no warnings is none the worse for it.
            let _ = capability::call("mistake.warn", request.as_slice(), &mut Buffer::new());
        }
    }

    fn write(&self, message: &str, request: &mut Output) -> Result<(), Full> {
        // SAFETY: the strings of the record live as long as the function that is called.
        let (source, short) = unsafe {
            (
                CStr::from_ptr(self.record.source).to_bytes(),
                CStr::from_ptr(self.record.short_src.as_ptr()).to_bytes(),
            )
        };
        request.array(3)?;
        request.string(source.strip_prefix(b"@").unwrap_or(short))?;
        request.integer(self.record.currentline.into())?;
        request.string(message.as_bytes())
    }
}
