//! What a process does with its own queues.

use super::{Effect, State};
use crate::host::HostConfig;
use crate::refusal::Refusal;
use crate::subscription::{Delivery, Subscription};

impl State {
    /// Takes the oldest of the first wanted subscription that has something;
    /// with nothing there, remembers what is wanted.
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

    /// The same without remembering anything.
    #[inline]
    pub(crate) fn try_receive(
        &mut self,
        wanted: &[Subscription],
    ) -> Option<(Subscription, Delivery)> {
        wanted
            .iter()
            .find_map(|&subscription| Some((subscription, self.take(subscription)?)))
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
        self.events.is_open()
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
        let subscription = self.allocate();
        self.mailbox.listen(topic, subscription);
        Ok(subscription)
    }

    pub(crate) fn unlisten(&mut self, subscription: Subscription) -> Effect {
        if self.mailbox.unlisten(subscription) {
            self.readable(Subscription::INBOX)
        } else {
            Effect::Nothing
        }
    }

    #[inline]
    fn take(&mut self, subscription: Subscription) -> Option<Delivery> {
        if subscription == Subscription::EVENTS {
            return self.events.take().map(Delivery::Event);
        }
        match self.mailbox.take(subscription) {
            Some(message) => Some(Delivery::Message(message)),
            None => self.execs.take(subscription).map(Delivery::Exec),
        }
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
