//! Tables whose members are found by name when a program asks for them. Of a library
//! that it does not use, a process has an empty table in the image, and no names.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use super::{Function, Functions, State};

/// Names, and what each of them is the name of.
pub(crate) type Named<T> = [(&'static CStr, T)];

/// The members of a table.
pub(crate) trait Members {
    /// Functions.
    const FUNCTIONS: &'static Functions = &[];
    /// Integers.
    const INTEGERS: &'static Named<lua_Integer> = &[];
    /// Texts.
    const TEXTS: &'static Named<&'static CStr> = &[];
    /// Values, each pushed by a function: the same value every time. It may raise.
    const VALUES: &'static Named<fn(State)> = &[];
}

/// Gives the table on top of the stack members. They do not replace what it has.
pub(crate) fn set_members<M: Members>(l: State) {
    l.new_table(0, 3);
    l.push_function(index::<M>);
    l.set_field(-2, c"__index");
    l.push_function(pairs::<M>);
    l.set_field(-2, c"__pairs");
    push_functions_key(l);
    l.push_function(functions::<M>);
    l.raw_set(-3);
    l.set_metatable(-2);
}

/// Pushes the key of a metatable of [`set_members`] whose value returns a table: its keys
/// are the names of the functions among the members.
pub(crate) fn push_functions_key(l: State) {
    static KEY: u8 = 0;
    l.push_address((&raw const KEY).cast());
}

/// The value of [`push_functions_key`].
extern "C-unwind" fn functions<M: Members>(l: State) -> c_int {
    l.new_table(0, M::FUNCTIONS.len() as c_int);
    for (name, _) in M::FUNCTIONS {
        l.push_boolean(true);
        l.set_field(-2, name);
    }
    1
}

/// Pushes Lua's `next`, whatever the program has made of that global.
pub(crate) fn push_next(l: State) {
    let next: Function = next;
    l.push_function(next);
}

/// `__index`: the member of a name, or nil.
extern "C-unwind" fn index<M: Members>(l: State) -> c_int {
    l.with_bytes(2, |name| {
        // No member has an empty name.
        let name = name.unwrap_or_default();
        if let Some(function) = find(M::FUNCTIONS, name) {
            l.push_function(function);
        } else if let Some(number) = find(M::INTEGERS, name) {
            l.push_integer(number);
        } else if let Some(text) = find(M::TEXTS, name) {
            l.push_string(text);
        } else if let Some(push) = find(M::VALUES, name) {
            push(l);
        } else {
            l.push_nil();
        }
    });
    1
}

/// `__pairs`: goes over a copy with all members, since the table may be read-only.
extern "C-unwind" fn pairs<M: Members>(l: State) -> c_int {
    l.check_type(1, LUA_TTABLE);
    l.set_top(1);
    push_next(l);
    l.new_table(0, 0);
    let all = l.top();
    for (name, function) in M::FUNCTIONS {
        l.push_function(*function);
        l.set_field(all, name);
    }
    for (name, number) in M::INTEGERS {
        l.push_integer(*number);
        l.set_field(all, name);
    }
    for (name, text) in M::TEXTS {
        l.push_string(text);
        l.set_field(all, name);
    }
    for (name, push) in M::VALUES {
        push(l);
        l.set_field(all, name);
    }
    // The table's own fields go before.
    l.push_nil();
    while l.next(1) {
        l.push_value(-2);
        l.insert(-2);
        l.raw_set(all);
    }
    l.push_nil();
    3
}

/// `next(table, key)`.
extern "C-unwind" fn next(l: State) -> c_int {
    l.check_type(1, LUA_TTABLE);
    l.set_top(2);
    if l.next(1) {
        return 2;
    }
    l.push_nil();
    1
}

fn find<T: Copy>(members: &Named<T>, name: &[u8]) -> Option<T> {
    members
        .iter()
        .find(|(known, _)| known.to_bytes() == name)
        .map(|(_, member)| *member)
}
