//! The tasks that wait at a channel, as doubly linked lists through one arena:
//! a waiter leaves in constant time, and a channel owns no memory.

use std::ffi::c_int;

use super::channel::{ChannelRef, Queue, Source};
use super::{NOWHERE, Scheduler, TaskId};
use crate::lua::State;

/// One case of a parked task.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Waiter {
    pub(crate) channel: ChannelRef,
    pub(super) task: TaskId,
    /// The place of the case, the first being 0.
    pub(crate) case: c_int,
    sends: bool,
    previous: Option<u32>,
    next: Option<u32>,
    /// The next waiter of the same task.
    pub(crate) sibling: Option<u32>,
}

/// A waiting task that is to be given, or to be taken, a value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Meeting {
    pub(crate) task: TaskId,
    case: c_int,
    /// The thread that blocks.
    pub(crate) thread: State,
    /// The stack index of the value it sends.
    pub(crate) value: c_int,
    /// The stack index below its first case.
    pub(crate) below: c_int,
}

impl Scheduler {
    /// The task that has waited longest in a queue.
    pub(crate) fn meet(&self, queue: &Queue) -> Option<Meeting> {
        self.meet_waiter(*self.waiters.get(queue.first()? as usize)?)
    }

    /// The task of the waiter at a place, if it waits in a plain receive; and
    /// the place of the waiter behind.
    pub(crate) fn plain_receiver(&self, place: u32) -> (Option<Meeting>, Option<u32>) {
        let Some(waiter) = self.waiters.get(place as usize) else {
            return (None, None);
        };
        let meeting = self.meet_waiter(*waiter);
        (
            meeting.filter(|meeting| self.is_plain(meeting)),
            waiter.next,
        )
    }

    fn is_plain(&self, meeting: &Meeting) -> bool {
        let task = self.tasks.get(meeting.task).and_then(Option::as_ref);
        task.is_some_and(|task| task.receives)
    }

    /// Returns true for the waiter of its queue that came first.
    pub(crate) fn is_first(&self, waiter: &Waiter) -> bool {
        waiter.previous.is_none()
    }

    /// The task of a waiter.
    pub(crate) fn meet_waiter(&self, waiter: Waiter) -> Option<Meeting> {
        let task = self.tasks.get(waiter.task)?.as_ref()?;
        Some(Meeting {
            task: waiter.task,
            case: waiter.case,
            thread: task.at,
            value: task.base + 2 * waiter.case + 1,
            below: task.base - 1,
        })
    }

    /// Wakes the task that [`meet`](Self::meet) has found. What it receives
    /// must be on top of its stack; `open` is false where the channel is
    /// closed.
    pub(crate) fn part(&mut self, meeting: Meeting, open: bool) {
        self.wake(meeting.task, super::Fired::Case(meeting.case, open));
    }

    /// Wakes the task that [`meet`](Self::meet) has found, to raise the error on top of its
    /// stack.
    pub(crate) fn fail(&mut self, meeting: Meeting) {
        self.wake(meeting.task, super::Fired::Raised);
    }

    /// Adds a case of a parked task to the queue of its channel.
    pub(crate) fn add_waiter(
        &mut self,
        task: TaskId,
        channel: ChannelRef,
        case: c_int,
        sends: bool,
    ) {
        let place = match self.free_waiter {
            Some(place) => place,
            None => self.waiters.len() as u32,
        };
        let queue = if sends {
            &channel.senders
        } else {
            &channel.receivers
        };
        let previous = queue.last.get();
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
            None => queue.first.set(Some(place)),
        }
        queue.last.set(Some(place));
        if previous.is_none() {
            self.update_wanted(channel);
            self.update_channel_alarm(channel);
        }
    }

    /// Takes a waiter out of its queue; yields its sibling.
    pub(super) fn remove_waiter(&mut self, place: u32) -> Option<u32> {
        let waiter = self.waiters[place as usize];
        let channel = waiter.channel;
        let queue = if waiter.sends {
            &channel.senders
        } else {
            &channel.receivers
        };
        match waiter.previous {
            Some(previous) => self.waiters[previous as usize].next = waiter.next,
            None => queue.first.set(waiter.next),
        }
        match waiter.next {
            Some(next) => self.waiters[next as usize].previous = waiter.previous,
            None => queue.last.set(waiter.previous),
        }
        if queue.is_empty() {
            self.update_wanted(channel);
            self.update_channel_alarm(channel);
        }
        self.waiters[place as usize].next = self.free_waiter;
        self.free_waiter = Some(place);
        waiter.sibling
    }

    /// Puts a channel among those whose queue is wanted, or takes it out, as its
    /// waiters say. The queue of answers is the first one: a process answers before it
    /// ends, and the runtime takes a message of the first queue that has one.
    pub(super) fn update_wanted(&mut self, channel: ChannelRef) {
        let Some(subscription) = channel.subscription() else {
            return;
        };
        let place = channel.wanted_place.get();
        match (channel.is_awaited(), place) {
            (true, NOWHERE) => {
                let last = self.wanted.len();
                self.wanted.push(subscription);
                self.wanted_by.push(channel);
                channel.wanted_place.set(last as u32);
                if matches!(channel.source, Source::Answers(_)) {
                    self.wanted.swap(0, last);
                    self.wanted_by.swap(0, last);
                    self.wanted_by[last].wanted_place.set(last as u32);
                    channel.wanted_place.set(0);
                }
            }
            (false, place) if (place as usize) < self.wanted.len() => {
                let place = place as usize;
                self.wanted.swap_remove(place);
                self.wanted_by.swap_remove(place);
                if let Some(moved) = self.wanted_by.get(place) {
                    moved.wanted_place.set(place as u32);
                }
                channel.wanted_place.set(NOWHERE);
            }
            _ => {}
        }
    }
}
