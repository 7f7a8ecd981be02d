//! How much address space fast places may take: that of a program is bounded,
//! whatever memory the machine has, and dense places and everything else need
//! some too.

use std::sync::atomic::{AtomicU64, Ordering};

/// Of the 128 TiB of a program, this many for fast places, of all its nodes
/// together: some 8,000 of core modules.
pub(crate) static FOR_FAST_PLACES: AddressSpace = AddressSpace::new(64 << 40);

/// A part of the program's address space.
pub(crate) struct AddressSpace {
    free: AtomicU64,
}

/// Some of it, free again when dropped.
pub(crate) struct Reserved {
    of: &'static AddressSpace,
    bytes: u64,
}

impl AddressSpace {
    /// So many bytes.
    pub(crate) const fn new(bytes: u64) -> AddressSpace {
        AddressSpace {
            free: AtomicU64::new(bytes),
        }
    }

    /// Takes so many bytes, if there are as many.
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
    fn what_is_taken_comes_back() {
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
