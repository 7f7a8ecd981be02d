//! Spawns with options, for `prelude/spawner.lua`. What a spawner holds is
//! encoded when it is given, so that a spawner cannot change afterwards.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};
use warren_guest::process::Relation;

use crate::argument::REFUSED;
use crate::encode::{self, Stop};
use crate::exchange;
use crate::exec;
use crate::interpreter::interpreter;
use crate::lua::{Functions, State};
use crate::mistakes::check_taken;
use crate::process::{spawn_watched, spawn_with};
use crate::scheduler::{Patience, Shape};
use crate::time::{Unit, span};
use crate::timers::instant_after;

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"encode", encode_value),
    (c"encode_values", encode_values),
    (c"encode_options", encode_options),
    (c"spawn_with_options", spawn_with_options),
    (c"exec_with_options", exec_with_options),
    (c"call_function", call_function),
    (c"begin_call", begin_call),
    (c"abandon", exec::abandon),
    (c"nanoseconds", nanoseconds),
];

/// `encode(value, root)`: a string with the encoded value, or nil and an error
/// whose path begins with `root`.
extern "C-unwind" fn encode_value(l: State) -> c_int {
    // The output is put back before anything can raise.
    l.set_top(2);
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    // SAFETY: the root is an argument, on the stack until the function returns.
    let root = String::from_utf8_lossy(unsafe { l.bytes(2) }.unwrap_or_default());
    let encoded = match encode::value(l, 1, &root, &mut output) {
        Err(Stop::TooLarge) => Err(encode::MESSAGE.refusal(&root)),
        encoded => encoded,
    };
    drop(root);
    interpreter.output.set(output);
    match encoded {
        Ok(()) => push_output(l),
        Err(stop) => exchange::stopped(l, stop, ""),
    }
}

/// `encode_values(...)`: a string with all values as one payload, or nil and
/// an error.
extern "C-unwind" fn encode_values(l: State) -> c_int {
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    let encoded = encode::values(l, 1, l.top(), "payload", &mut output);
    interpreter.output.set(output);
    match encoded {
        Ok(()) => push_output(l),
        Err(stop) => exchange::stopped(l, stop, "payload"),
    }
}

/// `encode_options{context = {key = encoded}, actor = encoded, scope =
/// encoded, name = text, messages = {topic, encoded, ...}, call = true}`: a string with
/// the options of a spawn. All parts may be absent; all strings are the prelude's.
extern "C-unwind" fn encode_options(l: State) -> c_int {
    l.set_top(1);
    let fields = [
        c"context",
        c"actor",
        c"scope",
        c"name",
        c"messages",
        c"call",
    ];
    for (slot, field) in fields.iter().enumerate() {
        l.field(1, field);
        debug_assert_eq!(l.top(), slot as c_int + 2);
    }
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    // The parts have their limits; messages may be many.
    output.lift_limit();
    let encoded = write_options(l, &mut output);
    interpreter.output.set(output);
    match encoded {
        Ok(()) => push_output(l),
        Err(_) => l.out_of_memory(),
    }
}

/// Writes the options whose parts are at 2 (context), 3 (actor), 4 (scope), 5
/// (name), 6 (messages) and 7 (call). Does not raise.
fn write_options(l: State, output: &mut Output) -> Result<(), Full> {
    // SAFETY: a part is on the stack until it is written.
    let part = |index| unsafe { l.bytes(index) };
    let given = (2..=7).filter(|index| !l.is_nil(*index)).count();
    output.map(given as u32)?;
    if l.type_of(2) == LUA_TTABLE {
        output.string(b"context")?;
        let open = output.open()?;
        let mut len = 0;
        l.push_nil();
        while l.next(2) {
            output.string(part(-2).unwrap_or_default())?;
            output.raw(part(-1).unwrap_or_default())?;
            len += 1;
            l.pop(1);
        }
        output.finish_map(open, len)?;
    }
    for (index, key) in [(3, "actor"), (4, "scope")] {
        if let Some(encoded) = part(index) {
            output.string(key.as_bytes())?;
            output.raw(encoded)?;
        }
    }
    if let Some(name) = part(5) {
        output.string(b"name")?;
        output.string(name)?;
    }
    if !l.is_nil(7) {
        output.string(b"call")?;
        output.boolean(true)?;
    }
    if l.type_of(6) == LUA_TTABLE {
        output.string(b"messages")?;
        let count = l.raw_len(6) as lua_Integer / 2;
        output.array(count as u32)?;
        for message in 0..count {
            output.array(2)?;
            l.element(6, 2 * message + 1);
            output.string(part(-1).unwrap_or_default())?;
            l.element(6, 2 * message + 2);
            output.raw(part(-1).unwrap_or_default())?;
            l.pop(2);
        }
    }
    Ok(())
}

/// `spawn_with_options(options, monitored, linked, watched, id, host, ...)`: the PID, and of
/// a watched process the channel that yields its outcome; or nil and an error.
extern "C-unwind" fn spawn_with_options(l: State) -> c_int {
    let options = options(l);
    let relation = Relation {
        monitored: l.to_boolean(2),
        linked: l.to_boolean(3),
    };
    if l.to_boolean(4) {
        return spawn_watched(l, 5, options, relation);
    }
    let name = match (relation.monitored, relation.linked) {
        (false, false) => "spawner:spawn",
        (true, false) => "spawner:spawn_monitored",
        (false, true) => "spawner:spawn_linked",
        (true, true) => "spawner:spawn_linked_monitored",
    };
    let results = spawn_with(l, 5, options, relation);
    check_taken(l, results, name)
}

/// `exec_with_options(options, id, host, ...)`.
extern "C-unwind" fn exec_with_options(l: State) -> c_int {
    exec::exec_with(l, 2, options(l), Shape::SpawnerExec)
}

/// `call_function(options, timeout, id, host, ...)`: the timeout in nanoseconds, or nil.
extern "C-unwind" fn call_function(l: State) -> c_int {
    let patience = match l.whole(2) {
        Some(timeout) => Patience::Until(instant_after(u64::try_from(timeout).unwrap_or(0))),
        None => Patience::Endless,
    };
    exec::call_with(l, 3, options(l), patience)
}

/// `begin_call(options, id, host, ...)`: the channel that yields the outcome, or nil and an
/// error.
extern "C-unwind" fn begin_call(l: State) -> c_int {
    exec::begin_with(l, 2, options(l))
}

/// `nanoseconds(timeout, name, in_seconds?)`: of a number of milliseconds, or of seconds, or
/// a duration; or nil and an error.
extern "C-unwind" fn nanoseconds(l: State) -> c_int {
    // SAFETY: the name is an argument, on the stack until the function returns.
    let name = String::from_utf8_lossy(unsafe { l.bytes(2) }.unwrap_or_default()).into_owned();
    let unit = match l.to_boolean(3) {
        true => Unit::Seconds,
        false => Unit::Milliseconds,
    };
    let span = span(l, 1, unit, &name);
    drop(name);
    let Some(span) = span else {
        return REFUSED;
    };
    l.push_integer(lua_Integer::try_from(span).unwrap_or(lua_Integer::MAX));
    1
}

/// Pushes what was encoded as a string.
fn push_output(l: State) -> c_int {
    interpreter(l).push_output(l);
    1
}

/// Returns the encoded options, which are argument 1.
fn options<'a>(l: State) -> &'a [u8] {
    // SAFETY: the argument is on the stack until the function returns.
    unsafe { l.bytes(1) }.unwrap_or_default()
}
