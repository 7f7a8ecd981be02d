//! Objects of the prelude: userdata with one user value, so that they are
//! refused where plain tables would cross a process boundary. Objects of the classes that
//! are given to `plain` cross as that value.

use std::ffi::c_int;

use mlua_sys::*;

use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions =
    &[(c"object", object), (c"state", state), (c"plain", plain)];

/// Pushes the state of the object at an absolute index, which is a value, and has it handled
/// at its own index. Without room on the stack the result is `no_room`.
pub(crate) fn with_state<E>(
    l: State,
    index: c_int,
    no_room: E,
    handle: impl FnOnce(c_int) -> Result<(), E>,
) -> Result<(), E> {
    if !l.has_room(1) {
        return Err(no_room);
    }
    l.user_value(index, 1);
    let state = l.top();
    handle(state)?;
    l.set_top(state - 1);
    Ok(())
}

/// `object(metatable, state)`.
extern "C-unwind" fn object(l: State) -> c_int {
    l.set_top(2);
    l.new_object(1);
    l.insert(2);
    l.set_user_value(2, 1);
    l.push_value(1);
    l.set_metatable(2);
    1
}

/// `state(value, metatable)`: the state of an object of that metatable; nil for
/// anything else.
extern "C-unwind" fn state(l: State) -> c_int {
    l.set_top(2);
    if l.type_of(1) == LUA_TUSERDATA && l.metatable(1) && l.raw_equal(-1, 2) {
        l.user_value(1, 1);
        return 1;
    }
    l.push_nil();
    1
}

/// `plain(...)`: lets the objects of these metatables leave the process as their state.
extern "C-unwind" fn plain(l: State) -> c_int {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    for (index, class) in (1..=l.top()).zip(&mut classes.plain) {
        *class = lua::class_of(l, index);
    }
    interpreter.classes.set(classes);
    0
}
