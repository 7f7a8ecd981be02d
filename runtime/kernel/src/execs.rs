//! The execs of a process: callees whose outcome the process waits for.

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
    /// Bytes of the outcomes that wait to be read.
    outcome_bytes: usize,
}

#[derive(Debug)]
enum Exec {
    Running(Callee),
    Done(Arc<Outcome>),
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

impl Callee {
    /// Terminates the callee if it still runs: its caller no longer waits.
    pub(crate) fn terminate(self) {
        if let Some(process) = self.process.upgrade() {
            process.terminate();
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

    /// Returns the bytes of the outcomes that wait to be read.
    pub(crate) fn outcome_bytes(&self) -> usize {
        self.outcome_bytes
    }

    /// Returns whether the exec of this subscription waits for this callee.
    pub(crate) fn waits_for(&self, subscription: Subscription, callee: Pid) -> bool {
        let exec = self.by_subscription.get(&subscription);
        exec.is_some_and(|exec| matches!(exec, Exec::Running(running) if running.pid == callee))
    }

    pub(crate) fn contains(&self, subscription: Subscription) -> bool {
        self.by_subscription.contains_key(&subscription)
    }

    pub(crate) fn start(&mut self, subscription: Subscription, callee: Callee) {
        self.by_subscription
            .insert(subscription, Exec::Running(callee));
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
            self.outcome_bytes += outcome.bytes();
            self.by_subscription
                .insert(subscription, Exec::Done(outcome));
            self.readable.add(subscription);
        }
        waiting
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
                self.outcome_bytes -= outcome.bytes();
                Some(outcome)
            }
            Exec::Running(_) => None,
        }
    }

    /// Ends one exec. Returns the callee if it still runs.
    pub(crate) fn abandon_one(&mut self, subscription: Subscription) -> Option<Callee> {
        match self.by_subscription.remove(&subscription)? {
            Exec::Running(callee) => Some(callee),
            Exec::Done(outcome) => {
                self.readable.remove(subscription);
                self.outcome_bytes -= outcome.bytes();
                None
            }
        }
    }

    /// Ends all execs. Returns the callees that still run.
    pub(crate) fn abandon(&mut self) -> Vec<Callee> {
        std::mem::take(self)
            .by_subscription
            .into_values()
            .filter_map(|exec| match exec {
                Exec::Running(callee) => Some(callee),
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
        execs.start(subscription, callee(2));
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
        execs.start(Subscription(3), callee(2));
        execs.start(Subscription(4), callee(5));
        execs.finish(
            Subscription(3),
            callee(2).pid,
            Arc::new(Outcome::Returned(None)),
        );
        execs.start(Subscription(5), callee(6));
        let one = execs.abandon_one(Subscription(5)).unwrap();
        assert_eq!(one.pid, callee(6).pid);
        assert!(execs.abandon_one(Subscription(5)).is_none());
        let running = execs.abandon();
        assert_eq!(running.len(), 1);
        assert_eq!(running[0].pid, callee(5).pid);
        assert_eq!(execs.len(), 0);
    }
}
