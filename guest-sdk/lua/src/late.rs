//! Libraries that are written in Lua and compiled where a process first uses them. Of
//! such a library a process that does not use it has an empty table in the image.

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use crate::compact::{self, Compact, compact};
use crate::lua::{Functions, State, push_next};
use crate::read_only;

/// Names, the library that each is a part of, and the chunk of each. A chunk is given the
/// functions that only the prelude sees, and the table of the library, which it fills. A part
/// stands behind its library.
const LIBRARIES: &[(&CStr, Option<&CStr>, Compact)] = &[
    (c"groups", Some(c"process"), compact!("prelude/groups.lua")),
    (c"capability", None, compact!("prelude/capability.lua")),
    (c"fs", None, compact!("prelude/fs.lua")),
    (c"funcs", None, compact!("prelude/funcs.lua")),
    (c"http", None, compact!("prelude/http.lua")),
    (c"http_client", None, compact!("prelude/http_client.lua")),
    (c"payload", None, compact!("prelude/payload.lua")),
    (c"pg", None, compact!("prelude/pg.lua")),
    (c"queue", None, compact!("prelude/queue.lua")),
    (c"sql", None, compact!("prelude/sql.lua")),
    (
        c"builder",
        Some(c"sql"),
        compact!("prelude/sql_builder.lua"),
    ),
    (c"store", None, compact!("prelude/store.lua")),
    (c"stream", None, compact!("prelude/stream.lua")),
    (c"websocket", None, compact!("prelude/websocket.lua")),
];

/// The metamethods of a library that is not filled yet.
const HANDLERS: &Functions = &[
    (c"__index", index),
    (c"__newindex", new_index),
    (c"__pairs", pairs),
];

/// Parts of other libraries: names, and the chunk of each, which is given the functions that
/// only the prelude sees, and returns the part.
const PARTS: &[(&CStr, Compact)] = &[
    (c"modules", compact!("prelude/modules.lua")),
    (c"streams", compact!("prelude/streams.lua")),
    (c"tokens", compact!("prelude/tokens.lua")),
];

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"late", late), (c"new_stream", new_stream)];

/// `late(name)`: what the chunk of a part returns, which runs at the first call.
extern "C-unwind" fn late(l: State) -> c_int {
    l.set_top(1);
    l.registered(native_key());
    l.push_value(1);
    if l.raw_get(2) != LUA_TNIL {
        return 1;
    }
    l.pop(1);
    // SAFETY: the name is an argument, on the stack until the function returns.
    let name = unsafe { l.bytes(1) }.unwrap_or_default();
    let Some((_, chunk)) = PARTS.iter().find(|(known, _)| known.to_bytes() == name) else {
        return 0;
    };
    compact::load(l, chunk);
    l.push_value(2);
    l.call(1, 1);
    l.push_value(1);
    l.push_value(-2);
    l.raw_set(2);
    1
}

/// `new_stream(number)`: the object of a stream of the process, by its number.
extern "C-unwind" fn new_stream(l: State) -> c_int {
    l.set_top(1);
    l.push_function(late);
    l.push_string(c"streams");
    l.call(1, 1);
    l.insert(1);
    l.call(1, 1);
    1
}

/// Leaves the process the libraries that a list names, one a line, and those that every
/// process has: `prelude/modules.lua`. May raise.
pub(crate) fn leave_modules(l: State, list: &[u8]) {
    l.push_function(late);
    l.push_string(c"modules");
    l.call(1, 1);
    l.push_bytes(list);
    l.call(1, 0);
}

/// Makes the tables of the libraries, as globals and for `require`. The table of the
/// prelude's functions is on top of the stack, and stays there.
pub(crate) fn open(l: State) {
    l.push_value(-1);
    l.register(native_key());
    for (place, (name, owner, _)) in (0..).zip(LIBRARIES) {
        l.new_table(0, 0);
        l.new_table(0, 3);
        for (name, function) in HANDLERS {
            l.push_integer(place);
            l.push_closure(*function, 1);
            l.set_field(-2, name);
        }
        l.set_metatable(-2);
        // For the libraries themselves, whatever the program does to the global.
        l.push_value(-1);
        l.set_field(-3, name);
        l.field(LUA_REGISTRYINDEX, c"_LOADED");
        if let Some(owner) = owner {
            l.field(-1, owner);
            l.remove(-2);
        } else {
            l.push_value(-2);
            l.set_global(name);
        }
        // The owner may be one that is not filled yet.
        l.push_string(name);
        l.push_value(-3);
        l.raw_set(-3);
        l.pop(2);
    }
}

/// Pushes what a library has left for the crate in the prelude's table.
pub(crate) fn push_part(l: State, library: &CStr, part: &CStr) {
    l.registered(native_key());
    if l.field(-1, part) == LUA_TNIL {
        l.pop(1);
        let place = LIBRARIES.iter().position(|(name, ..)| *name == library);
        l.field(-1, library);
        fill(l, l.top(), place.unwrap_or(0) as lua_Integer);
        l.pop(1);
        l.field(-1, part);
    }
    l.remove(-2);
}

/// Pushes what the prelude has left for the modules that come with warren.
pub(crate) fn push_native(l: State, name: &CStr) {
    l.registered(native_key());
    l.field(-1, name);
    l.remove(-2);
}

/// `__index`: the library is filled, and has then no metatable any more.
extern "C-unwind" fn index(l: State) -> c_int {
    l.check_type(1, LUA_TTABLE);
    l.set_top(2);
    fill(l, 1, l.to_integer(lua_upvalueindex(1)));
    l.raw_get(1);
    1
}

/// `__newindex`: the same; the assignment is then refused.
extern "C-unwind" fn new_index(l: State) -> c_int {
    l.check_type(1, LUA_TTABLE);
    l.set_top(3);
    fill(l, 1, l.to_integer(lua_upvalueindex(1)));
    l.set(1);
    0
}

/// `__pairs`: the same.
extern "C-unwind" fn pairs(l: State) -> c_int {
    l.check_type(1, LUA_TTABLE);
    l.set_top(1);
    fill(l, 1, l.to_integer(lua_upvalueindex(1)));
    push_next(l);
    l.push_value(1);
    l.push_nil();
    3
}

/// Fills the table at the absolute index `table` with the library at a place, but for what
/// the program has put there by `rawset`. May raise.
fn fill(l: State, table: c_int, place: lua_Integer) {
    let Some((name, _, chunk)) = LIBRARIES.get(place as usize) else {
        return;
    };
    // `debug` finds these functions, and a program may give them another table.
    l.registered(native_key());
    l.field(-1, name);
    let is_own = l.raw_equal(-1, table);
    l.pop(2);
    if !is_own {
        return;
    }
    l.new_table(0, 0);
    let members = l.top();
    compact::load(l, chunk);
    l.registered(native_key());
    l.push_value(members);
    l.call(2, 0);
    l.set_read_only(table, false);
    l.push_nil();
    while l.next(members) {
        l.push_value(-2);
        if l.raw_get(table) == LUA_TNIL {
            l.pop(1);
            l.push_value(-2);
            l.insert(-2);
            l.raw_set(table);
        } else {
            l.pop(2);
        }
    }
    l.pop(1);
    l.push_nil();
    l.set_metatable(table);
    read_only::protect(l, table);
}

/// The registry's key of the prelude's functions.
fn native_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
