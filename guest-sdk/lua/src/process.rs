//! The library `process`, but for mailboxes ([`crate::mailbox`]), `exec`
//! ([`crate::exec`]), the registry ([`crate::registry`]) and the spawner (`prelude/spawner.lua`).

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::process::{self, Relation, Start};
use warren_guest::{Buffer, Failure};
use warren_values::kind;

use crate::argument::{REFUSED, destination, optional_text, start, text};
use crate::coverage;
use crate::errors;
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};
use crate::mistakes::check_taken;
use crate::tasks::Format;
use crate::time::{self, Unit};
use crate::{capability, exchange, exec, far, mailbox, registry, spawned, transfer};

const FUNCTIONS: &Functions = &[
    (c"id", id),
    (c"pid", pid),
    (c"send", send),
    (c"spawn", spawn),
    (c"spawn_monitored", spawn_monitored),
    (c"spawn_linked", spawn_linked),
    (c"spawn_linked_monitored", spawn_linked_monitored),
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
    (c"node", capability::operation!("process.node")),
    (c"nodes", capability::operation!("process.nodes")),
    (c"monitor_nodes", monitor_nodes),
];

const EVENTS: [(&CStr, &CStr); 7] = [
    (c"CANCEL", c"pid.cancel"),
    (c"EXIT", c"pid.exit"),
    (c"LINK_DOWN", c"pid.link.down"),
    (c"OUTDATED", c"pid.outdated"),
    (c"NODE_UP", c"node.up"),
    (c"NODE_DOWN", c"node.down"),
    (c"NAME_LOST", c"name.lost"),
];

/// Pushes the library.
pub(crate) fn open(l: State) {
    lua::push_library(l, FUNCTIONS);
    lua::set_functions(l, mailbox::FUNCTIONS);
    registry::push(l);
    l.set_field(-2, c"registry");
    l.new_table(0, EVENTS.len() as c_int);
    for (name, kind) in EVENTS {
        l.push_string(kind);
        l.set_field(-2, name);
    }
    l.set_field(-2, c"event");
}

extern "C-unwind" fn id(l: State) -> c_int {
    exchange::call(l, Some(exchange::string), process::frame_id)
}

extern "C-unwind" fn pid(l: State) -> c_int {
    exchange::call(l, Some(exchange::string), process::pid)
}

/// `process.send(dest, topic, ...)`.
extern "C-unwind" fn send(l: State) -> c_int {
    let results = try_send(l);
    if results == REFUSED && was_there(l) {
        return results;
    }
    check_taken(l, results, "process.send")
}

/// Returns true for a message to a PID whose process has ended, by the results of `send`
/// on top of the stack. It may end by right at any time.
#[cold]
#[inline(never)]
fn was_there(l: State) -> bool {
    let is_pid = l.with_bytes(1, |to| to.is_some_and(|to| to.first() == Some(&b'{')));
    is_pid && is_not_found(l)
}

fn try_send(l: State) -> c_int {
    let Some(to) = destination(l, 1) else {
        return REFUSED;
    };
    let Some(topic) = text(l, 2, "topic") else {
        return REFUSED;
    };
    if far::is_elsewhere(to) {
        // This coroutine alone waits for the other node.
        return capability::call(l, "process.send", "");
    }
    exchange::call_with_values(l, (3, l.top()), "payload", None, |payload, buffer| {
        process::send(to, topic, payload, buffer).map(|()| &[][..])
    })
}

/// `process.spawn(id, host?, ...)`; the variants take the same.
extern "C-unwind" fn spawn(l: State) -> c_int {
    let results = spawn_with(l, 1, &[], Relation::NONE);
    check_taken(l, results, "process.spawn")
}

extern "C-unwind" fn spawn_monitored(l: State) -> c_int {
    let results = spawn_with(l, 1, &[], Relation::MONITORED);
    check_taken(l, results, "process.spawn_monitored")
}

extern "C-unwind" fn spawn_linked(l: State) -> c_int {
    let results = spawn_with(l, 1, &[], Relation::LINKED);
    check_taken(l, results, "process.spawn_linked")
}

extern "C-unwind" fn spawn_linked_monitored(l: State) -> c_int {
    let results = spawn_with(l, 1, &[], Relation::LINKED_MONITORED);
    check_taken(l, results, "process.spawn_linked_monitored")
}

/// Starts the process that the arguments from `first` on describe: definition,
/// host, and what the process is given. `options` is an encoded map or empty.
pub(crate) fn spawn_with(l: State, first: c_int, options: &[u8], relation: Relation) -> c_int {
    let Some((definition, host)) = start(l, first) else {
        return REFUSED;
    };
    let arguments = (first + 2, l.top().max(first + 1));
    spawned::spawn(l, relation, |relation| {
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
    })
}

/// Starts a process as [`spawn_with`] does, and watches it from before it runs. Pushes the
/// PID and the channel that yields its outcome; or nil and an error.
pub(crate) fn spawn_watched(l: State, first: c_int, options: &[u8], relation: Relation) -> c_int {
    let Some((definition, host)) = start(l, first) else {
        return REFUSED;
    };
    let arguments = (first + 2, l.top().max(first + 1));
    let mut watch = None;
    let results = spawned::spawn(l, relation, |relation| {
        exchange::call_with_values(
            l,
            arguments,
            "arguments",
            Some(exchange::string),
            |arguments, buffer| {
                let start = Start {
                    definition,
                    host,
                    arguments,
                    options,
                };
                let (subscription, pid) = process::spawn_watched(start, relation, buffer)?;
                watch = Some(subscription);
                Ok(pid)
            },
        )
    });
    match watch {
        Some(subscription) => {
            transfer::push_subscription(l, subscription, Format::Raw);
            results + 1
        }
        None => results,
    }
}

