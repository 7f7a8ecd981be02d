//! The modules that come with the interpreter: files of `library/`, which are compiled in
//! the process that requires them, and cost no other one anything.

use std::ffi::c_int;

use mlua_sys::{LUA_TTABLE, lua_KContext, lua_upvalueindex};

use crate::argument::{REFUSED, text};
use crate::compact::{self, Compact, compact};
use crate::lua::{Function, Functions, State, push_library, set_functions};
use crate::{calls, late, spawned, waiting};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"bundled", bundled)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] = &[open];

/// Names, and the source of each.
const MODULES: &[(&str, Compact)] = &[
    ("assert", compact!("library/assert.lua")),
    ("pool", compact!("library/pool.lua")),
    ("pool.manager", compact!("library/pool/manager.lua")),
    ("pool.queue", compact!("library/pool/queue.lua")),
    ("pool.spec", compact!("library/pool/spec.lua")),
    ("registry", compact!("library/registry.lua")),
    ("supervisor", compact!("library/supervisor.lua")),
    (
        "supervisor.alarms",
        compact!("library/supervisor/alarms.lua"),
    ),
    (
        "supervisor.answers",
        compact!("library/supervisor/answers.lua"),
    ),
    (
        "supervisor.children",
        compact!("library/supervisor/children.lua"),
    ),
    ("supervisor.keys", compact!("library/supervisor/keys.lua")),
    (
        "supervisor.launch",
        compact!("library/supervisor/launch.lua"),
    ),
    ("supervisor.life", compact!("library/supervisor/life.lua")),
    ("supervisor.loop", compact!("library/supervisor/loop.lua")),
    (
        "supervisor.requests",
        compact!("library/supervisor/requests.lua"),
    ),
    (
        "supervisor.restarts",
        compact!("library/supervisor/restarts.lua"),
    ),
    ("supervisor.spec", compact!("library/supervisor/spec.lua")),
    ("supervisor.tree", compact!("library/supervisor/tree.lua")),
    ("server", compact!("library/server.lua")),
    ("server.caller", compact!("library/server/caller.lua")),
    ("server.failures", compact!("library/server/failures.lua")),
    ("server.handlers", compact!("library/server/handlers.lua")),
    ("server.options", compact!("library/server/options.lua")),
    ("server.replies", compact!("library/server/replies.lua")),
    ("server.serving", compact!("library/server/serving.lua")),
    ("server.starting", compact!("library/server/starting.lua")),
    ("task", compact!("library/task.lua")),
    ("test", compact!("library/test.lua")),
    ("test.cases", compact!("library/test/cases.lua")),
    ("test.checks", compact!("library/test/checks.lua")),
    ("test.mocks", compact!("library/test/mocks.lua")),
    ("test.report", compact!("library/test/report.lua")),
    ("test.values", compact!("library/test/values.lua")),
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
    set_functions(l, spawned::FUNCTIONS);
    late::push_native(l, c"spawn_monitored");
    l.set_field(-2, c"spawn_watched");
    l.call_then(1, 1, 0, opened)
}

/// Returns the module, whose table is read-only.
extern "C-unwind" fn opened(l: State, _: c_int, _: lua_KContext) -> c_int {
    if l.type_of(-1) == LUA_TTABLE {
        l.set_read_only(-1, true);
    }
    1
}

/// `bundled(name, environment?)`: the full name of the bundled module and, where `name` is
/// that, the module's chunk as a function, with the environment for its globals; nothing
/// where there is no such module.
extern "C-unwind" fn bundled(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    let short = name.strip_prefix(SPACE).unwrap_or(name);
    let Some((_, source)) = MODULES.iter().find(|(known, _)| *known == short) else {
        return 0;
    };
    if short != name {
        let has_environment = l.type_of(2) == LUA_TTABLE;
        l.push_value(1);
        compact::load(l, source);
        if has_environment {
            l.push_value(2);
            l.set_upvalue(-2, 1);
        }
        l.push_closure(open, 1);
        return 2;
    }
    l.push_bytes(SPACE.as_bytes());
    l.push_value(1);
    l.concat(2);
    1
}

#[cfg(test)]
mod tests {
    use mlua_sys::LUA_TFUNCTION;

    use super::MODULES;
    use crate::{boot, compact};

    #[test]
    fn every_module_is_unpacked_and_compiled() {
        let l = boot::state().expect("Lua is set up");
        for (name, source) in MODULES {
            compact::load(l, source);
            assert_eq!(l.type_of(-1), LUA_TFUNCTION, "{name}");
            l.pop(1);
        }
    }
}
