//! The signals to a process: messages, cancellation, termination, the ends of
//! others, and its own end.

use std::task::Waker;

use super::Process;
use crate::events::Notice;
use crate::execs::Terminate;
use crate::host::Place;
use crate::message::Message;
use crate::moment::{Monotonic, Timestamp};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::refusal::Refusal;
use crate::state::{Doom, Effect, Remains, State};
use crate::subscription::Subscription;
use crate::sync::Arc;

impl Process {
    #[inline]
    pub(crate) fn deliver(
        &self,
        topic: &str,
        message: Message,
        now: Monotonic,
    ) -> Result<(), Refusal> {
        self.try_apply(|state| state.deliver(topic, message, self.config(), now))
    }

    pub(crate) fn cancel(
        &self,
        from: Option<Arc<str>>,
        at: Timestamp,
        deadline: Option<Timestamp>,
        enforced: Option<Monotonic>,
    ) -> Result<(), Refusal> {
        self.try_apply(|state| {
            let effect = state.cancel(from, at, deadline, enforced)?;
            self.cancel_deadline.store(state.cancel_deadline());
            Ok(effect)
        })
    }

    pub(crate) fn terminate(&self) -> Result<(), Refusal> {
        self.be_doomed(Doom {
            outcome: Arc::new(Outcome::terminated()),
            by_link: false,
        })
    }

    pub(crate) fn be_doomed(&self, doom: Doom) -> Result<(), Refusal> {
        self.try_apply(|state| state.doom(doom))
    }

    /// Returns the waker to call once the lock of the pair is released.
    #[must_use]
    pub(crate) fn peer_exited(&self, notice: &Notice, doom: Option<&Doom>) -> Option<Waker> {
        let ((), waker) = self.step(|state| ((), state.peer_exited(notice, doom)));
        waker
    }

    pub(crate) fn callee_exited(
        &self,
        subscription: Subscription,
        callee: Pid,
        outcome: &Arc<Outcome>,
    ) {
        self.apply(|state| ((), state.callee_exited(subscription, callee, outcome)));
    }

    /// Ends the process. Returns `None` the second time.
    pub(crate) fn exit(&self) -> Option<(Remains, Option<Place>)> {
        let mut inner = self.inner.lock();
        let remains = inner.state.exit()?;
        self.cancel_deadline.store(inner.state.cancel_deadline());
        let (waker, place) = (inner.waker.take(), inner.place.take());
        drop(inner);
        drop(waker);
        Some((remains, place))
    }

    fn try_apply(
        &self,
        step: impl FnOnce(&mut State) -> Result<Effect, Refusal>,
    ) -> Result<(), Refusal> {
        self.apply(|state| match step(state) {
            Ok(effect) => (Ok(()), effect),
            Err(refusal) => (Err(refusal), Effect::Nothing),
        })
    }
}

impl Terminate for Process {
    fn terminate(&self) {
        // A refusal says that the process has ended: nothing is left to do.
        let _ = Process::terminate(self);
    }
}
