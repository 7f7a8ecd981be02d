//! A kernel with one host, and helpers for the tests.

#![allow(
    dead_code,
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "this is test code, and each test binary uses its part of it"
)]

use std::sync::Arc;

use warren_kernel::{
    Delivery, Details, Error, Event, Field, Host, HostConfig, Kernel, Moment, Monotonic, Outcome,
    Process, Spawn, Spawned, Subscription, Timestamp,
};

pub(crate) struct Setup {
    pub(crate) kernel: Arc<Kernel>,
    pub(crate) host: Arc<Host>,
}

impl Setup {
    pub(crate) fn new() -> Self {
        Setup::with(HostConfig::default())
    }

    pub(crate) fn with(config: HostConfig) -> Self {
        let kernel = Kernel::new();
        let host = kernel.add_host("app:processes", config).unwrap();
        Setup { kernel, host }
    }

    pub(crate) fn process(&self) -> Arc<Process> {
        self.spawn(Spawn::default()).unwrap().process
    }

    pub(crate) fn spawn(&self, spawn: Spawn<'_>) -> Result<Spawned, Error> {
        self.kernel.spawn(self.host.reserve()?, spawn)
    }

    pub(crate) fn send(&self, from: &Process, to: &Process, topic: &str, payload: &str) {
        let sent = self.kernel.send(Some(from), to, topic, payload.as_bytes());
        sent.unwrap();
    }

    /// Takes both steps of an exit.
    pub(crate) fn end(&self, process: &Arc<Process>, outcome: Outcome) {
        self.kernel.exit(process, outcome).finish(moment(1));
    }

    /// Exits a doomed process, as its task does.
    pub(crate) fn reap(&self, process: &Arc<Process>) {
        assert!(process.is_doomed());
        self.end(process, nothing());
    }

    /// Asserts that nothing is left.
    pub(crate) fn assert_empty(&self) {
        assert_eq!((self.kernel.live(), self.kernel.name_count()), (0, 0));
        assert_eq!(self.kernel.group_counts(), (0, 0));
        assert_eq!(self.host.live(), 0);
        assert_eq!(self.host.budget().used(), 0);
    }
}

pub(crate) fn moment(at: u64) -> Moment {
    Moment {
        wall: Timestamp(at as i64),
        monotonic: Monotonic(at),
    }
}

pub(crate) fn nothing() -> Outcome {
    Outcome::Returned(None)
}

pub(crate) fn failure(message: &str) -> Outcome {
    Outcome::Failed(Box::new(Error::internal(message)))
}

/// Returns the message of a failure.
pub(crate) fn message_of(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Failed(error) => &error.message,
        Outcome::Returned(_) => panic!("not a failure: {outcome:?}"),
    }
}

/// Takes all payloads of a subscription.
pub(crate) fn payloads(process: &Process, subscription: Subscription) -> Vec<String> {
    std::iter::from_fn(|| process.try_receive(&[subscription]))
        .map(|(_, delivery)| match delivery {
            Delivery::Message(message) => String::from_utf8_lossy(message.payload()).into_owned(),
            other => panic!("not a message: {other:?}"),
        })
        .collect()
}

/// Takes all events, as kind and sender.
pub(crate) fn events(process: &Process) -> Vec<(&'static str, String)> {
    let events = process.events();
    std::iter::from_fn(|| process.try_receive(&[events]))
        .map(|(_, delivery)| match delivery {
            Delivery::Event(Event::Cancel { from, .. }) => {
                ("cancel", from.map(String::from).unwrap_or_default())
            }
            Delivery::Event(Event::Exit { from, .. }) => ("exit", from.to_string()),
            Delivery::Event(Event::LinkDown { from, .. }) => ("link down", from.to_string()),
            Delivery::Event(Event::Outdated { sources, .. }) => ("outdated", sources.join(" ")),
            other => panic!("not an event: {other:?}"),
        })
        .collect()
}

/// Returns one text among an error's details.
pub(crate) fn detail(error: &Error, name: &str) -> String {
    match &error.details {
        Some(Details::Fields(fields)) => fields
            .iter()
            .find_map(|(field, value)| match value {
                Field::Text(text) if *field == name => Some(text.clone()),
                _ => None,
            })
            .unwrap_or_default(),
        _ => String::new(),
    }
}
