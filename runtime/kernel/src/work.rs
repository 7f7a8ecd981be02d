//! Counts what the kernel does, for tests that say how much that may be: a clock
//! would say something else every time.

use std::cell::Cell;

thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// A lock was taken, an entry of a map looked for, or a message moved.
pub(crate) fn step() {
    STEPS.set(STEPS.get() + 1);
}

/// How many steps of this thread it took.
pub(crate) fn of(work: impl FnOnce()) -> u64 {
    let before = STEPS.get();
    work();
    STEPS.get() - before
}
