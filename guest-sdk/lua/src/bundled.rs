//! The modules that come with the interpreter: files of `library/`, which are compiled in
//! the process that requires them, and cost no other one anything.

use std::ffi::c_int;

use mlua_sys::{LUA_TTABLE, lua_KContext, lua_upvalueindex};

use crate::argument::{REFUSED, text};
use crate::lua::{Function, Functions, State, push_library, set_functions};
use crate::{calls, prelude, waiting};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"bundled", bundled)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] = &[open];

/// Names, and the source of each.
const MODULES: &[(&str, &str)] = &[
    ("pool", include_str!("library/pool.lua")),
    ("pool.manager", include_str!("library/pool/manager.lua")),
    ("pool.queue", include_str!("library/pool/queue.lua")),
    ("pool.spec", include_str!("library/pool/spec.lua")),
    ("registry", include_str!("library/registry.lua")),
    ("supervisor", include_str!("library/supervisor.lua")),
    (
        "supervisor.alarms",
        include_str!("library/supervisor/alarms.lua"),
    ),
    (
        "supervisor.keys",
        include_str!("library/supervisor/keys.lua"),
    ),
    (
        "supervisor.launch",
        include_str!("library/supervisor/launch.lua"),
    ),
    (
        "supervisor.loop",
        include_str!("library/supervisor/loop.lua"),
    ),
    (
        "supervisor.requests",
        include_str!("library/supervisor/requests.lua"),
    ),
    (
        "supervisor.restarts",
        include_str!("library/supervisor/restarts.lua"),
    ),
    (
        "supervisor.spec",
        include_str!("library/supervisor/spec.lua"),
    ),
    (
        "supervisor.tree",
        include_str!("library/supervisor/tree.lua"),
    ),
    ("server", include_str!("library/server.lua")),
    ("server.caller", include_str!("library/server/caller.lua")),
    (
        "server.failures",
        include_str!("library/server/failures.lua"),
    ),
    (
        "server.handlers",
        include_str!("library/server/handlers.lua"),
    ),
    ("server.replies", include_str!("library/server/replies.lua")),
    ("server.serving", include_str!("library/server/serving.lua")),
    (
        "server.starting",
        include_str!("library/server/starting.lua"),
    ),
    ("task", include_str!("library/task.lua")),
];

/// Led before a name, it finds the bundled module also where the program has one of that
/// name.
const SPACE: &str = "warren.";

/// The loader of a module, whose chunk is its upvalue: the chunk is given the functions that
/// only bundled modules see.
extern "C-unwind" fn open(l: State) -> c_int {
    l.set_top(0);
    l.push_value(lua_upvalueindex(1));
    push_library(l, waiting::FUNCTIONS);
    set_functions(l, calls::FUNCTIONS);
    l.call_then(1, 1, 0, opened);
    opened(l, 0, 0)
}

/// Returns the module, whose table is read-only.
extern "C-unwind" fn opened(l: State, _: c_int, _: lua_KContext) -> c_int {
    if l.type_of(-1) == LUA_TTABLE {
        l.set_read_only(-1, true);
    }
    1
}

/// `bundled(name)`: the full name of the bundled module and, where `name` is that, the
/// module's chunk as a function; nothing where there is no such module.
extern "C-unwind" fn bundled(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    let short = name.strip_prefix(SPACE).unwrap_or(name);
    let Some((_, source)) = MODULES.iter().find(|(known, _)| *known == short) else {
        return 0;
    };
    if short != name {
        l.push_value(1);
        prelude::load(l, source);
        l.push_closure(open, 1);
        return 2;
    }
    l.push_bytes(SPACE.as_bytes());
    l.push_value(1);
    l.concat(2);
    1
}
