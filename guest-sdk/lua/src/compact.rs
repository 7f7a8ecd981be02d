//! Lua sources as `build.rs` packs them: without comments, indentation and empty lines, and
//! deflated. They lie in the image of every process, whose memory is charged beyond 1 MiB,
//! and are unpacked where they are compiled.

use std::iter;
use std::slice;

use miniz_oxide::inflate::decompress_slice_iter_to_slice;

use crate::lua::State;
use crate::prelude;

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

/// Pushes the function of a source, as [`prelude::load`] does. May raise.
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
    prelude::load_bytes(l, text);
    l.remove(-2);
}
