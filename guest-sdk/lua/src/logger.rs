//! Writing to the log; the library `logger` is in `prelude/logger.lua`.

use std::ffi::c_int;

use warren_guest::logger::{self, Level};

use crate::encode;
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::{Functions, State};

/// The functions that `prelude/logger.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"log", log)];

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
