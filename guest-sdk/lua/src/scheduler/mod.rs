//! The coroutines of a process, and what they wait for.
//!
//! Words used here:
//! - A **task** is a coroutine that the scheduler resumes: the program itself,
//!   and each `coroutine.spawn`. Each has a Lua thread of its own. Coroutines
//!   that a program resumes itself run inside a task.
//! - A task that cannot go on is **parked**: for each of the cases it waits for
//!   there is a **waiter** in the queue of a channel. It wakes with the first
//!   case that becomes ready, and all its waiters are gone at once.
//! - A **turn** is one wait in the runtime, for everything that any parked task
//!   wants, up to the earliest deadline.
//!
//! ```text
//!  running task ── blocks ──> parked ── turn, or another task ──> ready queue
//!       ^                                                              │
//!       └────────────────────────── run ───────────────────────────────┘
//! ```
//!
//! While a task is alone it is never parked: it blocks in the runtime itself
//! ([`wait`]), without any Lua yield. Else it yields to [`run`] through all
//! coroutines that it has resumed ([`crate::coroutine`] lets that pass).
//!
//! A case is known by its place on the stack of the thread that blocks: the
//! channel, and above it the value to send, or [`RECEIVE`].

mod boundary;
mod queue;
mod run;
mod turn;
mod wait;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::ffi::c_int;
use std::ptr;

use warren_guest::mailbox::Subscription;

pub(crate) use queue::{Meeting, Queue};
pub(crate) use run::{Ended, again, prepare, run, spawn};
pub(crate) use wait::{Patience, Shape, push_receive, receive_alone, wait};

use crate::channel::{Channel, Source};
use crate::stack::State;
use queue::Waiter;

/// Names a task; its place in [`Scheduler::tasks`].
pub(crate) type TaskId = usize;

/// All tasks of a process.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    tasks: Vec<Option<Task>>,
    /// How many places of `tasks` are taken, and which are not.
    live: usize,
    vacant: Vec<TaskId>,
    ready: VecDeque<TaskId>,
    /// The task that runs.
    current: TaskId,
    waiters: Vec<Waiter>,
    /// The first free place of `waiters`, linked by `next`.
    free_waiter: Option<u32>,
    /// The mailbox queues that parked tasks want, oldest wish first.
    wanted: Vec<Subscription>,
    /// Those of a wait that is about to begin; kept for its memory.
    wanted_now: Vec<Subscription>,
    /// When parked tasks want to wake; some of them no longer do.
    deadlines: BinaryHeap<Reverse<(u64, TaskId, u32)>>,
    /// A task is on its way to [`run`], through the coroutines it has resumed.
    switching: bool,
    /// The innermost of the coroutines that wait for one they have resumed.
    resumed: Option<*const Resumption>,
    /// Tasks run since the runtime was last asked.
    unpolled: u32,
}

/// One coroutine that has resumed another and waits for it; on the machine
/// stack, linked to the one outside of it.
#[derive(Debug)]
pub(crate) struct Resumption {
    thread: State,
    outer: Option<*const Resumption>,
}

#[derive(Debug)]
struct Task {
    /// The thread the scheduler resumes, and what keeps it alive.
    thread: State,
    reference: c_int,
    /// Values on its stack to resume it with.
    arguments: c_int,
    /// Where it blocks: the thread itself, or a coroutine in it.
    at: State,
    /// The stack index of its first case on `at`.
    base: c_int,
    /// Counts what it has waited for, to tell old deadlines from new ones.
    serial: u32,
    /// Its waiters, linked by `sibling`.
    waiters: Option<u32>,
    /// The time at which it wakes in any case.
    until: Option<u64>,
    parked: bool,
    fired: Fired,
}

/// What a task woke with. The value received is on top of its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fired {
    /// The case at this place, the first being 0. False where the channel is
    /// closed.
    Case(c_int, bool),
    /// The time had come.
    Deadline,
}

/// What a task is about, for those who look at the process.
#[cfg(target_family = "wasm")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs; where it is alone, it may also wait.
    Current,
    Ready,
    Parked,
}

impl Scheduler {
    /// All tasks, and the thread of each.
    #[cfg(target_family = "wasm")]
    pub(crate) fn standings(&self) -> impl Iterator<Item = (Standing, State)> {
        let tasks = self.tasks.iter().enumerate();
        tasks.filter_map(|(id, task)| {
            let task = task.as_ref()?;
            let standing = match (task.parked, id == self.current) {
                (true, _) => Standing::Parked,
                (false, true) => Standing::Current,
                (false, false) => Standing::Ready,
            };
            Some((standing, task.thread))
        })
    }

    /// Notes that `thread`, which runs, is about to resume another.
    pub(crate) fn enter(&mut self, thread: State) -> Resumption {
        Resumption {
            thread,
            outer: self.resumed,
        }
    }

    /// Makes a resumption the innermost.
    pub(crate) fn link(&mut self, resumption: &Resumption) {
        self.resumed = Some(ptr::from_ref(resumption));
    }

