//! Counts the kernel's steps, for tests that bound them. A clock would give
//! another result every time.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Counts one step: a lock that was taken, an entry of a map that was looked
/// up, or a message that was moved.
pub(crate) fn step() {
    STEPS.set(STEPS.get() + 1);
}

/// Returns the number of steps that `work` takes on this thread.
pub(crate) fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
