//! The answers to the calls of a process. All come through one queue of the mailbox, and
//! each is known by the number of its call: so no call needs a queue of its own, and an
//! answer that nobody waits for any more is dropped as it comes. A number is a capability:
//! whoever has it can answer, from any process.

use std::cell::Cell;

use warren_guest::mailbox::Subscription;
use warren_guest::random;

use super::TaskId;

/// The queue of the answers.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) subscription: Subscription,
    /// The number of calls that were given up and not answered since.
    late: Cell<u32>,
}

/// Bits of a call's number that are its task; no memory has room for more tasks.
const TASK_BITS: u32 = 24;

/// The task that waits for the answer with a number.
pub(super) fn task_of(number: i64) -> TaskId {
    number as TaskId & ((1 << TASK_BITS) - 1)
}

impl Answers {
    /// Returns the answers of a queue.
    pub(crate) fn new(subscription: Subscription) -> Answers {
        Answers {
            subscription,
            late: Cell::new(0),
        }
    }

    /// Returns the number of a new call of a task; never negative. The 39 bits above the
    /// task are random: who was told the number of one call, and so may answer it, knows
    /// no number of another.
    pub(crate) fn number(&self, task: TaskId) -> i64 {
        let [a, b, c, d, e]: [u8; 5] = random::bytes();
        (i64::from_le_bytes([a, b, c, d, e, 0, 0, 0]) << TASK_BITS) & i64::MAX | task as i64
    }

    /// Changes the number of calls that were given up and not answered since.
    pub(super) fn change_late(&self, change: impl FnOnce(u32) -> u32) {
        self.late.set(change(self.late.get()));
    }

    /// Returns true while answers may come that nobody waits for.
    pub(super) fn are_late(&self) -> bool {
        self.late.get() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_names_its_task_and_tells_nothing_of_the_next() {
        let answers = Answers::new(1);
        let tasks = [0, 1, (1 << TASK_BITS) - 1];
        let numbers: Vec<i64> = tasks
            .iter()
            .cycle()
            .take(100)
            .map(|task| answers.number(*task))
            .collect();
        let mut steps = Vec::new();
        for (place, number) in numbers.iter().enumerate() {
            assert!(*number >= 0);
            assert_eq!(task_of(*number), tasks[place % tasks.len()]);
            assert!(!numbers[..place].contains(number));
            let last = place.checked_sub(1).map_or(0, |last| numbers[last]);
            steps.push((number >> TASK_BITS) - (last >> TASK_BITS));
        }
        steps.sort_unstable();
        assert!(steps.windows(2).all(|pair| pair[0] != pair[1]), "{steps:?}");
    }
}
