//! The numbers of the lanes of hosts. The number of a host that is gone is given to a
//! later one, so that hosts share a lane only if there are more of them than lanes.

use std::collections::BTreeSet;
use std::sync::Arc;

use parking_lot::Mutex;

/// The numbers that are taken.
#[derive(Debug, Default)]
pub(crate) struct LaneNumbers(Mutex<Taken>);

#[derive(Debug, Default)]
struct Taken {
    /// The number of numbers that were ever taken.
    most: usize,
    free: BTreeSet<usize>,
}

/// A number, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct LaneNumber {
    number: usize,
    all: Arc<LaneNumbers>,
}

impl LaneNumbers {
    /// Takes the smallest number that is free.
    pub(crate) fn take(self: &Arc<Self>) -> LaneNumber {
        let mut taken = self.0.lock();
        let number = taken.free.pop_first().unwrap_or_else(|| {
            taken.most += 1;
            taken.most - 1
        });
        LaneNumber {
            number,
            all: Arc::clone(self),
        }
    }
}

impl LaneNumber {
    /// Returns the number.
    pub(crate) fn get(&self) -> usize {
        self.number
    }
}

impl Drop for LaneNumber {
    fn drop(&mut self) {
        self.all.0.lock().free.insert(self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_small() {
        let all = Arc::new(LaneNumbers::default());
        let held: Vec<_> = (0..3).map(|_| all.take()).collect();
        assert_eq!(
            held.iter().map(LaneNumber::get).collect::<Vec<_>>(),
            [0, 1, 2]
        );
        for _ in 0..1_000 {
            assert_eq!(all.take().get(), 3);
        }
        drop(held);
        let (one, other) = (all.take(), all.take());
        assert_eq!([one.get(), other.get()], [0, 1]);
    }
}
