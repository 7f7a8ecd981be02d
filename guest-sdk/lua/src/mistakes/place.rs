//! The place of a mistake, and the warning of it.

use std::ffi::c_void;

use warren_guest::msgpack::{Full, Output};
use warren_guest::{Buffer, capability};

use crate::lua::{Frame, State};

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
    frame: Frame,
}

impl Call {
    /// Finds the call, with `discards` only where it takes no results. `None` where the
    /// process has told of it last, too. Raises without memory.
    pub(super) fn find(l: State, discards: bool) -> Option<Call> {
        let (mut frame, call) = l.frame_of_call(discards)?;
        if was_told(l, call) {
            return None;
        }
        frame.ask(c"Sl");
        Some(Call { frame })
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
        let (source, short) = (self.frame.source(), self.frame.short_source());
        request.array(4)?;
        let file = source.to_bytes().strip_prefix(b"@");
        request.string(file.unwrap_or(short.to_bytes()))?;
        request.integer(self.frame.line().into())?;
        request.string(message.as_bytes())?;
        // A line may have several calls.
        request.integer(self.frame.instruction().into())
    }
}