/// A call whose only argument is a process.
fn on_target(l: State, make: for<'b> fn(&str, &'b mut Buffer) -> Result<(), Failure<'b>>) -> c_int {
    let Some(target) = destination(l, 1) else {
        return REFUSED;
    };
    exchange::call_done(l, |buffer| make(target, buffer))
}

/// Warns as [`check_taken`] does, but not of a target that is not there: it may end by right
/// at any time, and this call is to end it or its ties.
fn check_stopped(l: State, results: c_int, function: &str) -> c_int {
    if results == REFUSED && is_not_found(l) {
        return results;
    }
    check_taken(l, results, function)
}

/// Returns true if the error on top of the stack is NOT_FOUND.
#[cold]
#[inline(never)]
fn is_not_found(l: State) -> bool {
    errors::is_of_kind(l, -1, kind::NOT_FOUND)
}

extern "C-unwind" fn terminate(l: State) -> c_int {
    // The target may be this process, or take it along.
    interpreter(l).streams.before_waiting();
    let results = on_target(l, process::terminate);
    check_stopped(l, results, "process.terminate")
}

extern "C-unwind" fn monitor(l: State) -> c_int {
    let results = on_target(l, process::monitor);
    check_taken(l, results, "process.monitor")
}

extern "C-unwind" fn unmonitor(l: State) -> c_int {
    let results = on_target(l, process::unmonitor);
    check_stopped(l, results, "process.unmonitor")
}

extern "C-unwind" fn link(l: State) -> c_int {
    let results = on_target(l, process::link);
    check_taken(l, results, "process.link")
}

extern "C-unwind" fn unlink(l: State) -> c_int {
    let results = on_target(l, process::unlink);
    check_stopped(l, results, "process.unlink")
}

extern "C-unwind" fn monitor_nodes(l: State) -> c_int {
    let results = capability::call(l, "process.monitor_nodes", "b");
    check_taken(l, results, "process.monitor_nodes")
}

/// `process.cancel(dest, deadline?, reason?)`.
extern "C-unwind" fn cancel(l: State) -> c_int {
    let results = try_cancel(l);
    check_stopped(l, results, "process.cancel")
}

fn try_cancel(l: State) -> c_int {
    let Some(target) = destination(l, 1) else {
        return REFUSED;
    };
    let deadline = if l.type_of(2) <= LUA_TNIL {
        None
    } else {
        let Some(deadline) = time::span(l, 2, Unit::Milliseconds, "deadline") else {
            return REFUSED;
        };
        Some(deadline)
    };
    let Some(reason) = optional_text(l, 3, "reason") else {
        return REFUSED;
    };
    if reason.is_none() {
        return exchange::call_done(l, |buffer| process::cancel(target, deadline, buffer));
    }
    l.set_top(3);
    if let Some(deadline) = deadline {
        l.push_integer(lua_Integer::try_from(deadline).unwrap_or(lua_Integer::MAX));
        l.replace(2);
    }
    capability::call(l, "process.cancel", "")
}

extern "C-unwind" fn get_options(l: State) -> c_int {
    l.new_table(0, 2);
    l.push_boolean(process::trap_links());
    l.set_field(-2, c"trap_links");
    l.push_boolean(process::upgradable());
    l.set_field(-2, c"upgradable");
    1
}

/// `process.set_options{trap_links = bool, upgradable = bool}`: all or nothing.
extern "C-unwind" fn set_options(l: State) -> c_int {
    let results = try_set_options(l);
    check_taken(l, results, "process.set_options")
}

fn try_set_options(l: State) -> c_int {
    l.set_top(1);
    match l.type_of(1) {
        LUA_TNIL => {
            return errors::refuse(l, kind::INVALID, format_args!("options are missing"));
        }
        LUA_TTABLE => {}
        _ => l.wrong_type(1, c"table"),
    }
    let (mut trap_links, mut upgradable) = (None, None);
    l.push_nil();
    while l.next(1) {
        let (name, value) = if l.is_string(2, b"trap_links") {
            ("trap_links", &mut trap_links)
        } else if l.is_string(2, b"upgradable") {
            ("upgradable", &mut upgradable)
        } else {
            return errors::refuse(
                l,
                kind::INVALID,
                format_args!("the options are 'trap_links' and 'upgradable'"),
            );
        };
        if l.type_of(3) != LUA_TBOOLEAN {
            return errors::refuse(
                l,
                kind::INVALID,
                format_args!("option '{name}' must be true or false"),
            );
        }
        *value = Some(l.to_boolean(3));
        l.set_top(2);
    }
    if let Some(trap_links) = trap_links {
        process::set_trap_links(trap_links);
    }
    if let Some(upgradable) = upgradable {
        process::set_upgradable(upgradable);
    }
    l.push_boolean(true);
    1
}

/// `process.upgrade(id or nil, ...)`: returns only where it failed.
extern "C-unwind" fn upgrade(l: State) -> c_int {
    let results = try_upgrade(l);
    check_taken(l, results, "process.upgrade")
}

fn try_upgrade(l: State) -> c_int {
    let Some(definition) = optional_text(l, 1, "definition") else {
        return REFUSED;
    };
    exchange::call_with_values(l, (2, l.top()), "arguments", None, |arguments, buffer| {
        interpreter(l).streams.flush_all();
        coverage::tell_rest(l);
        Err(process::upgrade(definition, arguments, buffer))
    })
}
