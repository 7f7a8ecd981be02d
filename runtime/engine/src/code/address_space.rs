//! The budget of address space for fast slots. The address space of an operating
//! system process is bounded, whatever memory the machine has, and dense slots and
//! everything else need a part of it.

use std::sync::atomic::{AtomicU64, Ordering};

/// The budget of all nodes in this operating system process: half of its 128 TiB,
/// enough for some 8,000 fast slots of core modules.
pub(crate) static FOR_FAST_SLOTS: AddressSpace = AddressSpace::new(64 << 40);

/// A budget of address space.
pub(crate) struct AddressSpace {
    free: AtomicU64,
}

/// Bytes taken from a budget; dropping it gives them back.
pub(crate) struct Reserved {
    of: &'static AddressSpace,
    bytes: u64,
}

impl AddressSpace {
    /// Makes a budget of this many bytes.
    pub(crate) const fn new(bytes: u64) -> AddressSpace {
        AddressSpace {
            free: AtomicU64::new(bytes),
        }
    }

    /// Takes this many bytes, or none and returns `None` if fewer are free.
    pub(crate) fn reserve(&'static self, bytes: u64) -> Option<Reserved> {
        self.free
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |free| {
                free.checked_sub(bytes)
            })
            .ok()
            .map(|_| Reserved { of: self, bytes })
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.of.free.fetch_add(self.bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_reservation_is_given_back() {
        static SPACE: AddressSpace = AddressSpace::new(100);
        let most = SPACE.reserve(70).expect("there is room");
        assert!(SPACE.reserve(31).is_none());
        let rest = SPACE.reserve(30).expect("there is room");
        drop(most);
        assert!(SPACE.reserve(71).is_none());
        drop(rest);
        assert!(SPACE.reserve(100).is_some());
    }
}
