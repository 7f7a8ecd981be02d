//! The times at which parked tasks wake: a binary heap in which every entry
//! knows its place, so that a time nobody waits for any more leaves at once.
//!
//! An entry is a task that sleeps, or a channel of the clock that has both an
//! alarm ahead and a waiter. A timer with many waiters is one entry.

use super::channel::{ChannelRef, Source};
use super::{NOWHERE, Scheduler, TaskId};

/// A task or channel that wakes at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// A parked task, in any case.
    Task(TaskId),
    /// The first waiter of a channel. The channel is alive: its waiters have
    /// it on their stacks, and it leaves the heap with the last of them.
    Channel(ChannelRef),
}

#[derive(Debug, Clone, Copy)]
struct Entry {
    at: u64,
    /// Counts entries: of two with the same time the older is first.
    order: u32,
    what: Wake,
}

impl Entry {
    fn is_before(self, other: Entry) -> bool {
        // The order wraps: entries of one time are close to each other.
        self.at < other.at
            || self.at == other.at && self.order.wrapping_sub(other.order).cast_signed() < 0
    }
}

/// The heap; its earliest entry is the first.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    heap: Vec<Entry>,
    order: u32,
}

impl Alarms {
    /// Makes room for so many entries more. False where there is no memory.
    pub(super) fn reserve(&mut self, more: usize) -> bool {
        self.heap.try_reserve(more).is_ok()
    }

    /// The earliest time, and what wakes then.
    pub(crate) fn first(&self) -> Option<(u64, Wake)> {
        self.heap.first().map(|entry| (entry.at, entry.what))
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        self.heap.len()
    }
}

impl Scheduler {
    /// Has a parked task wake at a time.
    pub(super) fn set_task_alarm(&mut self, id: TaskId, at: u64) {
        self.insert(at, Wake::Task(id));
    }

    /// Takes a task out of the heap, where it is in it.
    pub(super) fn clear_task_alarm(&mut self, id: TaskId) {
        let place = self.task(id).map_or(NOWHERE, |task| task.alarm);
        self.delete(place);
    }

    /// Puts a channel into the heap, or takes it out, as its alarm and its
    /// waiters say. There is room for it: see [`Alarms::reserve`].
    pub(super) fn update_channel_alarm(&mut self, channel: ChannelRef) {
        let Source::Clock(alarm) = &channel.source else {
            return;
        };
        let place = channel.alarm_place.get();
        let awaited = !channel.receivers.is_empty();
        match alarm.next.get().filter(|_| awaited) {
            Some(at) if place == NOWHERE => self.insert(at, Wake::Channel(channel)),
            Some(at) => self.move_to(place, at),
            None => self.delete(place),
        }
    }

    fn insert(&mut self, at: u64, what: Wake) {
        let order = self.alarms.order;
        self.alarms.order = order.wrapping_add(1);
        let entry = Entry { at, order, what };
        self.alarms.heap.push(entry);
        self.rise(self.alarms.heap.len() - 1, entry);
    }

    /// Changes the time of an entry.
    fn move_to(&mut self, place: u32, at: u64) {
        let place = place as usize;
        let Some(mut entry) = self.alarms.heap.get(place).copied() else {
            return;
        };
        if entry.at != at {
            entry.at = at;
            self.settle(place, entry);
        }
    }

    fn delete(&mut self, place: u32) {
        let place = place as usize;
        let Some(gone) = self.alarms.heap.get(place).copied() else {
            return;
        };
        self.note_place(gone.what, NOWHERE);
        if let Some(last) = self.alarms.heap.pop()
            && place < self.alarms.heap.len()
        {
            self.settle(place, last);
        }
    }

    /// Puts an entry where it belongs, given a place that is free.
    fn settle(&mut self, place: usize, entry: Entry) {
        if place > 0 && entry.is_before(self.alarms.heap[(place - 1) / 2]) {
            self.rise(place, entry);
        } else {
            self.sink(place, entry);
        }
    }

    fn rise(&mut self, mut place: usize, entry: Entry) {
        while place > 0 {
            let parent = (place - 1) / 2;
            let above = self.alarms.heap[parent];
            if !entry.is_before(above) {
                break;
            }
            self.put(place, above);
            place = parent;
        }
        self.put(place, entry);
    }

    fn sink(&mut self, mut place: usize, entry: Entry) {
        let len = self.alarms.heap.len();
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let Some(mut below) = self.alarms.heap.get(left).copied() else {
                break;
            };
            let mut child = left;
            if right < len && self.alarms.heap[right].is_before(below) {
                child = right;
                below = self.alarms.heap[right];
            }
            if !below.is_before(entry) {
                break;
            }
            self.put(place, below);
            place = child;
        }
        self.put(place, entry);
    }

    fn put(&mut self, place: usize, entry: Entry) {
        self.alarms.heap[place] = entry;
        self.note_place(entry.what, place as u32);
    }

    fn note_place(&mut self, what: Wake, place: u32) {
        match what {
            Wake::Task(id) => {
                if let Some(task) = self.task(id) {
                    task.alarm = place;
                }
            }
            Wake::Channel(channel) => channel.alarm_place.set(place),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lua::State;

    /// Tasks that sleep until the given times.
    fn sleepers(times: &[u64]) -> Scheduler {
        let mut scheduler = Scheduler::default();
        for at in times {
            assert!(scheduler.reserve(0));
            let id = scheduler.add(State::dangling(), 0, 0);
            scheduler.set_task_alarm(id, *at);
        }
        scheduler
    }

    fn drain(scheduler: &mut Scheduler) -> Vec<(u64, TaskId)> {
        std::iter::from_fn(|| match scheduler.alarms.first()? {
            (at, Wake::Task(id)) => {
                scheduler.clear_task_alarm(id);
                Some((at, id))
            }
            (_, Wake::Channel(_)) => None,
        })
        .collect()
    }

    #[test]
    fn the_earliest_comes_first_and_of_the_same_time_the_oldest() {
        let mut scheduler = sleepers(&[30, 10, 20, 10, 40, 10]);
        let expected = [(10, 1), (10, 3), (10, 5), (20, 2), (30, 0), (40, 4)];
        assert_eq!(drain(&mut scheduler), expected);
    }

    #[test]
    fn cleared_alarms_leave_nothing_behind() {
        let times: Vec<u64> = (0..500).map(|n| n * 7919 % 1009).collect();
        let mut scheduler = sleepers(&times);
        for id in (0..500).filter(|id| id % 3 != 0) {
            scheduler.clear_task_alarm(id);
            scheduler.clear_task_alarm(id);
        }
        assert_eq!(scheduler.alarms.len(), 167);
        let drained = drain(&mut scheduler);
        assert!(drained.is_sorted());
        assert!(
            drained
                .iter()
                .all(|(at, id)| id % 3 == 0 && times[*id] == *at)
        );
        assert_eq!(drained.len(), 167);
    }
}
