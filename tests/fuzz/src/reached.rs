//! Counts how far inputs get, so that a target that refuses every input at once
//! does not look like one that finds no fault.

use std::sync::atomic::{AtomicU64, Ordering};

/// A place in a target that inputs must reach.
#[derive(Debug)]
pub struct Reached {
    name: &'static str,
    count: AtomicU64,
}

impl Reached {
    pub(crate) const fn new(name: &'static str) -> Reached {
        Reached {
            name,
            count: AtomicU64::new(0),
        }
    }

    /// Returns the event counted, in the plural: `modules loaded`.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the number of inputs that have reached the place.
    pub fn count(&self) -> u64 {
        self.count.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, count: u64) {
        self.count.fetch_add(count, Ordering::Relaxed);
    }
}
