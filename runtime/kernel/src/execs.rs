//! The execs of a process: callees and work whose outcome the process waits for.

use std::collections::BTreeMap;
use std::fmt::Debug;

use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::readable::Readable;
use crate::subscription::Subscription;
use crate::sync::{Arc, Weak};

/// Pending execs, and outcomes that were not read yet.
#[derive(Debug, Default)]
pub(crate) struct Execs {
    by_subscription: BTreeMap<Subscription, Exec>,
    /// Subscriptions of the execs that are done.
    readable: Readable,
    /// Bytes of the outcomes that wait to be read, and of running work.
    bytes: usize,
}

#[derive(Debug)]
enum Exec {
    Running(Awaited),
    Done(Arc<Outcome>),
}

/// The source of an outcome.
#[derive(Clone, Debug)]
pub(crate) enum Awaited {
    Callee(Callee),
    Work {
        work: Weak<dyn Work>,
        /// Bytes that the work takes, charged to the process that waits.
        bytes: usize,
    },
    /// The end of another process, of which the embedder tells. No work runs meanwhile.
    Watch(Weak<dyn Work>),
}

/// Work of the embedder for a process, which waits for its outcome as for an exec's.
pub trait Work: Debug + Send + Sync {
    /// Ends the work and frees what it holds: nobody waits for its outcome any more.
    fn stop(&self);
}

/// A process whose outcome is awaited. The reference is weak: the process table
/// owns processes, and a chain of execs must not be a chain of owners.
#[derive(Clone, Debug)]
pub(crate) struct Callee {
    pub(crate) pid: Pid,
    pub(crate) process: Weak<dyn Terminate>,
}

/// Ends a callee by force. Processes implement this trait: they own the execs,
/// so the execs do not name their type.
pub(crate) trait Terminate: Debug + Send + Sync {
    /// Decides that the process ends now. Does nothing if the process has ended.
    fn terminate(&self);
}

impl Awaited {
    /// Terminates the callee, or stops the work, if it still runs: its caller no longer
    /// waits.
    pub(crate) fn end(self) {
        match self {
            Awaited::Callee(callee) => {
                if let Some(process) = callee.process.upgrade() {
                    process.terminate();
                }
            }
            Awaited::Work { work, .. } | Awaited::Watch(work) => {
                if let Some(work) = work.upgrade() {
                    work.stop();
                }
            }
        }
    }

    fn bytes(&self) -> usize {
        match self {
            Awaited::Callee(_) | Awaited::Watch(_) => 0,
            Awaited::Work { bytes, .. } => *bytes,
        }
    }
}

impl Execs {
    pub(crate) fn len(&self) -> usize {
        self.by_subscription.len()
    }

    /// Returns the subscriptions of the execs that are done.
    pub(crate) fn readable(&self) -> &Readable {
        &self.readable
    }

    /// Returns the bytes of the outcomes that wait to be read, and of running work.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns whether the exec of this subscription waits for this callee.
    pub(crate) fn waits_for(&self, subscription: Subscription, callee: Pid) -> bool {
        let exec = self.by_subscription.get(&subscription);
        exec.is_some_and(
            |exec| matches!(exec, Exec::Running(Awaited::Callee(running)) if running.pid == callee),
        )
    }

    /// Returns the callees that have not ended.
    pub(crate) fn callees(&self) -> Vec<Pid> {
        let execs = self.by_subscription.values();
        let callees = execs.filter_map(|exec| match exec {
            Exec::Running(Awaited::Callee(callee)) => Some(callee.pid),
            _ => None,
        });
        callees.collect()
    }

    /// Returns whether the exec of this subscription waits for work or a watch.
    pub(crate) fn waits_for_work(&self, subscription: Subscription) -> bool {
        let exec = self.by_subscription.get(&subscription);
        exec.is_some_and(|exec| {
            matches!(
                exec,
                Exec::Running(Awaited::Work { .. } | Awaited::Watch(_))
            )
        })
    }

    /// Returns whether any work runs.
    pub(crate) fn has_work(&self) -> bool {
        let mut execs = self.by_subscription.values();
        execs.any(|exec| matches!(exec, Exec::Running(Awaited::Work { .. })))
    }

    pub(crate) fn contains(&self, subscription: Subscription) -> bool {
        self.by_subscription.contains_key(&subscription)
    }

    pub(crate) fn start(&mut self, subscription: Subscription, awaited: Awaited) {
        self.bytes += awaited.bytes();
        self.by_subscription
            .insert(subscription, Exec::Running(awaited));
    }

    /// Removes an exec whose callee did not start.
    pub(crate) fn undo(&mut self, subscription: Subscription) {
        self.by_subscription.remove(&subscription);
    }

    /// Records the outcome of a callee that has ended. Returns whether the exec
    /// is still awaited.
    pub(crate) fn finish(
        &mut self,
        subscription: Subscription,
        callee: Pid,
        outcome: Arc<Outcome>,
    ) -> bool {
        let waiting = self.waits_for(subscription, callee);
        if waiting {
            self.finish_one(subscription, outcome);
        }
        waiting
    }

    /// Records the outcome of work that is done. Returns whether it is still awaited.
    pub(crate) fn finish_work(
        &mut self,
        subscription: Subscription,
        outcome: Arc<Outcome>,
    ) -> bool {
        let waiting = self.waits_for_work(subscription);
        if waiting {
            self.finish_one(subscription, outcome);
        }
        waiting
    }

