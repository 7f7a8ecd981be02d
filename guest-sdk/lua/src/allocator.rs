//! Memory. Lua and Rust share the allocator of libc. Where it has none left,
//! Lua raises "not enough memory", and Rust code that grows with what a
//! program does reserves first and raises the same. What remains, small
//! allocations of Rust that cannot fail gracefully, ends in [`abort`], which
//! says why.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ffi::c_void;
use std::sync::atomic::{AtomicBool, Ordering};

unsafe extern "C" {
    fn realloc(block: *mut c_void, size: usize) -> *mut c_void;
    fn free(block: *mut c_void);
}

/// The allocator for a Lua state.
///
/// # Safety
/// Lua calls it with a block that it has got from here, or null.
pub(crate) unsafe extern "C" fn lua(
    _: *mut c_void,
    block: *mut c_void,
    _: usize,
    size: usize,
) -> *mut c_void {
    // SAFETY: as promised by the caller.
    unsafe {
        if size == 0 {
            free(block);
            std::ptr::null_mut()
        } else {
            realloc(block, size)
        }
    }
}

/// Makes the heap such that what is allocated from now on lies together, on
/// pages that nothing was written to: fills the holes that set-up has left,
/// for good, and adds room at the end. A process then changes, and so has for
/// itself, few pages of the image that all share.
#[cfg(target_family = "wasm")]
pub(crate) fn seal() {
    /// Room at the end, so that small processes need not grow their memory.
    const SPARE: usize = 192 * 1024;
    /// No hole is larger: it would have been used.
    const LARGEST_HOLE: usize = 32 * 1024;
    const PAGE: usize = 4096;
    /// Sizes between two multiples of this need the same room.
    const GRANULE: usize = 8;

    unsafe extern "C" {
        fn malloc(size: usize) -> *mut c_void;
    }
    // SAFETY: blocks are either left alone for good or freed once.
    unsafe {
        // This lies after everything else, and leaves its room there.
        let end = malloc(SPARE);
        free(end);
        let mut size = LARGEST_HOLE;
        while size > 0 && !end.is_null() {
            let block = malloc(size);
            if block >= end {
                free(block);
            }
            if block >= end || block.is_null() {
                size -= GRANULE;
            }
        }
        let first = malloc(GRANULE);
        let rest_of_page = PAGE - first as usize % PAGE;
        malloc(rest_of_page.saturating_sub(4 * GRANULE));
    }
}

/// Whether the last allocation of Rust found no memory.
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
    EXHAUSTED.store(block.is_null(), Ordering::Relaxed);
    block
}

/// Where an allocation that must not fail has failed, and for nothing else in
/// this crate: takes the place of `abort` of libc, which would trap without a
/// word.
#[cfg(target_family = "wasm")]
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    if EXHAUSTED.load(Ordering::Relaxed) {
        warren_guest::program::fail_out_of_memory();
    }
    core::arch::wasm32::unreachable()
}
