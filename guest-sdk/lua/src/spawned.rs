//! The processes that a start function of a supervisor spawns. Whatever function spawns
//! them, the supervisor monitors them from before they run, and so hears of each end.

use std::ffi::{c_int, c_void};

use mlua_sys::*;
use warren_guest::process::Relation;
use warren_values::kind;

use crate::argument::REFUSED;
use crate::errors;
use crate::lua::{Functions, State};

/// The functions that bundled modules are given.
pub(crate) const FUNCTIONS: &Functions = &[(c"note_spawns", note_spawns)];

/// Spawns a process by `spawn`, which pushes the PID, or nil and an error. The process is
/// monitored and noted while [`note_spawns`] asks for it.
pub(crate) fn spawn(
    l: State,
    relation: Relation,
    mut spawn: impl FnMut(Relation) -> c_int,
) -> c_int {
    let notes = l.registered(key()) == LUA_TTABLE;
    l.pop(1);
    if !notes {
        return spawn(relation);
    }
    let results = spawn(Relation {
        monitored: true,
        ..relation
    });
    if results != REFUSED {
        l.registered(key());
        l.push_value(-2);
        l.push_boolean(true);
        l.raw_set(-3);
        l.pop(1);
    } else if !relation.monitored && errors::is_of_kind(l, -1, kind::PERMISSION_DENIED) {
        // The program has asked for no monitor, which alone may be denied.
        l.pop(results);
        return spawn(relation);
    }
    results
}

/// `note_spawns(pids)`: from now on, monitors each process that this one spawns, and sets its
/// PID to true in the table; no longer with nil.
extern "C-unwind" fn note_spawns(l: State) -> c_int {
    l.set_top(1);
    l.register(key());
    0
}

/// The registry's key of the table of PIDs.
fn key() -> *const c_void {
    // In the registry and not in the interpreter, which has no room on its page.
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
