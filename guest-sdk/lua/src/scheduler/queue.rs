//! The tasks that wait at a channel, as doubly linked lists through one arena:
//! a waiter leaves in constant time, and a channel owns no memory.

use std::ffi::c_int;

use super::{Scheduler, TaskId};
use crate::channel::{Channel, Source};
use crate::stack::State;

/// The waiters of one side of a channel, in order of arrival.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queue {
    first: Option<u32>,
    last: Option<u32>,
}

impl Queue {
    /// Whether nobody waits.
    pub(crate) fn is_empty(self) -> bool {
        self.first.is_none()
    }

    /// The place of the waiter that came first.
    pub(super) fn first(self) -> Option<u32> {
        self.first
    }
}

/// One case of a parked task.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waiter {
    pub(super) channel: *mut Channel,
    pub(super) task: TaskId,
    /// The place of the case, the first being 0.
    pub(super) case: c_int,
    sends: bool,
    previous: Option<u32>,
    next: Option<u32>,
    /// The next waiter of the same task.
    pub(super) sibling: Option<u32>,
}

/// Where a waiting task is to be given, or to be taken, a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    task: TaskId,
    case: c_int,
    /// The thread that blocks.
    pub(crate) thread: State,
    /// The stack index of the value it sends.
    pub(crate) value: c_int,
}

impl Scheduler {
    /// The task that has waited longest in a queue.
    pub(crate) fn meet(&self, queue: Queue) -> Option<Meeting> {
        let waiter = self.waiters.get(queue.first? as usize)?;
        let task = self.tasks.get(waiter.task)?.as_ref()?;
        Some(Meeting {
            task: waiter.task,
            case: waiter.case,
            thread: task.at,
            value: task.base + 2 * waiter.case + 1,
        })
    }

    /// Wakes the task that [`meet`](Self::meet) has found. What it receives
    /// must be on top of its stack; `open` is false where the channel is
    /// closed.
    pub(crate) fn part(&mut self, meeting: Meeting, open: bool) {
        self.wake(meeting.task, super::Fired::Case(meeting.case, open));
    }

    /// Adds a case of a parked task to the queue of its channel.
    ///
    /// # Safety
    /// `channel` is alive, and stays so while the task is parked.
    pub(super) unsafe fn add_waiter(
        &mut self,
        task: TaskId,
        channel: *mut Channel,
        case: c_int,
        sends: bool,
    ) {
        let place = match self.free_waiter {
            Some(place) => place,
            None => self.waiters.len() as u32,
        };
        // SAFETY: as promised by the caller.
        let (queue, source) = unsafe {
            (
                if sends {
                    &raw mut (*channel).senders
                } else {
                    &raw mut (*channel).receivers
                },
                (*channel).source,
            )
        };
        // SAFETY: as above.
        let previous = unsafe { (*queue).last };
        let sibling = self.task(task).and_then(|task| task.waiters.replace(place));
        let waiter = Waiter {
            channel,
            task,
            case,
            sends,
            previous,
            next: None,
            sibling,
        };
        match self.waiters.get_mut(place as usize) {
            Some(free) => {
                self.free_waiter = free.next;
                *free = waiter;
            }
            None => self.waiters.push(waiter),
        }
        match previous {
            Some(previous) => self.waiters[previous as usize].next = Some(place),
            // SAFETY: as above.
            None => unsafe { (*queue).first = Some(place) },
        }
        // SAFETY: as above.
        unsafe { (*queue).last = Some(place) };
        if let (Source::Mailbox { subscription, .. }, None) = (source, previous) {
            self.wanted.push(subscription);
        }
    }

    /// Takes a waiter out of its queue; yields its sibling.
    pub(super) fn remove_waiter(&mut self, place: u32) -> Option<u32> {
        let waiter = self.waiters[place as usize];
        // SAFETY: a parked task keeps its channels alive, on its stack; its
        // waiters are removed when it wakes.
        let queue = unsafe {
            if waiter.sends {
                &mut (*waiter.channel).senders
            } else {
                &mut (*waiter.channel).receivers
            }
        };
        match waiter.previous {
            Some(previous) => self.waiters[previous as usize].next = waiter.next,
            None => queue.first = waiter.next,
        }
        match waiter.next {
            Some(next) => self.waiters[next as usize].previous = waiter.previous,
            None => queue.last = waiter.previous,
        }
        let deserted = queue.is_empty();
        // SAFETY: as above.
        let source = unsafe { (*waiter.channel).source };
        if let (Source::Mailbox { subscription, .. }, true) = (source, deserted) {
            self.wanted.retain(|wanted| *wanted != subscription);
        }
        self.waiters[place as usize].next = self.free_waiter;
        self.free_waiter = Some(place);
        waiter.sibling
    }
}
