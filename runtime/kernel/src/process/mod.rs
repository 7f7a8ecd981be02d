//! The shell around the state of one process: its lock and its waker.
//!
//! A method here takes the lock, has [`State`] take a step, releases the lock and
//! wakes the task concerned. The process's own operations are in `task`, those of
//! others in `signal`, its view from outside in `identity` and `view`, its memory in
//! `memory`. The kernel takes the steps on ties by [`Process::with_state`]: they
//! wake no task.

mod identity;
mod memory;
mod signal;
mod task;
mod view;

pub(crate) use signal::Fed;

use std::fmt;
use std::task::Waker;

use crate::account::Account;
use crate::attributes::Attributes;
use crate::error::Error;
use crate::host::{Host, HostConfig, Reservation};
use crate::moment::{AtomicDeadline, Monotonic};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::state::{Effect, State};
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Arc, Mutex, MutexGuard};
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
    reservation: Option<Reservation>,
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
    pub fn doomed_to(&self) -> Option<Arc<Outcome>> {
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
    pub(crate) fn new(birth: Birth, reservation: Reservation, account: Account) -> Self {
        Process {
            pid: birth.pid,
            text: birth.pid.text_behind(reservation.host().pids()),
            parent: birth.parent,
            started: birth.at,
            usage: Usage::default(),
            host: Arc::clone(reservation.host()),
            doomed: AtomicBool::new(false),
            cancel_deadline: AtomicDeadline::new(),
            attributes: Attributes::new(),
            inner: Mutex::new(Inner {
                state: State::new(account),
                waker: None,
                reservation: Some(reservation),
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
    fn refused(&self, refusal: Refusal, topic: &str) -> Error {
        refusal.into_error(&self.text, self.host.name(), topic)
    }

    /// Takes a step that wakes no task.
    pub(crate) fn with_state<R>(&self, step: impl FnOnce(&mut State) -> R) -> R {
        step(&mut self.inner.lock().state)
    }

    /// Refuses a process that has exited.
    pub(crate) fn check_alive(&self) -> Result<(), Error> {
        self.try_with_state(|state, _| state.check_alive())
    }

    /// Takes a step that wakes no task and that the process may refuse.
    pub(crate) fn try_with_state<R>(
        &self,
        step: impl FnOnce(&mut State, &HostConfig) -> Result<R, Refusal>,
    ) -> Result<R, Error> {
        let result = step(&mut self.inner.lock().state, self.config());
        result.map_err(|refusal| self.refused(refusal, ""))
    }

    /// Ends a step that the process may have refused, with the error of a message
    /// of this topic, or of a signal without one.
    #[inline]
    fn answer(
        &self,
        inner: MutexGuard<'_, Inner>,
        step: Result<Effect, Refusal>,
        topic: &str,
    ) -> Result<(), Error> {
        match step {
            Ok(effect) => {
                self.conclude(inner, effect);
                Ok(())
            }
            Err(refusal) => {
                drop(inner);
                Err(self.refused(refusal, topic))
            }
        }
    }

    /// Ends a step: wakes the task concerned, after the lock is released.
    #[inline]
    fn conclude(&self, inner: MutexGuard<'_, Inner>, effect: Effect) {
        if let Some(waker) = self.release(inner, effect) {
            waker.wake();
        }
    }

    /// Ends a step and releases the lock. Returns the waker to call once no other
    /// lock is held.
    #[inline]
    #[must_use]
    fn release(&self, inner: MutexGuard<'_, Inner>, effect: Effect) -> Option<Waker> {
        if effect == Effect::Doomed {
            self.doomed.store(true, Ordering::Release);
        }
        match effect {
            Effect::Nothing => None,
            Effect::Wake | Effect::Doomed => inner.waker.clone(),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Process").field(&self.text).finish()
    }
}
