//! Parts of the functions in the place of Lua's own ([`crate::callbacks`],
//! [`crate::metamethods`]), whose upvalues are Lua's own function and that of the
//! prelude. Where an argument calls nothing that may block, Lua's own
//! function runs, as if it had been called itself.

use std::ffi::c_int;

use mlua_sys::{lua_KContext, lua_upvalueindex};

use crate::lua::State;

/// The upvalue that is Lua's own function.
pub(crate) const OWN: c_int = lua_upvalueindex(1);
/// The upvalue that is the function of the prelude.
pub(crate) const PRELUDE: c_int = lua_upvalueindex(2);

/// Runs Lua's own function, one of C without upvalues, in the place of this one.
pub(crate) fn own(l: State) -> c_int {
    match l.to_function(OWN) {
        Some(function) => function(l),
        None => 0,
    }
}

/// Calls the function of the prelude with all that is on the stack, in such a way that
/// it may block, and returns its results.
pub(crate) fn call_prelude(l: State, results: c_int) -> c_int {
    l.push_value(PRELUDE);
    l.insert(1);
    l.call_then(l.top() - 1, results, 0, all)
}

/// Returns all that is left on the stack: the results of a call that has yielded.
pub(crate) extern "C-unwind" fn all(l: State, _: c_int, _: lua_KContext) -> c_int {
    l.top()
}
