//! The capabilities of a node, and the counts of their calls.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::Capability;

/// The capabilities of a node, by name.
pub(crate) struct Capabilities(HashMap<String, Known>);

/// One capability of a node.
pub(crate) struct Known {
    pub(crate) capability: Arc<dyn Capability>,
    pub(crate) counts: Arc<Counts>,
}

/// Counts of the calls of one capability.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    begun: AtomicU64,
    failed: AtomicU64,
    ended: AtomicU64,
}

/// The calls of one capability since the start of the node.
///
/// ```
/// use warren_engine::capability::Calls;
///
/// /// Returns a line for an operator.
/// fn line(calls: &Calls) -> String {
///     let done = calls.begun - calls.open;
///     format!("{}: {} of {done} failed", calls.capability, calls.failed)
/// }
///
/// let calls = Calls {
///     capability: "store".to_owned(),
///     begun: 12,
///     failed: 1,
///     open: 2,
/// };
/// assert_eq!(line(&calls), "store: 1 of 10 failed");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calls {
    /// The name of the capability.
    pub capability: String,
    /// Calls that were begun. A call that has to be judged first counts once.
    pub begun: u64,
    /// Calls that ended with an error.
    pub failed: u64,
    /// Calls that have not ended: they compute or wait.
    pub open: u64,
}

impl Capabilities {
    /// Of two capabilities with one name the later counts.
    pub(crate) fn new(capabilities: Vec<Arc<dyn Capability>>) -> Capabilities {
        let named = |capability: Arc<dyn Capability>| {
            let name = capability.name().to_owned();
            let counts = Arc::default();
            (name, Known { capability, counts })
        };
        Capabilities(capabilities.into_iter().map(named).collect())
    }

    /// Finds the capability of an operation, and the operation's name within it.
    pub(crate) fn find<'a>(&self, operation: &'a str) -> Option<(&Known, &'a str)> {
        let (capability, operation) = operation.split_once('.')?;
        Some((self.0.get(capability)?, operation))
    }

    /// Finds a capability by its name.
    pub(crate) fn named(&self, capability: &str) -> Option<&Known> {
        self.0.get(capability)
    }

    /// Returns the calls of each capability, by name.
    pub(crate) fn calls(&self) -> Vec<Calls> {
        let mut calls: Vec<_> = self
            .0
            .iter()
            .map(|(name, known)| known.counts.calls(name))
            .collect();
        calls.sort_unstable_by(|one, other| one.capability.cmp(&other.capability));
        calls
    }
}

impl Counts {
    /// Counts a call that begins.
    pub(crate) fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts the end of a call.
    pub(crate) fn end(&self, has_failed: bool) {
        if has_failed {
            self.failed.fetch_add(1, Ordering::Relaxed);
        }
        self.ended.fetch_add(1, Ordering::Release);
    }

    fn calls(&self, name: &str) -> Calls {
        // Read in this order, no call seems to have ended before it began.
        let ended = self.ended.load(Ordering::Acquire);
        let begun = self.begun.load(Ordering::Relaxed);
        Calls {
            capability: name.to_owned(),
            begun,
            failed: self.failed.load(Ordering::Relaxed),
            open: begun.saturating_sub(ended),
        }
    }
}
