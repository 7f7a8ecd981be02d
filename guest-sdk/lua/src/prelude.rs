//! The part of the libraries that is written in Lua.
//!
//! Each file is a chunk that is given one table, the functions of this crate
//! that only the prelude sees, and sets fields of the libraries.

use std::ffi::c_int;

use mlua_sys::*;

use crate::chunk::{dump, load_prepared};
use crate::runtime::runtime;
use crate::stack::{State, out_of_memory};

/// A chunk of the prelude.
type Chunk = &'static str;

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
    include_str!("prelude/spawner.lua"),
];

/// Runs chunks with the table on top of the stack as their argument.
///
/// # Safety
/// `l` runs a C function with the table on top of its stack.
pub(crate) unsafe fn run(l: State, chunks: &[Chunk]) {
    // SAFETY: as promised by the caller; the chunks are text.
    unsafe {
        for chunk in chunks {
            let start = chunk.as_ptr().cast();
            if luaL_loadbufferx(l, start, chunk.len(), c"=[warren]".as_ptr(), c"t".as_ptr())
                != LUA_OK
            {
                lua_error(l);
            }
            strip(l);
            lua_pushvalue(l, -2);
            lua_call(l, 1, 0 as c_int);
            // At these points there are neither so many strings that their
            // table would have to grow, nor so few that it would shrink: it
            // stays where it is.
            lua_gc(l, LUA_GCCOLLECT);
        }
    }
}

/// Replaces the function on top of the stack by one that does not know where
/// it stands: it lends no position to the errors of the functions it calls,
/// and tracebacks can leave it out.
unsafe fn strip(l: State) {
    // SAFETY: `run` has a function on top of the stack; the output is put back
    // before anything can raise.
    unsafe {
        let rt = runtime(l);
        let mut code = rt.output.take();
        code.clear();
        code.lift_limit();
        let dumped = dump(l, &mut code, true);
        rt.output.set(code);
        lua_pop(l, 1);
        if !dumped {
            out_of_memory(l);
        }
        load_prepared(l, (*rt.output.as_ptr()).as_slice());
    }
}
