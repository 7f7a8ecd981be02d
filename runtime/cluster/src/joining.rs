//! The first steps of a node: its entry among the broker's values, with an incarnation that is
//! larger than any before.

use std::time::Duration;

use warren_kernel::{Incarnation, Monotonic, NodeId, NodeName};

use crate::member::{NodeEntry, key_of_node};
use crate::transport::{Found, Operation, Refusal};

/// Compare-and-sets that may fail before the join does.
const TRIES: u32 = 16;

/// A node that is joining.
#[derive(Debug)]
pub(crate) struct Joining {
    name: NodeName,
    lease: Duration,
    /// The least incarnation: the wall clock's milliseconds.
    least: u64,
    tries: u32,
    /// The entry that is being written, and the time at which it was sent.
    writing: Option<(NodeEntry, Monotonic)>,
}

/// The next step of a join.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// An operation, whose result is to be passed in.
    Ask(Operation),
    /// The node has joined.
    Joined(Joined),
    /// The node cannot join, for a reason.
    Failed(String),
}

/// The result of a join.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Joined {
    pub(crate) node: NodeId,
    /// The revision of the node's entry.
    pub(crate) revision: u64,
    /// The time at which the entry was sent.
    pub(crate) sent_at: Monotonic,
}

impl Joining {
    /// Begins, at this time of the wall clock in milliseconds.
    pub(crate) fn new(name: NodeName, lease: Duration, wall: u64) -> (Joining, Operation) {
        let joining = Joining {
            name,
            lease,
            least: wall.max(1),
            tries: TRIES,
            writing: None,
        };
        let first = joining.read();
        (joining, first)
    }

    fn read(&self) -> Operation {
        Operation::Get {
            key: key_of_node(&self.name),
        }
    }

    /// Takes the result of the last operation.
    pub(crate) fn step(&mut self, result: Result<Found, Refusal>, now: Monotonic) -> Step {
        match (result, self.writing.take()) {
            (Ok(Found::Revision(revision)), Some((entry, sent_at))) => Step::Joined(Joined {
                node: entry.lease_of(&self.name).node,
                revision,
                sent_at,
            }),
            (Ok(Found::Nothing), None) => self.write(0, 0, now),
            (Ok(Found::Value(value, revision)), None) => {
                // An entry that cannot be read is another version's.
                let last = NodeEntry::decode(&value).map_or(0, |entry| entry.incarnation.0);
                self.write(last, revision, now)
            }
            (Err(Refusal::Conflict), Some(_)) if self.tries > 0 => {
                self.tries -= 1;
                Step::Ask(self.read())
            }
            (Err(Refusal::Unavailable(reason)), _) => Step::Failed(reason),
            _ => Step::Failed("the broker's answers make no sense".to_owned()),
        }
    }

    fn write(&mut self, last: u64, revision: u64, now: Monotonic) -> Step {
        self.least = self.least.max(last.saturating_add(1));
        let entry = NodeEntry {
            incarnation: Incarnation(self.least),
            generation: 1,
            lease: self.lease,
            is_over: false,
        };
        let value = entry.encode();
        self.writing = Some((entry, now));
        Step::Ask(Operation::Put {
            key: key_of_node(&self.name),
            value,
            revision,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_incarnation_is_larger_than_the_last_whatever_the_clock_says() {
        let name: NodeName = "a".parse().unwrap();
        let lease = Duration::from_secs(10);
        let (mut joining, _) = Joining::new(name.clone(), lease, 5);
        let last = NodeEntry {
            incarnation: Incarnation(100),
            generation: 3,
            lease,
            is_over: false,
        };
        let value = Ok(Found::Value(last.encode(), 9));
        let step = joining.step(value, Monotonic(50));
        let Step::Ask(Operation::Put { revision: 9, .. }) = step else {
            panic!("it writes: {step:?}");
        };
        let Step::Ask(Operation::Get { .. }) = joining.step(Err(Refusal::Conflict), Monotonic(60))
        else {
            panic!("it reads again");
        };
        joining.step(Ok(Found::Nothing), Monotonic(70));
        let joined = joining.step(Ok(Found::Revision(12)), Monotonic(80));
        let node = NodeId {
            name,
            incarnation: Incarnation(101),
        };
        let expected = Joined {
            node,
            revision: 12,
            sent_at: Monotonic(70),
        };
        assert_eq!(joined, Step::Joined(expected));
    }
}
