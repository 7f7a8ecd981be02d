//! Memory. Lua and Rust share the allocator of libc. Where it has none left,
//! Lua raises "not enough memory", and Rust code that grows with what a
//! program does reserves first and raises the same. What remains, small
//! allocations of Rust that cannot fail gracefully, ends in [`abort`], which
//! says why.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(target_family = "wasm")]
mod layout;

#[cfg(target_family = "wasm")]
pub(crate) use layout::{hot, place, reserve, seal};

unsafe extern "C" {
    #[cfg(target_family = "wasm")]
    fn malloc(size: usize) -> *mut c_void;
    fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

/// The allocator for a Lua state.
///
/// # Safety
/// Lua calls it with a block that it has got from here, or null, and the size
/// of the block.
pub(crate) unsafe extern "C" fn lua(
    _: *mut c_void,
    block: *mut c_void,
    old_size: usize,
    size: usize,
) -> *mut c_void {
    #[cfg(not(target_family = "wasm"))]
    let _ = old_size;
    // SAFETY: as promised by the caller.
    unsafe {
        #[cfg(target_family = "wasm")]
        if layout::is_hot(block) {
            return layout::leave(block, old_size, size);
        }
        if size == 0 {
            free(block);
            std::ptr::null_mut()
        } else {
            realloc(block, size)
        }
    }
}

/// True where the last allocation of Rust found no memory.
static EXHAUSTED: AtomicBool = AtomicBool::new(false);

/// The system's allocator, which notes whether it has failed.
struct Noting;

#[cfg_attr(target_family = "wasm", global_allocator)]
#[allow(dead_code, reason = "tests run with the system's allocator itself")]
static ALLOCATOR: Noting = Noting;

// SAFETY: everything is done by `System`.
unsafe impl GlobalAlloc for Noting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as promised by the caller.
        note(unsafe { System.alloc(layout) })
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as promised by the caller.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as promised by the caller.
        note(unsafe { System.realloc(block, layout, size) })
    }
}

fn note(block: *mut u8) -> *mut u8 {
    // Written only where it changes, so that its page stays as in the image.
    if EXHAUSTED.load(Ordering::Relaxed) != block.is_null() {
        EXHAUSTED.store(block.is_null(), Ordering::Relaxed);
    }
    block
}

/// Ends the process where an allocation that must not fail has failed; in the place of
/// `abort` of libc, which would trap without a word.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    if EXHAUSTED.load(Ordering::Relaxed) {
        warren_guest::program::fail_out_of_memory();
    }
    core::arch::wasm32::unreachable()
}
