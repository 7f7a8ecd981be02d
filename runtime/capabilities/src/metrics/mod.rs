//! The capability `metrics`: counters, gauges and histograms of the program.
//!
//! The runtime shows them beside its own, each with the labels `host` and `definition`. A
//! call finds its series by one look-up and changes it under a lock of its own, so that
//! calls do not wait for each other, nor for whoever reads the metrics.
//!
//! ```text
//!  call ──> Change, Key ──> Registry: definitions ─ series ──> Value
//!                                 (a new series: limits, names)
//!  Metrics::families ──────────────────────^
//! ```

mod change;
mod key;
mod kind;
mod names;
mod registry;
mod snapshot;
mod value;

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Capability, Step};

use crate::answer;
use crate::request::Arguments;
use change::Change;
use key::Key;
pub use kind::MetricKind;
use registry::Registry;
pub use snapshot::{Family, Sample};
pub use value::{BUCKETS, MetricValue};

/// The metrics of a program's processes. Clones name the same metrics.
#[derive(Clone, Default)]
pub struct Metrics(Arc<Registry>);

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

impl Metrics {
    /// Returns the metrics as they are now, by name.
    pub fn families(&self) -> Vec<Family> {
        snapshot::families(&self.0)
    }

    /// Returns the definitions that have begun metrics since the last call, or anew since
    /// these were forgotten.
    pub fn begun(&self) -> Vec<Arc<str>> {
        self.0.begun()
    }

    /// Forgets the metrics of a definition that is gone. A process of it that still runs
    /// begins them anew.
    pub fn forget(&self, definition: &str) {
        self.0.forget(definition);
    }

    /// Forgets the metrics of the processes of a host that is gone, by its number.
    pub fn forget_host(&self, number: usize) {
        self.0.forget_host(number);
    }
}

impl Capability for Metrics {
    fn name(&self) -> &'static str {
        "metrics"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        match change::reader(operation) {
            Some(read) => Step::Done(self.apply(caller, read, request)),
            None => Step::Unknown,
        }
    }
}

impl Metrics {
    fn apply(&self, caller: &dyn Caller, read: change::Reader, request: &[u8]) -> Answer {
        let mut arguments = Arguments::new(request)?;
        let name = arguments.text("name")?;
        let change: Change = read(&mut arguments)?;
        let labels = arguments.value()?;
        let host = caller.process().host();
        let key = Key::new(change.kind(), host.number(), name, labels)?;
        self.0
            .apply(&key, change, caller.definition(), host.name())?;
        answer::write(|out| out.boolean(true))
    }
}

#[cfg(test)]
mod tests;
