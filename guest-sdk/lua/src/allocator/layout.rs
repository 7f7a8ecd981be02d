//! The layout of the image. A page that a process writes to is a page of
//! its own, so what every process writes to lies together:
//!
//! ```text
//! | stack ... | constants ... | hot page | libc, new ... | set-up ... | room |
//!         ^^^                  ^^^^^^^^^^ ^^^^^^^^^
//! ```
//!
//! - the last page of the module's stack;
//! - the **hot page**: the Lua state and its table of strings, and this crate's
//!   [`Interpreter`](crate::interpreter::Interpreter);
//! - the state of libc's allocator, and behind it the **new** blocks of the
//!   process, on pages that nothing else was written to.
//!
//! Processes that need little memory do not write to what set-up has left over; room for more lies at the end.

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::hint::black_box;
use std::ptr;

use super::{free, malloc};

const PAGE: usize = 4096;

const HOT_SIZE: usize = PAGE - size_of::<usize>();

/// Blocks of Lua that are at least so large while its state is made are the
/// state itself and the table of strings: the stack of its first thread, which
/// no process uses, is smaller, everything else far smaller.
const LEAST_HOT: usize = 800;

#[repr(C, align(4096))]
struct Hot {
    bytes: UnsafeCell<[u8; HOT_SIZE]>,
    /// The bytes that are taken.
    used: UnsafeCell<usize>,
}

// SAFETY: a module has one thread.
unsafe impl Sync for Hot {}

static HOT: Hot = Hot {
    bytes: UnsafeCell::new([0; HOT_SIZE]),
    used: UnsafeCell::new(0),
};

/// The allocator for a Lua state while it is made: as [`super::lua`], but large
/// blocks lie on the hot page.
///
/// # Safety
/// As [`super::lua`].
pub(crate) unsafe extern "C" fn hot(
    data: *mut c_void,
    block: *mut c_void,
    old_size: usize,
    size: usize,
) -> *mut c_void {
    if block.is_null()
        && size >= LEAST_HOT
        && let Some(place) = take(size)
    {
        return place;
    }
    // SAFETY: as promised by the caller.
    unsafe { super::lua(data, block, old_size, size) }
}

/// Puts a value on the hot page for good, or elsewhere if that is full.
pub(crate) fn place<T>(value: T) -> *mut T {
    const { assert!(align_of::<T>() <= ALIGNMENT) };
    match take(size_of::<T>()) {
        Some(place) => {
            let place: *mut T = place.cast();
            // SAFETY: it has the size and the alignment.
            unsafe { place.write(value) };
            place
        }
        None => Box::into_raw(Box::new(value)),
    }
}

/// Of what `malloc` yields.
const ALIGNMENT: usize = 8;

fn take(size: usize) -> Option<*mut c_void> {
    // SAFETY: one thread, and no reference into the cells is kept.
    unsafe {
        let used = HOT.used.get();
        let from = (*used).next_multiple_of(ALIGNMENT);
        if size > HOT_SIZE - from {
            return None;
        }
        *used = from + size;
        Some(HOT.bytes.get().cast::<u8>().add(from).cast())
    }
}

/// Returns true where a block lies on the hot page.
#[inline]
pub(super) fn is_hot(block: *mut c_void) -> bool {
    (block as usize).wrapping_sub(HOT.bytes.get() as usize) < HOT_SIZE
}

/// Frees a block on the hot page, whose place is not used again, or moves it.
///
/// # Safety
/// As [`super::lua`], with a block that is hot.
#[cold]
pub(super) unsafe fn leave(block: *mut c_void, old_size: usize, size: usize) -> *mut c_void {
    if size == 0 {
        return ptr::null_mut();
    }
    // SAFETY: as promised by the caller.
    unsafe {
        let new = malloc(size);
        if !new.is_null() {
            ptr::copy_nonoverlapping(block.cast::<u8>(), new.cast::<u8>(), old_size.min(size));
        }
        new
    }
}

/// Room that is set aside before set-up for the blocks after it.
pub(crate) struct Reserve(*mut c_void);

/// Begins set-up: sets aside the room behind libc's own memory.
pub(crate) fn reserve() -> Reserve {
    /// The bytes that a small process needs until it waits for its second message; no
    /// more, as `malloc` writes behind what is left of it.
    const SIZE: usize = 4_700;
    // SAFETY: freed by `seal`, if at all.
    Reserve(black_box(unsafe { malloc(SIZE) }))
}

/// Ends set-up: fills the holes it has left in the heap, for good, so that what
/// is allocated from now on lies together; first in the reserve, and then at
/// the end, where this adds room.
pub(crate) fn seal(Reserve(reserve): Reserve) {
    /// Room at the end, so that small processes need not grow their memory.
    const SPARE: usize = 128 * 1024;
    /// No hole is larger: it would have been used.
    const LARGEST_HOLE: usize = 32 * 1024;
    /// Sizes between two multiples of this need the same room.
    const GRANULE: usize = 8;
    /// `malloc` aligns its blocks so, and keeps less than that between them.
    const SPACING: usize = 16;

    // SAFETY: blocks are either left alone for good or freed once. Unseen by
    // the compiler, which otherwise leaves out blocks that are not used.
    unsafe {
        // This lies after everything else, and leaves its room there.
        let end = black_box(malloc(SPARE));
        free(end);
        let mut size = LARGEST_HOLE;
        while size > 0 && !end.is_null() {
            let block = black_box(malloc(size));
            if block >= end {
                free(block);
            }
            if block >= end || block.is_null() {
                size -= GRANULE;
            }
        }
        // The block in front of the next one is on its page, too.
        let rest_of_page = PAGE - end as usize % PAGE;
        black_box(malloc(rest_of_page + SPACING / 2));
        free(reserve);
    }
}
