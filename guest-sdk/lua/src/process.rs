//! The library `process`, but for mailboxes ([`crate::mailbox`]), `exec`
//! ([`crate::exec`]) and the spawner (`prelude/spawner.lua`).

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::process::{self, Relation, Start};
use warren_guest::{Buffer, Failure};

use crate::argument::{REFUSED, optional_text, text};
use crate::errors::{self, Kind};
use crate::runtime::runtime;
use crate::stack::{self, Functions, State, bytes_at, wrong_type};
use crate::time::{self, Unit};
use crate::{exchange, exec, mailbox, registry};

const FUNCTIONS: &Functions = &[
    (c"id", id),
    (c"pid", pid),
    (c"send", send),
    (c"spawn", spawn::<false, false>),
    (c"spawn_monitored", spawn::<true, false>),
    (c"spawn_linked", spawn::<false, true>),
    (c"spawn_linked_monitored", spawn::<true, true>),
    (c"exec", exec::exec),
    (c"terminate", terminate),
    (c"cancel", cancel),
    (c"monitor", monitor),
    (c"unmonitor", unmonitor),
    (c"link", link),
    (c"unlink", unlink),
    (c"get_options", get_options),
    (c"set_options", set_options),
    (c"upgrade", upgrade),
];

const EVENTS: [(&CStr, &CStr); 3] = [
    (c"CANCEL", c"pid.cancel"),
    (c"EXIT", c"pid.exit"),
    (c"LINK_DOWN", c"pid.link.down"),
];

/// Pushes the library.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        stack::push_library(l, FUNCTIONS);
        stack::set_functions(l, mailbox::FUNCTIONS);
        registry::push(l);
        lua_setfield(l, -2, c"registry".as_ptr());
        lua_createtable(l, 0, EVENTS.len() as c_int);
        for (name, kind) in EVENTS {
            lua_pushstring(l, kind.as_ptr());
            lua_setfield(l, -2, name.as_ptr());
        }
        lua_setfield(l, -2, c"event".as_ptr());
    }
}

unsafe extern "C-unwind" fn id(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::string), process::frame_id) }
}

unsafe extern "C-unwind" fn pid(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::string), process::pid) }
}

/// `process.send(dest, topic, ...)`.
unsafe extern "C-unwind" fn send(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(to) = text(l, 1, "destination") else {
            return REFUSED;
        };
        let Some(topic) = text(l, 2, "topic") else {
            return REFUSED;
        };
        exchange::call_with_values(l, (3, lua_gettop(l)), "payload", None, |payload, buffer| {
            process::send(to, topic, payload, buffer).map(|()| &[][..])
        })
    }
}

/// `process.spawn(id, host, ...)` and its variants.
unsafe extern "C-unwind" fn spawn<const MONITORED: bool, const LINKED: bool>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        spawn_with(
            l,
            1,
            &[],
            Relation {
                monitored: MONITORED,
                linked: LINKED,
            },
        )
    }
}

/// Starts the process that the arguments from `first` on describe: definition,
/// host, and what the process is given. `options` is an encoded map or empty.
///
/// # Safety
/// `l` runs a C function; nothing that needs `Drop` is alive.
pub(crate) unsafe fn spawn_with(
    l: State,
    first: c_int,
    options: &[u8],
    relation: Relation,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        let Some(definition) = text(l, first, "definition") else {
            return REFUSED;
        };
        let Some(host) = text(l, first + 1, "host") else {
            return REFUSED;
        };
        let arguments = (first + 2, lua_gettop(l));
        exchange::call_with_values(
            l,
            arguments,
            "arguments",
            Some(exchange::string),
            |arguments, buffer| {
                process::spawn(
                    Start {
                        definition,
                        host,
                        arguments,
                        options,
                    },
                    relation,
                    buffer,
                )
            },
        )
    }
}

/// A call whose only argument is a process.
unsafe fn on_target(
    l: State,
    make: for<'b> fn(&str, &'b mut Buffer) -> Result<(), Failure<'b>>,
) -> c_int {
    // SAFETY: the callers are C functions.
    unsafe {
        let Some(target) = text(l, 1, "destination") else {
            return REFUSED;
        };
        exchange::call_done(l, |buffer| make(target, buffer))
    }
}

unsafe extern "C-unwind" fn terminate(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        // The target may be this process, or take it along.
        runtime(l).streams.before_waiting();
        on_target(l, process::terminate)
    }
}

unsafe extern "C-unwind" fn monitor(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { on_target(l, process::monitor) }
}

unsafe extern "C-unwind" fn unmonitor(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { on_target(l, process::unmonitor) }
}

unsafe extern "C-unwind" fn link(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { on_target(l, process::link) }
}

unsafe extern "C-unwind" fn unlink(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { on_target(l, process::unlink) }
}

/// `process.cancel(dest, deadline?)`.
unsafe extern "C-unwind" fn cancel(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(target) = text(l, 1, "destination") else {
            return REFUSED;
        };
        let deadline = if lua_type(l, 2) <= LUA_TNIL {
            None
        } else {
            let Some(deadline) = time::span(l, 2, Unit::Milliseconds, "deadline") else {
                return REFUSED;
            };
            Some(deadline)
        };
        exchange::call_done(l, |buffer| process::cancel(target, deadline, buffer))
    }
}

unsafe extern "C-unwind" fn get_options(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_createtable(l, 0, 1);
        lua_pushboolean(l, process::trap_links().into());
        lua_setfield(l, -2, c"trap_links".as_ptr());
        1
    }
}

/// `process.set_options{trap_links = bool}`: all or nothing.
unsafe extern "C-unwind" fn set_options(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 1);
        match lua_type(l, 1) {
            LUA_TNIL => {
                return errors::refuse(l, Kind::Invalid, format_args!("options are missing"));
            }
            LUA_TTABLE => {}
            _ => wrong_type(l, 1, c"table"),
        }
        let mut trap_links = None;
        lua_pushnil(l);
        while lua_next(l, 1) != 0 {
            if bytes_at(l, 2) != Some(b"trap_links") {
                return errors::refuse(
                    l,
                    Kind::Invalid,
                    format_args!("the only option is 'trap_links'"),
                );
            }
            if lua_type(l, 3) != LUA_TBOOLEAN {
                return errors::refuse(
                    l,
                    Kind::Invalid,
                    format_args!("option 'trap_links' is true or false"),
                );
            }
            trap_links = Some(lua_toboolean(l, 3) != 0);
            lua_settop(l, 2);
        }
        if let Some(trap_links) = trap_links {
            process::set_trap_links(trap_links);
        }
        lua_pushboolean(l, 1);
        1
    }
}

/// `process.upgrade(id or nil, ...)`: returns only where it failed.
unsafe extern "C-unwind" fn upgrade(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(definition) = optional_text(l, 1, "definition") else {
            return REFUSED;
        };
        exchange::call_with_values(
            l,
            (2, lua_gettop(l)),
            "arguments",
            None,
            |arguments, buffer| {
                runtime(l).streams.flush_all();
                Err(process::upgrade(definition, arguments, buffer))
            },
        )
    }
}