    /// Counts more bytes for work, if it is still awaited.
    pub(crate) fn grow_work(&mut self, subscription: Subscription, more: usize) {
        let exec = self.by_subscription.get_mut(&subscription);
        if let Some(Exec::Running(Awaited::Work { bytes, .. })) = exec {
            *bytes += more;
            self.bytes += more;
        }
    }

    fn finish_one(&mut self, subscription: Subscription, outcome: Arc<Outcome>) {
        self.bytes += outcome.bytes();
        let before = self
            .by_subscription
            .insert(subscription, Exec::Done(outcome));
        if let Some(Exec::Running(awaited)) = before {
            self.bytes -= awaited.bytes();
        }
        self.readable.add(subscription);
    }

    /// Returns whether any exec has an outcome to take.
    #[inline]
    pub(crate) fn has_outcome(&self) -> bool {
        self.readable.len() > 0
    }

    /// Takes an outcome; its subscription ends.
    pub(crate) fn take(&mut self, subscription: Subscription) -> Option<Arc<Outcome>> {
        if !matches!(self.by_subscription.get(&subscription)?, Exec::Done(_)) {
            return None;
        }
        self.readable.remove(subscription);
        match self.by_subscription.remove(&subscription)? {
            Exec::Done(outcome) => {
                self.bytes -= outcome.bytes();
                Some(outcome)
            }
            Exec::Running(_) => None,
        }
    }

    /// Ends one exec. Returns its callee or work if it still runs.
    pub(crate) fn abandon_one(&mut self, subscription: Subscription) -> Option<Awaited> {
        match self.by_subscription.remove(&subscription)? {
            Exec::Running(awaited) => {
                self.bytes -= awaited.bytes();
                Some(awaited)
            }
            Exec::Done(outcome) => {
                self.readable.remove(subscription);
                self.bytes -= outcome.bytes();
                None
            }
        }
    }

    /// Ends all execs. Returns the callees and the work that still run.
    pub(crate) fn abandon(&mut self) -> Vec<Awaited> {
        std::mem::take(self)
            .by_subscription
            .into_values()
            .filter_map(|exec| match exec {
                Exec::Running(awaited) => Some(awaited),
                Exec::Done(_) => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU64;

    use super::*;

    #[derive(Debug)]
    struct Gone;

    impl Terminate for Gone {
        fn terminate(&self) {}
    }

    fn callee(number: u64) -> Callee {
        Callee {
            pid: Pid::new(NonZeroU64::new(number).unwrap()),
            process: Weak::<Gone>::new(),
        }
    }

    #[test]
    fn an_outcome_is_taken_once_and_only_from_the_callee_itself() {
        let mut execs = Execs::default();
        let (subscription, outcome) = (Subscription(3), Arc::new(Outcome::Returned(None)));
        execs.start(subscription, Awaited::Callee(callee(2)));
        assert!(execs.take(subscription).is_none());
        assert!(!execs.finish(subscription, callee(7).pid, Arc::clone(&outcome)));
        assert!(execs.finish(subscription, callee(2).pid, Arc::clone(&outcome)));
        assert!(!execs.finish(subscription, callee(2).pid, Arc::clone(&outcome)));
        assert_eq!(execs.take(subscription), Some(outcome));
        assert!(execs.take(subscription).is_none());
        assert_eq!(execs.len(), 0);
    }

    #[test]
    fn abandoning_returns_the_running_callees() {
        let mut execs = Execs::default();
        execs.start(Subscription(3), Awaited::Callee(callee(2)));
        execs.start(Subscription(4), Awaited::Callee(callee(5)));
        execs.finish(
            Subscription(3),
            callee(2).pid,
            Arc::new(Outcome::Returned(None)),
        );
        execs.start(Subscription(5), Awaited::Callee(callee(6)));
        let one = execs.abandon_one(Subscription(5)).unwrap();
        assert!(matches!(one, Awaited::Callee(one) if one.pid == callee(6).pid));
        assert!(execs.abandon_one(Subscription(5)).is_none());
        let running = execs.abandon();
        assert_eq!(running.len(), 1);
        assert!(matches!(&running[0], Awaited::Callee(one) if one.pid == callee(5).pid));
        assert_eq!(execs.len(), 0);
    }

    #[derive(Debug)]
    struct Digging;

    impl Work for Digging {
        fn stop(&self) {}
    }

    #[test]
    fn the_bytes_of_work_are_counted_until_its_end() {
        let mut execs = Execs::default();
        let work = || Awaited::Work {
            work: Weak::<Digging>::new(),
            bytes: 100,
        };
        execs.start(Subscription(3), work());
        execs.start(Subscription(4), work());
        execs.grow_work(Subscription(4), 50);
        execs.grow_work(Subscription(5), 50);
        assert_eq!(execs.bytes(), 250);
        assert!(execs.abandon_one(Subscription(4)).is_some());
        let outcome = Arc::new(Outcome::Returned(Some(Arc::from(*b"\x01"))));
        assert!(!execs.finish_work(Subscription(4), Arc::clone(&outcome)));
        assert!(execs.finish_work(Subscription(3), Arc::clone(&outcome)));
        assert!(!execs.finish_work(Subscription(3), Arc::clone(&outcome)));
        assert_eq!(execs.bytes(), outcome.bytes());
        assert_eq!(execs.take(Subscription(3)), Some(outcome));
        assert_eq!((execs.bytes(), execs.len()), (0, 0));
    }
}
