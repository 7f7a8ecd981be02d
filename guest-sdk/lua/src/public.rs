//! Functions of the prelude as programs see them: functions of C, like Lua's own,
//! whose errors know the name and the place of the call, also of a tail call.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;

use mlua_sys::*;

use crate::argument::FUNCTIONS_STAY;
use crate::lua::{Function, Functions, State};
use crate::replacement::all;

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"public", public), (c"bad_argument", bad_argument)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] = &[published];

/// `public(f)`: a function of C that calls `f`. An error of `f` at level 3 has the
/// position of the program's call.
extern "C-unwind" fn public(l: State) -> c_int {
    l.set_top(1);
    l.push_closure(published, 1);
    1
}

extern "C-unwind" fn published(l: State) -> c_int {
    l.push_value(lua_upvalueindex(1));
    l.insert(1);
    l.call_then(l.top() - 1, LUA_MULTRET, 0, all);
    l.top()
}

/// `bad_argument(arg, name, expected, value?)`: raises what Lua raises for an
/// argument of the wrong type of the public function that is being called. `name` is
/// for calls that do not tell the function's name. A negative `arg` is a definition in
/// whose place there is a function. (A function of its own would need a name, for which
/// the table of strings has no room left on its page.)
extern "C-unwind" fn bad_argument(l: State) -> c_int {
    let is_definition = l.to_integer(1) < 0;
    let (joint, remedy) = if is_definition {
        (c"; ", FUNCTIONS_STAY)
    } else {
        (c"", c"")
    };
    // A value that is missing stays so.
    if l.top() > 4 {
        l.set_top(4);
    }
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    let record = record.as_mut_ptr();
    let level = public_level(l);
    // SAFETY: the thread is alive; `lua_getinfo` fills what is read here, and its
    // strings live as long as the functions that are called. The name and the type that
    // the prelude gives are strings on the stack.
    unsafe {
        if lua_getstack(l.as_ptr(), level, record) != 0 {
            lua_getinfo(l.as_ptr(), c"n".as_ptr(), record);
        }
        let mut arg = l.to_integer(1).abs();
        let mut name = (*record).name;
        if name.is_null() {
            name = lua_tostring(l.as_ptr(), 2);
        } else if CStr::from_ptr((*record).namewhat) == c"method" {
            arg -= 1;
        }
        let got = l.push_typename(4);
        l.push_where(level + 1);
        let expected = lua_tostring(l.as_ptr(), 3);
        if arg == 0 {
            lua_pushfstring(
                l.as_ptr(),
                c"calling '%s' on bad self (%s expected, got %s)".as_ptr(),
                name,
                expected,
                got,
            );
        } else {
            lua_pushfstring(
                l.as_ptr(),
                c"bad argument #%I to '%s' (%s expected, got %s%s%s)".as_ptr(),
                arg,
                name,
                expected,
                got,
                joint.as_ptr(),
                remedy.as_ptr(),
            );
        }
    }
    l.concat(2);
    l.error()
}

/// Returns the source and line of the function that has called the public function that
/// runs, seen from a function that the prelude calls; `None` where C has called it.
pub(crate) fn caller(l: State) -> Option<lua_Debug> {
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    // SAFETY: the thread is alive; `lua_getinfo` fills what is read of the record, of which
    // any bytes are a value.
    unsafe {
        if lua_getstack(l.as_ptr(), public_level(l) + 1, record.as_mut_ptr()) == 0 {
            return None;
        }
        lua_getinfo(l.as_ptr(), c"Sl".as_ptr(), record.as_mut_ptr());
        Some(record.assume_init()).filter(|record| record.currentline > 0)
    }
}

/// Returns the level of the public function that runs, seen from a function that the
/// prelude calls.
fn public_level(l: State) -> c_int {
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    let record = record.as_mut_ptr();
    let mut level = 1;
    // SAFETY: the thread is alive; `lua_getinfo` fills what is read here.
    unsafe {
        while lua_getstack(l.as_ptr(), level, record) != 0 {
            lua_getinfo(l.as_ptr(), c"S".as_ptr(), record);
            if CStr::from_ptr((*record).what) == c"C" {
                break;
            }
            level += 1;
        }
    }
    level
}
