//! The coroutines of a process and its channels, as data: nothing here calls Lua.
//!
//! Words used here:
//! - A **task** is a coroutine that the scheduler resumes: the program itself,
//!   and each `coroutine.spawn`. Each has a Lua thread of its own. Coroutines
//!   that a program resumes itself run inside a task.
//! - A task that cannot go on is **parked**: for each of the cases it waits for
//!   there is a **waiter** in the queue of a channel. It wakes with the first
//!   case that becomes ready, and all its waiters are gone at once.
//!
//! A case is known by its place on the stack of the thread that blocks.

mod alarms;
mod answering;
mod answers;
mod channel;
mod queue;

use std::collections::VecDeque;
use std::ffi::c_int;
use std::ptr;

use warren_guest::mailbox::Subscription;

pub(crate) use alarms::Wake;
pub(crate) use answers::Answers;
pub(crate) use channel::{Again, Alarm, Channel, ChannelRef, Format, Kept, Queue, Ring, Source};
pub(crate) use queue::{Meeting, Waiter};

use crate::lua::State;
use alarms::Alarms;

/// The place of a channel or task that is in no list.
pub(crate) const NOWHERE: u32 = u32::MAX;

/// Names a task; its place in [`Scheduler::tasks`].
pub(crate) type TaskId = usize;

/// All tasks of a process.
#[derive(Debug, Default)]
pub(crate) struct Scheduler {
    pub(crate) tasks: Vec<Option<Task>>,
    /// The number of taken places of `tasks`, and the free ones.
    live: usize,
    vacant: Vec<TaskId>,
    pub(crate) ready: VecDeque<TaskId>,
    /// The task that runs.
    pub(crate) current: TaskId,
    pub(crate) waiters: Vec<Waiter>,
    /// The first free place of `waiters`, linked by `next`.
    free_waiter: Option<u32>,
    /// The mailbox queues that parked tasks want, and that of late answers; and the
    /// channel of each, which knows its place here.
    pub(crate) wanted: Vec<Subscription>,
    wanted_by: Vec<ChannelRef>,
    /// Those of a wait that is about to begin; kept for its memory.
    pub(crate) wanted_now: Vec<Subscription>,
    /// The times at which parked tasks wake.
    pub(crate) alarms: Alarms,
    /// A task is on its way to [`run`](crate::scheduler::run), through the coroutines it has resumed.
    pub(crate) switching: bool,
    /// The innermost of the coroutines that wait for one they have resumed.
    pub(crate) resumed: Option<*const Resumption>,
    /// Tasks run since the runtime was last asked.
    pub(crate) unpolled: u32,
    /// The channel of the answers to calls, once there was one.
    answers: Option<ChannelRef>,
}

/// One coroutine that has resumed another and waits for it; on the machine
/// stack, linked to the one outside of it.
#[derive(Debug)]
pub(crate) struct Resumption {
    pub(crate) thread: State,
    pub(crate) outer: Option<*const Resumption>,
}

/// One task.
#[derive(Debug)]
pub(crate) struct Task {
    /// The thread the scheduler resumes, and what keeps it alive.
    pub(crate) thread: State,
    reference: c_int,
    /// Values on its stack to resume it with.
    pub(crate) arguments: c_int,
    /// The thread that blocks: the task's own, or a coroutine in it.
    pub(crate) at: State,
    /// The stack index of its first case on `at`.
    pub(crate) base: c_int,
    /// Its waiters, linked by `sibling`.
    pub(crate) waiters: Option<u32>,
    /// Its place among the alarms while it wakes at a time in any case.
    alarm: u32,
    parked: bool,
    /// It waits in a plain receive.
    pub(crate) receives: bool,
    pub(crate) fired: Fired,
}

/// The reason why a task woke. The value received is on top of its stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fired {
    /// The case at this place, the first being 0. False where the channel is
    /// closed.
    Case(c_int, bool),
    /// The time had come.
    Deadline,
    /// There was no memory for the value. The error is on top of its stack.
    Raised,
}

/// The state of a task, for introspection.
#[cfg(target_family = "wasm")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs; where it is alone, it may also wait.
    Current,
    Ready,
    Parked,
}

impl Scheduler {
    /// Returns [`Self::wanted_now`], valid until it is changed.
    pub(crate) fn wanted_now(&self) -> *const [Subscription] {
        &raw const *self.wanted_now
    }

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

