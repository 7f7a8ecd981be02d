//! The signals to a process: messages, cancellation, termination, the ends of
//! others, and its own end.

use std::task::Waker;

use super::Process;
use crate::error::Error;
use crate::event::Event;
use crate::events::Notice;
use crate::execs::Terminate;
use crate::host::Reservation;
use crate::message::Message;
use crate::moment::{Monotonic, Timestamp};
use crate::outcome::Outcome;
use crate::pid::Pid;
use crate::state::{Doom, Remains};
use crate::subscription::Subscription;
use crate::sync::Arc;

/// The result of adding an item to a feed.
pub(crate) enum Fed {
    /// The item is in the feed; the waker is to be called, if there is one.
    Queued(Option<Waker>),
    Lost,
}

impl Process {
    #[inline]
    pub(crate) fn deliver(
        &self,
        topic: &str,
        message: Message,
        now: Monotonic,
    ) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        let step = inner.state.deliver(topic, message, self.config(), now);
        self.answer(inner, step, topic)
    }

    /// Adds an item to a feed that [`Process::open_feed`] opened. Returns false if the
    /// item is lost: the feed is full or closed, the process has ended or has no memory
    /// for the item, or the item is larger than `max_message` of its host.
    pub fn feed(
        &self,
        subscription: Subscription,
        label: &str,
        payload: &[u8],
        now: Monotonic,
    ) -> bool {
        match self.feed_quietly(subscription, (label, payload), true, now) {
            Fed::Queued(waker) => {
                if let Some(waker) = waker {
                    waker.wake();
                }
                true
            }
            Fed::Lost => false,
        }
    }

    /// Adds an item, a label and a payload, to a feed as [`Process::feed`] does, and
    /// leaves it to the caller to wake the task once no lock is held. Unless the item
    /// `is_last`, the feed keeps room for one small item.
    pub(crate) fn feed_quietly(
        &self,
        subscription: Subscription,
        (label, payload): (&str, &[u8]),
        is_last: bool,
        now: Monotonic,
    ) -> Fed {
        if label.len() + payload.len() > self.config().max_message {
            return Fed::Lost;
        }
        let message = Message::new(None, label, payload);
        let mut inner = self.inner.lock();
        let config = self.config();
        match inner
            .state
            .feed(subscription, message, is_last, config, now)
        {
            Some(effect) => Fed::Queued(self.release(inner, effect)),
            None => Fed::Lost,
        }
    }

    /// Queues the event OUTDATED, or adds the sources to an unread one: these definitions
    /// of the code that the process runs have changed. Does nothing after its end.
    /// Returns the waker to call once no lock is held.
    #[must_use]
    pub fn tell_outdated(&self, at: Timestamp, sources: &[Arc<str>]) -> Option<Waker> {
        let mut inner = self.inner.lock();
        let effect = inner.state.outdated(at, sources);
        self.release(inner, effect)
    }

    /// Queues the event NODE_UP or NODE_DOWN, in place of an unread one about the node. Does
    /// nothing after the end of the process. Returns the waker to call once no lock is held.
    #[must_use]
    pub fn tell_of_node(&self, node: &Arc<str>, is_up: bool, at: Timestamp) -> Option<Waker> {
        let node = Arc::clone(node);
        self.tell(match is_up {
            true => Event::NodeUp { node, at },
            false => Event::NodeDown { node, at },
        })
    }

    /// Queues the event NAME_LOST. Returns the waker to call once no lock is held.
    #[must_use]
    pub fn tell_name_lost(&self, name: &str, at: Timestamp) -> Option<Waker> {
        let name = name.into();
        self.tell(Event::NameLost { name, at })
    }

    fn tell(&self, event: Event) -> Option<Waker> {
        let mut inner = self.inner.lock();
        let effect = inner.state.cluster_news(event);
        self.release(inner, effect)
    }

    pub(crate) fn cancel(
        &self,
        from: Option<Arc<str>>,
        at: Timestamp,
        deadlines: (Option<Timestamp>, Option<Monotonic>),
        reason: Option<Arc<str>>,
    ) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        let step = inner.state.cancel(from, at, deadlines, reason);
        if step.is_ok() {
            self.cancel_deadline.store(inner.state.cancel_deadline());
        }
        self.answer(inner, step, "")
    }

    pub(crate) fn terminate(&self) -> Result<(), Error> {
        self.doom(Doom {
            outcome: Arc::new(Outcome::terminated()),
            by_link: false,
        })
    }

    /// Decides the end of the process, unless it is decided.
    pub(crate) fn doom(&self, doom: Doom) -> Result<(), Error> {
        let mut inner = self.inner.lock();
        let step = inner.state.doom(doom);
        self.answer(inner, step, "")
    }

    /// Returns the waker to call once the lock of the pair is released.
    #[must_use]
    pub(crate) fn peer_exited(&self, notice: &Notice, doom: Option<&Doom>) -> Option<Waker> {
        let mut inner = self.inner.lock();
        let effect = inner.state.peer_exited(notice, doom);
        self.release(inner, effect)
    }

    pub(crate) fn callee_exited(
        &self,
        subscription: Subscription,
        callee: Pid,
        outcome: &Arc<Outcome>,
    ) {
        let mut inner = self.inner.lock();
        let effect = inner.state.callee_exited(subscription, callee, outcome);
        self.conclude(inner, effect);
    }

    /// Ends the process. Returns `None` the second time.
    pub(crate) fn exit(&self) -> Option<(Remains, Option<Reservation>)> {
        let mut inner = self.inner.lock();
        let remains = inner.state.exit()?;
        self.cancel_deadline.store(inner.state.cancel_deadline());
        let (waker, reservation) = (inner.waker.take(), inner.reservation.take());
        drop(inner);
        drop(waker);
        Some((remains, reservation))
    }
}

impl Terminate for Process {
    fn terminate(&self) {
        // A refusal says that the process has ended: nothing is left to do.
        let _ = Process::terminate(self);
    }
}
