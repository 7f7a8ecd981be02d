//! The answers to the calls of a process. All come through one queue of the mailbox, and
//! each is known by the number of its call: so no call needs a queue of its own, and an
//! answer that nobody waits for any more is dropped as it comes.

use std::cell::Cell;

use warren_guest::mailbox::Subscription;
use warren_guest::random;

use super::TaskId;

/// The queue of the answers.
#[derive(Debug)]
pub(crate) struct Answers {
    pub(crate) subscription: Subscription,
    /// The number of calls so far, counted from anywhere.
    calls: Cell<u64>,
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
    /// Returns the answers of a queue. The numbers begin at random: the code after an
    /// upgrade knows no answer to a call of the code before, and other processes know
    /// none that they were not told.
    pub(crate) fn new(subscription: Subscription) -> Answers {
        let mut first = [0; 8];
        random::fill(&mut first);
        Answers {
            subscription,
            calls: Cell::new(u64::from_le_bytes(first)),
            late: Cell::new(0),
        }
    }

    /// Returns the number of a new call of a task; never negative.
    pub(crate) fn number(&self, task: TaskId) -> i64 {
        let call = self.calls.get().wrapping_add(1);
        self.calls.set(call);
        (call << TASK_BITS).cast_signed() & i64::MAX | task as i64
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
    fn a_number_names_its_task_and_no_other_call_has_it() {
        let answers = Answers::new(1);
        answers.calls.set(u64::MAX - 2);
        let tasks = [0, 1, (1 << TASK_BITS) - 1, 0, 1];
        let numbers = tasks.map(|task| answers.number(task));
        for (place, number) in numbers.iter().enumerate() {
            assert!(*number >= 0);
            assert_eq!(task_of(*number), tasks[place]);
            assert!(!numbers[..place].contains(number));
        }
    }
}
