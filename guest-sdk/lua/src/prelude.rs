//! The part of the libraries that is written in Lua.
//!
//! Each file is a chunk that is given one table, the functions of this crate
//! that only the prelude sees, and sets fields of the libraries.

use mlua_sys::*;

use crate::chunk::{dump, load_prepared};
use crate::interpreter::interpreter;
use crate::lua::State;

/// A chunk of the prelude.
pub(crate) type Chunk = &'static str;

/// Changes to the libraries of Lua itself.
pub(crate) const STANDARD: &[Chunk] = &[
    include_str!("prelude/strings.lua"),
    include_str!("prelude/sort.lua"),
    include_str!("prelude/tables.lua"),
    include_str!("prelude/load.lua"),
    include_str!("prelude/io.lua"),
    include_str!("prelude/os.lua"),
];

/// Parts of warren's own libraries.
pub(crate) const WARREN: &[Chunk] = &[
    include_str!("prelude/require.lua"),
    include_str!("prelude/logger.lua"),
    include_str!("prelude/security.lua"),
    include_str!("prelude/env.lua"),
    include_str!("prelude/spawner.lua"),
    include_str!("prelude/text.lua"),
];

/// Runs chunks with the table on top of the stack as their argument.
pub(crate) fn run(l: State, chunks: &[Chunk]) {
    for chunk in chunks {
        load(l, chunk);
        l.push_value(-2);
        l.call(1, 0);
        // At these points there are neither so many strings that their
        // table would have to grow, nor so few that it would shrink: it
        // stays where it is.
        l.collect();
    }
}

/// Pushes the function of a chunk. May raise.
pub(crate) fn load(l: State, chunk: Chunk) {
    load_bytes(l, chunk.as_bytes());
}

/// The same for a chunk that is not known before.
pub(crate) fn load_bytes(l: State, chunk: &[u8]) {
    if l.load(chunk, c"=[warren]") != LUA_OK {
        l.error();
    }
    strip(l);
}

/// Replaces the function on top of the stack by one that does not know where
/// it stands: it lends no position to the errors of the functions it calls,
/// and tracebacks can leave it out.
fn strip(l: State) {
    // The output is put back before anything can raise.
    let interpreter = interpreter(l);
    let mut code = interpreter.output.take();
    code.clear();
    code.lift_limit();
    let dumped = dump(l, &mut code, true);
    interpreter.output.set(code);
    l.pop(1);
    if !dumped {
        l.out_of_memory();
    }
    // SAFETY: the code was just dumped, and nobody else writes the output while Lua
    // reads it.
    unsafe { load_prepared(l, (*interpreter.output.as_ptr()).as_slice()) };
}
