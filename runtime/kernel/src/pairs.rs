//! A lock for every pair of processes.

use crate::pid::Pid;
use crate::sync::{Mutex, MutexGuard};

/// Orders the changes to the ties of two processes, which no single process
/// lock can. Pairs share locks, so a holder may not take a second one.
#[derive(Debug)]
pub(crate) struct PairLocks {
    stripes: Box<[Mutex<()>]>,
}

const STRIPES: usize = 256;

impl PairLocks {
    pub(crate) fn new() -> Self {
        PairLocks {
            stripes: (0..STRIPES).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Locks a pair. The order of the two PIDs does not matter.
    pub(crate) fn lock(&self, one: Pid, other: Pid) -> MutexGuard<'_, ()> {
        let (low, high) = (
            one.number().min(other.number()),
            one.number().max(other.number()),
        );
        let mixed = low
            .wrapping_mul(0x9e37_79b9_7f4a_7c15)
            .wrapping_add(high)
            .wrapping_mul(0xd6e8_feb8_6659_fd93);
        // The high bits are the well mixed ones.
        self.stripes[(mixed >> 32) as usize % STRIPES].lock()
    }
}
