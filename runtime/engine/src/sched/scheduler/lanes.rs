//! The queues of one worker: a lane for each host.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crossbeam_deque::{Steal, Stealer, Worker as Queue};

use super::Runnable;

/// Most lanes of a worker, and most queues of tasks from elsewhere; further hosts share
/// them.
pub(super) const MOST: usize = 64;

/// The number of lanes that hosts have, and of queues of tasks from elsewhere. Every worker
/// has [`MOST`] of them from the beginning, and looks at no others than these.
#[derive(Clone)]
pub(super) struct InUse(Arc<AtomicUsize>);

impl InUse {
    pub(super) fn new(hosts: usize) -> InUse {
        InUse(Arc::new(AtomicUsize::new(hosts.clamp(1, MOST))))
    }

    /// Returns the number. It never becomes smaller.
    #[inline]
    pub(super) fn get(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }

    /// Takes as many lanes into use as these hosts need.
    pub(super) fn grow(&self, hosts: usize) {
        self.0.fetch_max(hosts.clamp(1, MOST), Ordering::SeqCst);
    }
}

pub(super) struct Lanes {
    queues: Box<[Queue<Runnable>]>,
    in_use: InUse,
    /// A bit for each lane that may have tasks; others may have stolen them.
    busy: Cell<u64>,
}

impl Lanes {
    pub(super) fn new(in_use: &InUse) -> Lanes {
        Lanes {
            queues: (0..MOST).map(|_| Queue::new_fifo()).collect(),
            in_use: in_use.clone(),
            busy: Cell::new(0),
        }
    }

    /// Returns the ends of the queues from which other workers steal.
    pub(super) fn stealers(&self) -> Box<[Stealer<Runnable>]> {
        self.queues.iter().map(Queue::stealer).collect()
    }

    /// Returns true if no lane has a task.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.busy.get() == 0 || self.all_was_stolen()
    }

    /// Returns a bit for each lane that may have tasks.
    #[inline]
    pub(super) fn busy(&self) -> u64 {
        self.busy.get()
    }

    /// Clears the bits of lanes that others have emptied, up to the first lane that
    /// has tasks. Returns true if there is no such lane.
    fn all_was_stolen(&self) -> bool {
        let mut busy = self.busy.get();
        while busy != 0 {
            let lane = busy.trailing_zeros() as usize;
            if self.has(lane) {
                break;
            }
            busy &= busy - 1;
        }
        self.busy.set(busy);
        busy == 0
    }

    /// Returns the lane of a task.
    #[inline]
    pub(super) fn of(&self, runnable: &Runnable) -> usize {
        runnable.metadata().lane % self.in_use.get()
    }

    /// Returns true if a lane has a task.
    pub(super) fn has(&self, lane: usize) -> bool {
        self.queues.get(lane).is_some_and(|queue| !queue.is_empty())
    }

    #[inline]
    pub(super) fn push(&self, runnable: Runnable) {
        let lane = self.of(&runnable);
        self.queues[lane].push(runnable);
        self.busy.set(self.busy.get() | 1 << lane);
    }

    /// Takes the next task of a lane.
    #[inline]
    pub(super) fn pop(&self, lane: usize) -> Option<Runnable> {
        let popped = self.queues.get(lane)?.pop();
        if popped.is_none() {
            self.busy.set(self.busy.get() & !(1 << lane));
        }
        popped
    }

    /// Takes half of a lane from another worker: of the first one after `lane` that has
    /// tasks. Returns that lane and the first of its tasks.
    pub(super) fn steal(
        &self,
        from: &[Stealer<Runnable>],
        lane: usize,
    ) -> Option<(usize, Runnable)> {
        let (first, count) = (lane + 1, self.in_use.get());
        let lanes = (0..count).map(|lane| (first + lane) % count);
        for lane in lanes {
            let (Some(victim), Some(own)) = (from.get(lane), self.queues.get(lane)) else {
                continue;
            };
            loop {
                match victim.steal_batch_and_pop(own) {
                    Steal::Success(runnable) => {
                        self.busy.set(self.busy.get() | 1 << lane);
                        return Some((lane, runnable));
                    }
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }
}

/// Returns the first lane after this one whose bit is set; this one comes last.
pub(super) fn next_after(lane: usize, busy: u64) -> Option<usize> {
    if busy == 0 {
        return None;
    }
    let first = (lane + 1) % MOST;
    let ahead = busy.rotate_right(first as u32).trailing_zeros() as usize;
    Some((first + ahead) % MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stolen_tasks_do_not_count() {
        let in_use = InUse::new(3);
        let (lanes, other) = (Lanes::new(&in_use), Lanes::new(&in_use));
        let scheduler = super::super::tests::scheduler(1);
        for lane in [0, 2] {
            lanes.push(super::super::tests::runnable(&scheduler, lane));
        }
        assert!(!lanes.is_empty());
        assert!(other.steal(&lanes.stealers(), 0).is_some());
        assert!(!lanes.is_empty(), "one of two is left");
        assert!(other.steal(&lanes.stealers(), 0).is_some());
        assert!(lanes.is_empty());
        assert_eq!(lanes.busy.get(), 0);
    }

    #[test]
    fn a_later_host_gets_a_lane_of_its_own() {
        let in_use = InUse::new(1);
        let (lanes, other) = (Lanes::new(&in_use), Lanes::new(&in_use));
        let scheduler = super::super::tests::scheduler(1);
        let push = |lane| lanes.push(super::super::tests::runnable(&scheduler, lane));
        push(1);
        assert_eq!(lanes.busy.get(), 0b1, "shared with the only one");
        in_use.grow(3);
        in_use.grow(2);
        push(1);
        push(2);
        assert_eq!(lanes.busy.get(), 0b111);
        for _ in 0..3 {
            assert!(other.steal(&lanes.stealers(), 0).is_some());
        }
        assert!(lanes.is_empty());
        in_use.grow(1_000);
        push(MOST + 5);
        assert_eq!(lanes.busy.get(), 1 << 5);
    }

    #[test]
    fn lanes_have_turns() {
        assert_eq!(next_after(0, 0), None);
        assert_eq!(next_after(0, 0b1), Some(0));
        assert_eq!(next_after(0, 0b1011), Some(1));
        assert_eq!(next_after(1, 0b1011), Some(3));
        assert_eq!(next_after(3, 0b1011), Some(0));
        assert_eq!(next_after(63, 1 << 63 | 1), Some(0));
        assert_eq!(next_after(62, 1 << 63 | 1), Some(63));
    }
}
