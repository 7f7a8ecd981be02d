//! The operations of a process on its own queues.

use super::{Effect, State, memory};
use crate::account::MESSAGE;
use crate::delivery::Delivery;
use crate::host::HostConfig;
use crate::refusal::Refusal;
use crate::subscription::Subscription;

/// Number of subscriptions up to which they are asked one after the other.
const FEW: usize = 8;

impl State {
    /// Takes the oldest item of the first wanted subscription that has any.
    /// Without an item, remembers the wanted subscriptions.
    #[inline]
    pub(crate) fn poll_receive(
        &mut self,
        wanted: &[Subscription],
    ) -> Option<(Subscription, Delivery)> {
        let received = self.try_receive(wanted);
        match received {
            Some(_) => self.interest.clear(),
            None => self.interest.set(wanted),
        }
        received
    }

    /// Looks as `poll_receive` does, and takes nothing.
    pub(crate) fn poll_ready(&mut self, wanted: &[Subscription]) -> bool {
        let ready = self.first_readable(wanted).is_some();
        if ready {
            self.interest.clear();
        } else {
            self.interest.set(wanted);
        }
        ready
    }

    /// Takes like `poll_receive` without remembering anything.
    #[inline]
    pub(crate) fn try_receive(
        &mut self,
        wanted: &[Subscription],
    ) -> Option<(Subscription, Delivery)> {
        if wanted.len() > FEW {
            return self.try_receive_of_many(wanted);
        }
        wanted
            .iter()
            .find_map(|&subscription| Some((subscription, self.take(subscription)?)))
    }

    #[cold]
    fn try_receive_of_many(&mut self, wanted: &[Subscription]) -> Option<(Subscription, Delivery)> {
        let first = self.first_readable(wanted)?;
        Some((first, self.take(first)?))
    }

    /// Returns the first of many wanted subscriptions that may have an item.
    /// Looks at the readable subscriptions, which are mostly few.
    fn first_readable(&self, wanted: &[Subscription]) -> Option<Subscription> {
        let execs = self.execs.readable();
        let listeners = self.mailbox.readable();
        let always = [Subscription::INBOX, Subscription::EVENTS]
            .into_iter()
            .filter(|subscription| match *subscription {
                Subscription::INBOX => self.mailbox.inbox_is_readable(),
                _ => self.events.is_open() && self.events.len() > 0,
            });
        let mut readable: Vec<Subscription> =
            always.chain(listeners.iter()).chain(execs.iter()).collect();
        if readable.len() > FEW {
            readable.sort_unstable();
            let mut wanted = wanted.iter().copied();
            return wanted.find(|wanted| readable.binary_search(wanted).is_ok());
        }
        let places = readable
            .iter()
            .filter_map(|readable| wanted.iter().position(|wanted| wanted == readable));
        wanted.get(places.min()?).copied()
    }

    pub(crate) fn clear_interest(&mut self) {
        self.interest.clear();
    }

    pub(crate) fn open_inbox(&mut self) {
        self.mailbox.open_inbox();
    }

    pub(crate) fn open_events(&mut self) {
        self.events.open();
    }

    pub(crate) fn has_opened_events(&self) -> bool {
        self.events.was_opened()
    }

    pub(crate) fn listen(
        &mut self,
        topic: &str,
        config: &HostConfig,
    ) -> Result<Subscription, Refusal> {
        self.check_alive()?;
        if let Some(subscription) = self.mailbox.listener(topic) {
            return Ok(subscription);
        }
        if self.mailbox.listeners() >= config.max_subscriptions {
            return Err(Refusal::TooMany(
                "max_subscriptions",
                config.max_subscriptions,
            ));
        }
        // Counted, and never refused for want of memory: the process may need
        // the listener to read its unclaimed messages.
        let subscription = self.allocate();
        self.mailbox.listen(topic, subscription);
        self.recount();
        Ok(subscription)
    }

    /// Opens a feed, which counts as a listener.
    pub(crate) fn open_feed(
        &mut self,
        label: &str,
        config: &HostConfig,
    ) -> Result<Subscription, Refusal> {
        self.check_alive()?;
        if self.mailbox.listeners() >= config.max_subscriptions {
            return Err(Refusal::TooMany(
                "max_subscriptions",
                config.max_subscriptions,
            ));
        }
        self.account.admit(memory::LISTENER)?;
        let subscription = self.allocate();
        self.mailbox.open_feed(label, subscription);
        self.recount();
        Ok(subscription)
    }

    pub(crate) fn unlisten(&mut self, subscription: Subscription) -> Effect {
        let (lost, bytes) = self.mailbox.depth_of_feed(subscription);
        self.account.unqueue(lost as u64 * MESSAGE + bytes as u64);
        let readable = self.mailbox.unlisten(subscription);
        self.recount();
        if readable {
            self.readable(Subscription::INBOX)
        } else {
            Effect::Nothing
        }
    }

    #[inline]
    fn take(&mut self, subscription: Subscription) -> Option<Delivery> {
        if subscription == Subscription::EVENTS {
            return self.take_event();
        }
        if let Some(message) = self.mailbox.take(subscription) {
            self.account.unqueue(MESSAGE + message.wire().len() as u64);
            return Some(Delivery::Message(message));
        }
        if self.execs.has_outcome() {
            return self.take_outcome(subscription);
        }
        None
    }

    // Not inlined, so that the code that takes messages stays short.
    #[inline(never)]
    fn take_event(&mut self) -> Option<Delivery> {
        let event = self.events.take()?;
        self.recount();
        Some(Delivery::Event(event))
    }

    #[inline(never)]
    fn take_outcome(&mut self, subscription: Subscription) -> Option<Delivery> {
        let outcome = self.execs.take(subscription)?;
        self.recount();
        Some(Delivery::Exec(outcome))
    }

    pub(super) fn allocate(&mut self) -> Subscription {
        let (mailbox, execs) = (&self.mailbox, &self.execs);
        self.numbers.allocate(|subscription| {
            mailbox.is_listener(subscription) || execs.contains(subscription)
        })
    }

    #[inline]
    pub(super) fn readable(&mut self, subscription: Subscription) -> Effect {
        if self.interest.meets(subscription) {
            Effect::Wake
        } else {
            Effect::Nothing
        }
    }

    pub(super) fn event_readable(&mut self) -> Effect {
        if self.events.is_open() {
            self.readable(Subscription::EVENTS)
        } else {
            Effect::Nothing
        }
    }
}