    /// Ends the innermost resumption. True where the coroutine came back only
    /// because the scheduler wants to run another task.
    pub(crate) fn leave(&mut self, resumption: &Resumption) -> bool {
        self.resumed = resumption.outer;
        self.switching
    }

    /// Whether the running task is the only one there is.
    fn is_alone(&self) -> bool {
        self.live <= 1 && self.ready.is_empty()
    }

    /// Whether `thread` is that of a task.
    pub(crate) fn is_task(&self, thread: State) -> bool {
        self.tasks
            .get(self.current)
            .and_then(Option::as_ref)
            .is_some_and(|task| task.thread == thread)
    }

    /// Makes room for one more task, and for one task to wait for so many
    /// cases, so that neither needs memory later. False where there is none.
    fn reserve(&mut self, cases: usize) -> bool {
        let tasks = self.live + 1;
        self.tasks.try_reserve(1).is_ok()
            && self.vacant.try_reserve(tasks).is_ok()
            && self
                .ready
                .try_reserve(tasks.saturating_sub(self.ready.len()))
                .is_ok()
            && self.waiters.try_reserve(cases).is_ok()
            && self.wanted.try_reserve(cases).is_ok()
            && self
                .wanted_now
                .try_reserve(self.wanted.len() + cases)
                .is_ok()
            && self.deadlines.try_reserve(2).is_ok()
    }

    /// Adds a task; it is ready.
    fn add(&mut self, thread: State, reference: c_int, arguments: c_int) -> TaskId {
        let task = Task {
            thread,
            reference,
            arguments,
            at: thread,
            base: 0,
            serial: 0,
            waiters: None,
            until: None,
            parked: false,
            fired: Fired::Deadline,
        };
        let id = self.vacant.pop().unwrap_or_else(|| {
            self.tasks.push(None);
            self.tasks.len() - 1
        });
        self.tasks[id] = Some(task);
        self.live += 1;
        self.ready.push_back(id);
        id
    }

    /// Takes out a task that has ended; yields what kept its thread alive.
    fn remove(&mut self, id: TaskId) -> c_int {
        self.live -= 1;
        self.vacant.push(id);
        self.tasks[id]
            .take()
            .map_or(mlua_sys::LUA_NOREF, |task| task.reference)
    }

    fn task(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(id)?.as_mut()
    }

    /// Parks a task that is to wait at `at` for the cases that
    /// [`add_waiter`](Self::add_waiter) then adds.
    fn park(&mut self, id: TaskId, at: State, base: c_int, until: Option<u64>) {
        if let Some(task) = self.task(id) {
            task.at = at;
            task.base = base;
            task.until = until;
            task.parked = true;
        }
        if let Some(until) = until {
            self.add_deadline(id, until);
        }
    }

    /// Notes when a parked task wants to wake.
    fn add_deadline(&mut self, id: TaskId, at: u64) {
        let Some(serial) = self.task(id).map(|task| task.serial) else {
            return;
        };
        // Deadlines of waits that ended early stay behind: sweep them out
        // before they outweigh the living.
        if self.deadlines.len() > 2 * self.live + 64 {
            let tasks = &self.tasks;
            self.deadlines
                .retain(|Reverse((_, id, serial))| is_waiting(tasks, *id, *serial));
        }
        self.deadlines.push(Reverse((at, id, serial)));
    }

    /// Notes that a channel's alarm was set anew, for the tasks that wait.
    pub(crate) fn alarm_changed(&mut self, channel: &Channel) {
        let Source::Clock(alarm) = channel.source else {
            return;
        };
        let (Some(at), Some(first)) = (alarm.next, channel.receivers.first()) else {
            return;
        };
        let id = self.waiters[first as usize].task;
        self.add_deadline(id, at);
    }

    /// The earliest time at which a parked task wants to wake.
    fn next_deadline(&mut self) -> Option<u64> {
        while let Some(Reverse((at, id, serial))) = self.deadlines.peek().copied() {
            if is_waiting(&self.tasks, id, serial) {
                return Some(at);
            }
            self.deadlines.pop();
        }
        None
    }

    /// Takes a parked task whose deadline lies at or before `now`.
    fn take_due(&mut self, now: u64) -> Option<TaskId> {
        if self.next_deadline()? > now {
            return None;
        }
        self.deadlines.pop().map(|Reverse((_, id, _))| id)
    }

    /// Ends the wait of a parked task and makes it ready. The value it
    /// receives, if any, must be on top of its stack.
    fn wake(&mut self, id: TaskId, fired: Fired) {
        self.unpark(id);
        if let Some(task) = self.task(id) {
            task.fired = fired;
            self.ready.push_back(id);
        }
    }

    /// Ends the wait of a parked task.
    fn unpark(&mut self, id: TaskId) {
        let Some(task) = self.task(id) else { return };
        task.parked = false;
        task.serial = task.serial.wrapping_add(1);
        let mut waiter = task.waiters.take();
        while let Some(place) = waiter {
            waiter = self.remove_waiter(place);
        }
    }
}

fn is_waiting(tasks: &[Option<Task>], id: TaskId, serial: u32) -> bool {
    matches!(tasks.get(id), Some(Some(task)) if task.parked && task.serial == serial)
}
