//! Bursts: a task that wakes many others without waiting.
//!
//! A process that sends to a thousand others reaches each of them once in a slice. If the
//! woken tasks ran after each slice, each would find one message, and the cost of its turn
//! would come with every message. So such a task goes on for some slices. Other workers take
//! its woken tasks meanwhile, and by the time they have been around, each task has several
//! messages.

use std::cell::Cell;

/// Tasks that a task wakes in its first slices if it wakes many. One that already waits for
/// its turn is not woken again.
const MANY: u32 = 64;

/// Most slices in a row, together as long as the turn of a host: 1 ms.
const SLICES: u32 = 4;

/// The record of the task that runs on one worker.
#[derive(Default)]
pub(super) struct Burst {
    /// Other tasks that it has woken in these slices.
    woken: Cell<u32>,
    /// True if it has used up this slice.
    is_over: Cell<bool>,
    /// Slices that it has had in a row.
    slices: Cell<u32>,
    /// True if it runs again at once.
    goes_on: Cell<bool>,
}

impl Burst {
    /// Notes that a task begins to run: the one that goes on, or another one.
    #[inline]
    pub(super) fn begins(&self) {
        self.is_over.set(false);
        if !self.goes_on.replace(false) {
            self.woken.set(0);
            self.slices.set(0);
        }
    }

    /// Notes that the running task wakes another one.
    #[inline]
    pub(super) fn wakes(&self) {
        self.woken.set(self.woken.get().saturating_add(1));
    }

    /// Notes that the running task has used up its slice, and is about to yield.
    pub(super) fn slice_is_over(&self) {
        self.is_over.set(true);
    }

    /// Returns true if the running task, which yields, runs again before the tasks that wait.
    pub(super) fn goes_on(&self) -> bool {
        let slices = self.slices.get() + 1;
        self.slices.set(slices);
        let is_over = self.is_over.replace(false);
        let goes_on = is_over && self.woken.get() >= MANY && slices < SLICES;
        self.goes_on.set(goes_on);
        goes_on
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one slice of a task that wakes this many others, and tells if the task goes on.
    fn slice(burst: &Burst, wakes: u32) -> bool {
        burst.begins();
        for _ in 0..wakes {
            burst.wakes();
        }
        burst.slice_is_over();
        burst.goes_on()
    }

    #[test]
    fn a_task_that_wakes_many_has_some_slices_in_a_row() {
        let burst = Burst::default();
        for _ in 0..3 {
            assert!(slice(&burst, MANY));
            // The woken ones still wait.
            assert!((2..SLICES).all(|_| slice(&burst, 0)));
            assert!(!slice(&burst, MANY));
        }
        assert!(!slice(&burst, MANY - 1));
        assert!(slice(&burst, MANY), "another task");
    }

    #[test]
    fn a_task_that_yields_by_itself_does_not_go_on() {
        let burst = Burst::default();
        burst.begins();
        for _ in 0..MANY {
            burst.wakes();
        }
        assert!(!burst.goes_on());
        assert!(slice(&burst, MANY));
    }
}
