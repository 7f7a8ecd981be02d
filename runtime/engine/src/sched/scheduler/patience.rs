//! The time for which a running worker leaves tasks from elsewhere to a worker that is
//! being woken.
//!
//! A timer or the embedder wakes a worker that sleeps, which takes some ten
//! microseconds. Meanwhile a pair of processes that exchange messages ends a task each
//! microsecond on the running worker. Without patience that worker would take the new
//! task first. Then the pair's next message would wait for another process, and the
//! woken worker would find nothing to do.

use std::cell::Cell;

use warren_kernel::Monotonic;

/// Longest wait of a task for the worker that is being woken, in nanoseconds: 500 us.
/// The clock shows the time of the last tick, so the wait may be half as long.
const TIME: u64 = 500_000;

/// Most tasks that run during the wait, in case the clock stands still.
const TASKS: u32 = 64;

/// A worker's record of the present wait.
#[derive(Default)]
pub(super) struct Patience {
    /// Tasks that the worker has run since a task began to wait; 0 if none waits.
    tasks: Cell<u32>,
    began: Cell<Monotonic>,
}

impl Patience {
    /// Returns true if the waiting task may wait longer at time `now`.
    pub(super) fn lasts(&self, now: Monotonic) -> bool {
        let tasks = self.tasks.get();
        if tasks == 0 {
            self.began.set(now);
        }
        let lasts = tasks < TASKS && now.0.saturating_sub(self.began.get().0) < TIME;
        self.tasks.set(if lasts { tasks + 1 } else { 0 });
        lasts
    }

    /// Notes that no task waits any more.
    #[inline]
    pub(super) fn is_over(&self) {
        self.tasks.set(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the number of tasks that run before the patience ends, if each takes
    /// this many nanoseconds.
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