    /// Returns true where the running task is the only one.
    pub(crate) fn is_alone(&self) -> bool {
        self.live <= 1 && self.ready.is_empty()
    }

    /// Returns true where the running task is the only one, and no answer is late.
    pub(crate) fn is_undivided(&self) -> bool {
        self.is_alone() && self.wanted.is_empty()
    }

    /// Has the wait that is about to begin of the only task take late answers, too.
    pub(crate) fn want_late_answers(&mut self) {
        // Nobody else wants anything, and there is room: see `reserve`.
        self.wanted_now.extend_from_slice(&self.wanted);
    }

    /// Returns true where `thread` is that of the running task.
    pub(crate) fn is_task(&self, thread: State) -> bool {
        self.tasks
            .get(self.current)
            .and_then(Option::as_ref)
            .is_some_and(|task| task.thread == thread)
    }

    /// Makes room for one more task, and for one task to wait for so many
    /// cases, so that neither needs memory later. False where there is none.
    pub(crate) fn reserve(&mut self, cases: usize) -> bool {
        let tasks = self.live + 1;
        self.tasks.try_reserve(1).is_ok()
            && self.vacant.try_reserve(tasks).is_ok()
            && self
                .ready
                .try_reserve(tasks.saturating_sub(self.ready.len()))
                .is_ok()
            && self.waiters.try_reserve(cases).is_ok()
            && self.wanted.try_reserve(cases).is_ok()
            && self.wanted_by.try_reserve(cases).is_ok()
            && self
                .wanted_now
                .try_reserve(self.wanted.len() + cases)
                .is_ok()
            && self.alarms.reserve(cases + 1)
    }

    /// Adds a task; it is ready.
    pub(crate) fn add(&mut self, thread: State, reference: c_int, arguments: c_int) -> TaskId {
        let task = Task {
            thread,
            reference,
            arguments,
            at: thread,
            base: 0,
            waiters: None,
            alarm: NOWHERE,
            parked: false,
            receives: false,
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
    pub(crate) fn remove(&mut self, id: TaskId) -> c_int {
        self.live -= 1;
        self.vacant.push(id);
        self.tasks[id]
            .take()
            .map_or(mlua_sys::LUA_NOREF, |task| task.reference)
    }

    /// Returns a task that has not ended.
    pub(crate) fn task(&mut self, id: TaskId) -> Option<&mut Task> {
        self.tasks.get_mut(id)?.as_mut()
    }

    /// Parks a task that is to wait at `at` for the cases that
    /// [`add_waiter`](Self::add_waiter) then adds.
    pub(crate) fn park(
        &mut self,
        id: TaskId,
        at: State,
        base: c_int,
        receives: bool,
        until: Option<u64>,
    ) {
        if let Some(task) = self.task(id) {
            task.at = at;
            task.base = base;
            task.parked = true;
            task.receives = receives;
            if let Some(until) = until {
                self.set_task_alarm(id, until);
            }
        }
    }

    /// Makes room for one more alarm. False where there is no memory.
    pub(crate) fn reserve_alarm(&mut self) -> bool {
        self.alarms.reserve(1)
    }

    /// Notes that the alarm of a channel was set anew, for the tasks that wait
    /// there. There is [room](Self::reserve_alarm) for it.
    pub(crate) fn alarm_changed(&mut self, channel: ChannelRef) {
        self.update_channel_alarm(channel);
    }

    /// The earliest time at which a parked task wants to wake.
    pub(crate) fn next_alarm(&self) -> Option<u64> {
        self.alarms.first().map(|(at, _)| at)
    }

    /// Ends the wait of a parked task and makes it ready. The value it
    /// receives, if any, must be on top of its stack.
    pub(crate) fn wake(&mut self, id: TaskId, fired: Fired) {
        self.unpark(id);
        if let Some(task) = self.task(id) {
            task.fired = fired;
            self.ready.push_back(id);
        }
    }

    /// Ends the wait of a parked task.
    pub(crate) fn unpark(&mut self, id: TaskId) {
        self.clear_task_alarm(id);
        let Some(task) = self.task(id) else { return };
        task.parked = false;
        let mut waiter = task.waiters.take();
        while let Some(place) = waiter {
            waiter = self.remove_waiter(place);
        }
    }
}
