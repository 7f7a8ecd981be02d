//! The program's own modules, for `require` in `prelude/require.lua`.

use std::ffi::{c_int, c_void};

use mlua_sys::LUA_TNIL;
use warren_guest::program;

use crate::arg;
use crate::argument::{REFUSED, text};
use crate::chunk::{load_prepared, uses_arg};
use crate::coverage;
use crate::exchange;
use crate::interpreter::is_switched_out;
use crate::lua::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"module", module),
    (c"required", required),
    (c"is_blocked", is_blocked),
    (c"arguments", arguments),
];

/// `arguments()`: what the process was started with.
extern "C-unwind" fn arguments(l: State) -> c_int {
    exchange::call(l, Some(exchange::values), program::arguments)
}

/// `is_blocked(coroutine)`: true where it waits for something, or to run, and goes on
/// by itself.
extern "C-unwind" fn is_blocked(l: State) -> c_int {
    let blocked = l.to_thread(1).is_some_and(is_switched_out);
    l.push_boolean(blocked);
    1
}

/// `module(name)`: the module's chunk as a function, and its name; or nothing
/// where there is no such module; or nil and the error of one that does not
/// compile.
extern "C-unwind" fn module(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    let results = exchange::call(l, Some(build_chunk), |buffer| program::module(name, buffer));
    if results == WITH_ARG {
        l.pop(1);
        arg::need(l);
        return WITH_ARG - 1;
    }
    results
}

/// `required(value, place)`: keeps what `require` returns of the module that it has just
/// loaded, for [`is_required`].
extern "C-unwind" fn required(l: State) -> c_int {
    l.set_top(2);
    l.new_table(2, 0);
    l.insert(1);
    l.set_element(1, 2);
    l.set_element(1, 1);
    l.register(required_key());
    0
}

/// Tells if the first two values of the stack are those that `require` has returned of the
/// module loaded last: `return require("x")` returns both.
pub(crate) fn is_required(l: State) -> bool {
    let top = l.top();
    let is = l.registered(required_key()) != LUA_TNIL && {
        l.element(top + 1, 1);
        l.element(top + 1, 2);
        l.raw_equal(1, top + 2) && l.raw_equal(2, top + 3)
    };
    l.set_top(top);
    is
}

/// The registry's key of these values.
fn required_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}

/// The number of results of [`build_chunk`] for one that uses `arg`.
const WITH_ARG: c_int = 3;

/// Builds the function and the name of a chunk of prepared code.
fn build_chunk(l: State, record: &[u8]) -> Result<c_int, warren_guest::msgpack::Malformed> {
    let Some(chunk) = program::Chunk::parse(record) else {
        return Ok(0);
    };
    // SAFETY: the runtime keeps what `prepare` has dumped.
    unsafe { load_prepared(l, chunk.code) };
    if chunk.covered {
        coverage::cover(l, chunk.name);
    }
    l.push_bytes(chunk.name);
    if uses_arg(chunk.code) {
        l.push_nil();
        return Ok(WITH_ARG);
    }
    Ok(2)
}
