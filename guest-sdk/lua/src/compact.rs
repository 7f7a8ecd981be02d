//! Lua sources as `build.rs` packs them: without comments, indentation and empty lines, and
//! deflated. They lie in the image of every process, whose memory is charged beyond 1 MiB,
//! and are unpacked where they are compiled.

use std::iter;
use std::slice;

use miniz_oxide::inflate::decompress_slice_iter_to_slice;
use mlua_sys::LUA_OK;

use crate::chunk::{dump, load_prepared};
use crate::interpreter::interpreter;
use crate::lua::State;

/// A packed source.
pub(crate) struct Compact {
    /// Bytes of the source.
    pub(crate) len: usize,
    /// The source, by the method "deflate".
    pub(crate) packed: &'static [u8],
}

/// The packed source of a file below `src`. No text in the file may go over several lines.
macro_rules! compact {
    ($file:literal) => {
        include!(concat!(env!("OUT_DIR"), "/compact/", $file, ".rs"))
    };
}
pub(crate) use compact;

/// Pushes the function of a source. May raise.
// Not inlined: unpacking takes some KiB of the stack.
#[inline(never)]
pub(crate) fn load(l: State, source: &Compact) {
    let block = l.new_block(source.len, 0).cast::<u8>();
    // SAFETY: the block has so many bytes, of which nobody else knows, and stays on the
    // stack as long as the slice is used.
    let text = unsafe {
        block.write_bytes(0, source.len);
        slice::from_raw_parts_mut(block, source.len)
    };
    // Packed by `build.rs`, so that this does not fail; if it did, the text would be no Lua.
    let _ = decompress_slice_iter_to_slice(text, iter::once(source.packed), false, true);
    if l.load(text, c"=[warren]") != LUA_OK {
        l.error();
    }
    strip(l);
    l.remove(-2);
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
