//! The shell around the state of one process: its lock and its waker.
//!
//! A method here takes the lock, has [`State`] take a step, and wakes the tasks
//! concerned. The process's own operations are in `task`, those of others in
//! `signal` and `ties`, its view from outside in `identity` and `view`, its
//! memory in `memory`.

mod identity;
mod memory;
mod signal;
mod task;
mod ties;
mod view;

use std::fmt;
use std::task::Waker;

use crate::account::Account;
use crate::attributes::Attributes;
use crate::error::Error;
use crate::host::{Host, HostConfig, Place};
use crate::moment::{AtomicDeadline, Monotonic};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::state::{Effect, State};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex};
use crate::usage::Usage;
use crate::view::Origin;

/// One process. Any process may send it signals, through
/// [`Kernel`](crate::Kernel); only the one task that drives it receives,
/// listens and exits.
pub struct Process {
    pid: Pid,
    text: Arc<str>,
    host: Arc<Host>,
    /// A copy of `State::doomed_to`, read without the lock.
    doomed: AtomicBool,
    /// A copy of `State::cancel_deadline`, read without the lock.
    cancel_deadline: AtomicDeadline,
    parent: Option<Pid>,
    started: Monotonic,
    usage: Usage,
    attributes: Attributes,
    inner: Mutex<Inner>,
}

/// The parts of a new process.
pub(crate) struct Birth {
    pub(crate) pid: Pid,
    pub(crate) parent: Option<Pid>,
    pub(crate) at: Monotonic,
    pub(crate) origin: Option<Origin>,
}

struct Inner {
    state: State,
    waker: Option<Waker>,
    place: Option<Place>,
    origin: Option<Origin>,
    last_error: Option<Box<Error>>,
}

impl Process {
    /// Returns the process's PID.
    #[inline]
    pub fn pid(&self) -> Pid {
        self.pid
    }

    /// Returns the text of the process's PID.
    #[inline]
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// Returns the host the process lives in.
    #[inline]
    pub fn host(&self) -> &Arc<Host> {
        &self.host
    }

    /// Returns the spawner; `None` if the embedder started the process.
    pub fn parent(&self) -> Option<Pid> {
        self.parent
    }

    /// Returns the time of the spawn, on the kernel's clock.
    pub fn started(&self) -> Monotonic {
        self.started
    }

    /// Returns the processor time and memory the process uses.
    #[inline]
    pub fn usage(&self) -> &Usage {
        &self.usage
    }

    /// Returns whether the process's end is decided. One atomic load: cheap
    /// enough to ask at every preemption.
    #[inline]
    pub fn is_doomed(&self) -> bool {
        self.doomed.load(Ordering::Acquire)
    }

    /// Returns the outcome that was decided for the process.
    pub fn doom(&self) -> Option<Arc<Outcome>> {
        let inner = self.inner.lock();
        let doom = inner.state.doomed_to()?;
        Some(Arc::clone(&doom.outcome))
    }

    /// Returns whether the process has exited.
    pub fn has_exited(&self) -> bool {
        self.inner.lock().state.has_exited()
    }
}

/// For the kernel.
impl Process {
    pub(crate) fn new(birth: Birth, place: Place, account: Account) -> Self {
        Process {
            pid: birth.pid,
            text: birth.pid.text(place.host().name()),
            parent: birth.parent,
            started: birth.at,
            usage: Usage::default(),
            host: Arc::clone(place.host()),
            doomed: AtomicBool::new(false),
            cancel_deadline: AtomicDeadline::new(),
            attributes: Attributes::new(),
            inner: Mutex::new(Inner {
                state: State::new(account),
                waker: None,
                place: Some(place),
                origin: birth.origin,
                last_error: None,
            }),
        }
    }

    #[inline]
    pub(crate) fn config(&self) -> &HostConfig {
        self.host.config()
    }

    /// Returns the error of a signal that this process refused; `topic` is the
    /// topic of a message, else empty. The caller holds no lock of the process.
    #[cold]
    pub(crate) fn refused(&self, refusal: Refusal, topic: &str) -> Error {
        refusal.into_error(&self.text, self.host.name(), topic)
    }

    /// Takes one step and wakes the task concerned, after the lock is released.
    #[inline]
    fn apply<R>(&self, step: impl FnOnce(&mut State) -> (R, Effect)) -> R {
        let (result, waker) = self.step(step);
        if let Some(waker) = waker {
            waker.wake();
        }
        result
    }

    /// Takes one step; returns the waker to call.
    #[inline]
    fn step<R>(&self, step: impl FnOnce(&mut State) -> (R, Effect)) -> (R, Option<Waker>) {
        let mut inner = self.inner.lock();
        let (result, effect) = step(&mut inner.state);
        if effect == Effect::Doomed {
            self.doomed.store(true, Ordering::Release);
        }
        let waker = match effect {
            Effect::Nothing => None,
            Effect::Wake | Effect::Doomed => inner.waker.clone(),
        };
        (result, waker)
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.text).finish()
    }
}
