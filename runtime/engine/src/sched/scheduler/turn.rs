//! The turns that hosts take on one worker.
//!
//! With one queue for all hosts, ten thousand computing processes of one host would all
//! run before the next process of another host. So each host has the worker for
//! [`TURN`], or until it has no task left; then the next host has it. The tasks of a host
//! are those in its lane, and those of its queue of tasks from elsewhere.

use std::cell::Cell;

use warren_kernel::Monotonic;

/// Time for which the processes of one host run while others queue, in nanoseconds:
/// 1 ms. With turns this long, less than one in a hundred round trips of a pair waits
/// for another host.
const TURN: u64 = 1_000_000;

/// Most tasks of a host in a turn, in case the clock stands still.
const TASKS: u32 = 256;

/// The present turn.
#[derive(Default)]
pub(super) struct Turn {
    /// The lane of the host that has the turn.
    lane: Cell<usize>,
    began: Cell<Monotonic>,
    /// Queued tasks that have run in this turn.
    had: Cell<u32>,
}

impl Turn {
    /// Returns the lane of the host that has the turn.
    #[inline]
    pub(super) fn lane(&self) -> usize {
        self.lane.get()
    }

    /// Returns true if the turn is used up and another host waits. `waiting` has a bit
    /// for the lane of each host with tasks.
    #[inline]
    pub(super) fn is_over(&self, waiting: u64, now: impl FnOnce() -> Monotonic) -> bool {
        let others = waiting & !(1 << self.lane.get());
        others != 0
            && (self.had.get() >= TASKS || now().0.saturating_sub(self.began.get().0) >= TURN)
    }

    /// Begins a turn of a host with a queued task.
    pub(super) fn begin(&self, lane: usize, now: Monotonic) {
        self.lane.set(lane);
        self.began.set(now);
        self.had.set(1);
    }

    /// Notes that a further queued task runs in this turn.
    #[inline]
    pub(super) fn count(&self) {
        self.had.set(self.had.get().saturating_add(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The bits of the hosts of lanes 1 and 2.
    const BOTH: u64 = 0b110;

    fn is_over(turn: &Turn, waiting: u64, now: u64) -> bool {
        turn.is_over(waiting, || Monotonic(now))
    }

    #[test]
    fn a_turn_ends_by_time_if_another_host_waits() {
        let turn = Turn::default();
        turn.begin(1, Monotonic(7));
        assert!(!is_over(&turn, BOTH, 7 + TURN - 1));
        assert!(is_over(&turn, BOTH, 7 + TURN));
        assert!(
            !is_over(&turn, 0b010, 7 + TURN),
            "it waits for itself alone"
        );
        assert!(!is_over(&turn, 0, 7 + TURN));
        turn.begin(2, Monotonic(7 + TURN));
        assert_eq!(turn.lane(), 2);
        assert!(!is_over(&turn, BOTH, 7 + TURN));
    }

    #[test]
    fn a_turn_ends_by_the_number_of_tasks_if_the_clock_stands_still() {
        let turn = Turn::default();
        turn.begin(1, Monotonic(7));
        for _ in 1..TASKS {
            assert!(!is_over(&turn, BOTH, 7));
            turn.count();
        }
        assert!(is_over(&turn, BOTH, 7));
    }
}
