//! Spawns with options, for `prelude/spawner.lua`. What a spawner holds is
//! encoded when it is given, so that a spawner cannot change afterwards.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Full, Output};
use warren_guest::process::Relation;

use crate::encode::{self, Stop};
use crate::exchange;
use crate::exec;
use crate::process::spawn_with;
use crate::runtime::runtime;
use crate::stack::{Functions, State, bytes_at, out_of_memory, push_bytes};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"encode", encode_value),
    (c"encode_values", encode_values),
    (c"encode_options", encode_options),
    (c"spawn_with_options", spawn_with_options),
    (c"exec_with_options", exec_with_options),
];

/// `encode(value, root)`: a string with the encoded value, or nil and an error
/// whose path begins with `root`.
unsafe extern "C-unwind" fn encode_value(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the output is put back before
    // anything can raise.
    unsafe {
        lua_settop(l, 2);
        let rt = runtime(l);
        let mut output = rt.output.take();
        output.clear();
        let root = String::from_utf8_lossy(bytes_at(l, 2).unwrap_or_default());
        let encoded = match encode::value(l, 1, &root, &mut output) {
            Err(Stop::TooLarge) => Err(Stop::Refused(Stop::too_large(&root))),
            encoded => encoded,
        };
        drop(root);
        rt.output.set(output);
        match encoded {
            Ok(()) => push_output(l),
            Err(stop) => exchange::stopped(l, stop, ""),
        }
    }
}

/// `encode_values(...)`: a string with all values as one payload, or nil and
/// an error.
unsafe extern "C-unwind" fn encode_values(l: State) -> c_int {
    // SAFETY: as `encode_value`.
    unsafe {
        let rt = runtime(l);
        let mut output = rt.output.take();
        output.clear();
        let encoded = encode::values(l, 1, lua_gettop(l), "payload", &mut output);
        rt.output.set(output);
        match encoded {
            Ok(()) => push_output(l),
            Err(stop) => exchange::stopped(l, stop, "payload"),
        }
    }
}

/// `encode_options{context = {key = encoded}, actor = encoded, scope =
/// encoded, name = text, messages = {topic, encoded, ...}}`: a string with the
/// options of a spawn. All parts may be absent; all strings are the prelude's.
unsafe extern "C-unwind" fn encode_options(l: State) -> c_int {
    // SAFETY: as `encode_value`.
    unsafe {
        lua_settop(l, 1);
        for (slot, field) in [c"context", c"actor", c"scope", c"name", c"messages"]
            .iter()
            .enumerate()
        {
            lua_getfield(l, 1, field.as_ptr());
            debug_assert_eq!(lua_gettop(l), slot as c_int + 2);
        }
        let rt = runtime(l);
        let mut output = rt.output.take();
        output.clear();
        // The parts have their limits; messages may be many.
        output.lift_limit();
        let encoded = write_options(l, &mut output);
        rt.output.set(output);
        match encoded {
            Ok(()) => push_output(l),
            Err(_) => out_of_memory(l),
        }
    }
}

/// Writes the options whose parts are at 2 (context), 3 (actor), 4 (scope), 5
/// (name) and 6 (messages). Does not raise.
unsafe fn write_options(l: State, output: &mut Output) -> Result<(), Full> {
    // SAFETY: the promise of `encode_options`.
    unsafe {
        let given = (2..=6).filter(|index| lua_isnil(l, *index) == 0).count();
        output.map(given as u32)?;
        if lua_istable(l, 2) != 0 {
            output.string(b"context")?;
            let open = output.open()?;
            let mut len = 0;
            lua_pushnil(l);
            while lua_next(l, 2) != 0 {
                output.string(bytes_at(l, -2).unwrap_or_default())?;
                output.raw(bytes_at(l, -1).unwrap_or_default())?;
                len += 1;
                lua_pop(l, 1);
            }
            output.finish_map(open, len)?;
        }
        for (index, key) in [(3, "actor"), (4, "scope")] {
            if let Some(part) = bytes_at(l, index) {
                output.string(key.as_bytes())?;
                output.raw(part)?;
            }
        }
        if let Some(name) = bytes_at(l, 5) {
            output.string(b"name")?;
            output.string(name)?;
        }
        if lua_istable(l, 6) != 0 {
            output.string(b"messages")?;
            let count = lua_rawlen(l, 6) as lua_Integer / 2;
            output.array(count as u32)?;
            for message in 0..count {
                output.array(2)?;
                lua_rawgeti(l, 6, 2 * message + 1);
                output.string(bytes_at(l, -1).unwrap_or_default())?;
                lua_rawgeti(l, 6, 2 * message + 2);
                output.raw(bytes_at(l, -1).unwrap_or_default())?;
                lua_pop(l, 2);
            }
        }
    }
    Ok(())
}

/// `spawn_with_options(options, monitored, linked, id, host, ...)`.
unsafe extern "C-unwind" fn spawn_with_options(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the options stay on the stack.
    unsafe {
        let options = bytes_at(l, 1).unwrap_or_default();
        let relation = Relation {
            monitored: lua_toboolean(l, 2) != 0,
            linked: lua_toboolean(l, 3) != 0,
        };
        spawn_with(l, 4, options, relation)
    }
}

/// `exec_with_options(options, id, host, ...)`.
unsafe extern "C-unwind" fn exec_with_options(l: State) -> c_int {
    // SAFETY: as `spawn_with_options`.
    unsafe { exec::exec_with(l, 2, bytes_at(l, 1).unwrap_or_default()) }
}

/// Pushes what was encoded as a string.
unsafe fn push_output(l: State) -> c_int {
    // SAFETY: the callers are C functions. Nobody else writes the output while
    // Lua copies it.
    unsafe {
        push_bytes(l, (*runtime(l).output.as_ptr()).as_slice());
        1
    }
}
