//! How long a worker that runs leaves what is woken from elsewhere to another.
//!
//! A timer or the embedder wakes a worker that sleeps, and that takes some ten
//! microseconds. A pair that talks ends a task each microsecond on the worker that
//! does not sleep, so that worker would take the task first: each of the pair's
//! messages that a timer meets waits for the task of another process, and the
//! worker that was woken finds nothing to do.

use std::cell::Cell;

use warren_kernel::Monotonic;

/// How long a task waits at most for the worker that is being woken: 500 us. The
/// clock shows the time of its last tick, so it may be half of that.
const TIME: u64 = 500_000;

/// Tasks that run meanwhile at most, should the clock stand still.
const TASKS: u32 = 64;

/// What a worker knows of the wait that is on.
#[derive(Default)]
pub(super) struct Patience {
    /// Tasks that it has run since a task began to wait; 0 where none does.
    tasks: Cell<u32>,
    began: Cell<Monotonic>,
}

impl Patience {
    /// Whether a task that waits may wait longer, at this time.
    pub(super) fn lasts(&self, now: Monotonic) -> bool {
        let tasks = self.tasks.get();
        if tasks == 0 {
            self.began.set(now);
        }
        let lasts = tasks < TASKS && now.0.saturating_sub(self.began.get().0) < TIME;
        self.tasks.set(if lasts { tasks + 1 } else { 0 });
        lasts
    }

    /// No task waits any more.
    #[inline]
    pub(super) fn is_over(&self) {
        self.tasks.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many tasks run before patience ends, with so many nanoseconds each.
    fn tasks(patience: &Patience, each: u64) -> u32 {
        let mut now = 7;
        let mut tasks = 0;
        while patience.lasts(Monotonic(now)) {
            tasks += 1;
            now += each;
        }
        tasks
    }

    #[test]
    fn it_ends_by_time_and_by_the_number_of_tasks() {
        let patience = Patience::default();
        assert_eq!(tasks(&patience, 0), TASKS, "the clock stands still");
        assert_eq!(tasks(&patience, 250_000), 2, "each has a whole slice");
        assert_eq!(tasks(&patience, TIME), 1);
    }

    #[test]
    fn it_begins_anew_for_another_task() {
        let patience = Patience::default();
        assert!(patience.lasts(Monotonic(0)));
        patience.is_over();
        assert!(patience.lasts(Monotonic(TIME)), "a task of a later time");
        assert!(!patience.lasts(Monotonic(2 * TIME)));
    }
}
