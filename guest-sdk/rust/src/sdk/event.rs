//! The events a process receives about others.

use serde::Deserialize;

use super::queue::{Message, Queue};
use super::{Pid, Value};
use crate::{Error, mailbox};

/// The end of a process: a result, [`Value::Nil`] for none, or an error.
///
/// ```
/// use warren_guest::{Error, Outcome, Value, kind};
///
/// fn was_terminated(outcome: &Outcome) -> bool {
///     outcome.as_ref().is_err_and(|error| error.is(kind::CANCELED))
/// }
///
/// assert!(was_terminated(&Err(Error::canceled("process terminated"))));
/// assert!(!was_terminated(&Ok(Value::Nil))); // it returned nothing
/// ```
pub type Outcome = Result<Value, Error>;

/// Something that happened to another process, or a request of another process.
///
/// ```
/// use warren_guest::{Error, Event, Spawn, events};
///
/// let worker = Spawn::new("app:worker").monitored().start()?;
/// # use warren_guest::mock::{self, Outcome};
/// # let failed = Outcome::Failed(Error::internal("a bug"));
/// # mock::play(worker.as_str(), |_, _| {}).end(failed);
/// match events().recv()? {
///     Event::Exit { from, result: Err(error), .. } => {
///         assert_eq!(from, worker);
///         assert_eq!(error.message, "a bug");
///     }
///     other => panic!("no failure: {other:?}"),
/// }
/// # Ok::<_, Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// A monitored process has ended.
    Exit {
        /// The ended process.
        from: Pid,
        /// Time of the end, in RFC 3339.
        at: String,
        /// Outcome of the process.
        result: Outcome,
    },
    /// A linked process failed, and the caller traps links.
    LinkDown {
        /// The failed process.
        from: Pid,
        /// Time of the failure, in RFC 3339.
        at: String,
        /// Error of the process.
        result: Outcome,
    },
    /// The caller is asked to end.
    Cancel {
        /// The asking process.
        from: Pid,
        /// Time of the request, in RFC 3339.
        at: String,
        /// Time of the termination, in RFC 3339, if the request has a deadline.
        deadline: Option<String>,
        /// Reason of the request, if it gives one.
        reason: Option<String>,
    },
    /// A node of the cluster is up. For a process that called
    /// [`monitor_nodes`](super::cluster::monitor_nodes).
    NodeUp {
        /// Name of the node.
        node: String,
        /// Time, in RFC 3339.
        at: String,
    },
    /// A node of the cluster is down, as [`Event::NodeUp`].
    NodeDown {
        /// Name of the node.
        node: String,
        /// Time, in RFC 3339.
        at: String,
    },
    /// The caller lost a name that it held in the whole cluster.
    NameLost {
        /// Name.
        name: String,
        /// Time, in RFC 3339.
        at: String,
    },
}

impl Event {
    /// Returns the other process, the one that ended or asks; `None` for news of the cluster.
    pub fn from(&self) -> Option<&Pid> {
        match self {
            Event::Exit { from, .. }
            | Event::LinkDown { from, .. }
            | Event::Cancel { from, .. } => Some(from),
            Event::NodeUp { .. } | Event::NodeDown { .. } | Event::NameLost { .. } => None,
        }
    }
}

/// Opens the queue of events. Earlier events are not lost.
///
/// A process that never calls this function does not notice that it is asked to end:
///
/// - [`cancel`](super::cancel) with a deadline terminates it at the deadline, and without a
///   deadline never.
/// - [`stop`](super::stop), a [`supervisor`](super::supervisor), the end of the program and
///   `warren run`'s Ctrl-C terminate it at once.
///
/// A process that calls this function gets [`Event::Cancel`] instead, and the time up to the
/// deadline to end by itself.
///
/// ```no_run
/// use warren_guest::{Error, Event, Spawn, events};
///
/// # fn example() -> Result<(), Error> {
/// let worker = Spawn::new("app:worker").monitored().start()?;
/// match events().recv()? {
///     Event::Exit { from, result: Ok(value), .. } => log::info!("{from}: {value:?}"),
///     Event::Exit { from, result: Err(error), .. } => log::warn!("{from}: {error}"),
///     other => log::info!("{other:?}"),
/// }
/// # Ok(()) }
/// ```
pub fn events() -> Events {
    Events(Queue::of(mailbox::events()))
}

/// The queue of events.
///
/// ```
/// use std::time::Duration;
/// use warren_guest::{Event, Spawn, events};
///
/// let events = events();
/// assert_eq!(events.try_recv()?, None);
/// let worker = Spawn::new("app:worker").monitored().start()?;
/// # use warren_guest::mock::{self, Outcome};
/// # mock::play(worker.as_str(), |_, _| {}).end(Outcome::Finished(None));
/// let event = events.recv_timeout(Duration::from_secs(5))?;
/// assert!(event.is_some_and(|event| event.from() == Some(&worker)));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Events(Queue);

impl Events {
    /// Waits for the next event.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv(&self) -> Result<Event, Error> {
        event(&self.0.recv()?)
    }

    /// Waits for the next event, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv_timeout(&self, timeout: core::time::Duration) -> Result<Option<Event>, Error> {
        self.0
            .recv_timeout(timeout)?
            .as_ref()
            .map(event)
            .transpose()
    }

    /// Returns the next event, if there is one already.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn try_recv(&self) -> Result<Option<Event>, Error> {
        self.0.try_recv()?.as_ref().map(event).transpose()
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.0
    }
}

/// An event as the runtime writes it.
#[derive(Deserialize)]
struct EncodedEvent {
    kind: String,
    from: Option<Pid>,
    at: String,
    #[serde(default)]
    result: EncodedOutcome,
    deadline: Option<String>,
    reason: Option<String>,
    node: Option<String>,
    name: Option<String>,
}

/// `{value}`, `{error, cause}`, or nothing.
#[derive(Default, Deserialize)]
pub(super) struct EncodedOutcome {
    #[serde(default)]
    value: Value,
    error: Option<String>,
    cause: Option<Error>,
}

impl From<EncodedOutcome> for Outcome {
    fn from(outcome: EncodedOutcome) -> Self {
        match (outcome.cause, outcome.error) {
            (Some(cause), _) => Err(cause),
            (None, Some(message)) => Err(message.into()),
            (None, None) => Ok(outcome.value),
        }
    }
}

pub(super) fn event(message: &Message) -> Result<Event, Error> {
    let EncodedEvent {
        kind,
        from,
        at,
        result,
        deadline,
        reason,
        node,
        name,
    } = message.get()?;
    // The embedder has no PID.
    let from = from.unwrap_or_else(|| "".into());
    let node = node.unwrap_or_default();
    Ok(match kind.as_str() {
        "node.up" => Event::NodeUp { node, at },
        "node.down" => Event::NodeDown { node, at },
        "name.lost" => Event::NameLost {
            name: name.unwrap_or_default(),
            at,
        },
        "pid.exit" => Event::Exit {
            from,
            at,
            result: result.into(),
        },
        "pid.link.down" => Event::LinkDown {
            from,
            at,
            result: result.into(),
        },
        "pid.cancel" => Event::Cancel {
            from,
            at,
            deadline,
            reason,
        },
        other => {
            return Err(Error::invalid(format!(
                "an event of unknown kind `{other}`"
            )));
        }
    })
}

#[cfg(test)]
mod tests {
    use super::super::codec::to_values;
    use super::*;
    use crate::mock;
    use serde::Serialize;

    #[derive(Serialize)]
    struct Written {
        kind: &'static str,
        from: &'static str,
        at: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        result: Option<Value>,
        #[serde(skip_serializing_if = "Option::is_none")]
        deadline: Option<&'static str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        reason: Option<&'static str>,
    }

    fn deliver(kind: &'static str, result: Option<Value>, deadline: Option<&'static str>) {
        let written = Written {
            kind,
            from: "{a:b|1}",
            at: "2020-01-01T00:00:00Z",
            result,
            deadline,
            reason: deadline.map(|_| "late"),
        };
        let payload = to_values(&written).unwrap();
        mock::with(|runtime| runtime.deliver("", "@events", payload.as_slice()));
    }

    #[test]
    fn events_are_told_apart() {
        mock::reset();
        let cause = Error::timeout("late");
        let failed = Value::Map(vec![
            ("error".into(), "late".into()),
            ("cause".into(), cause.clone().into()),
        ]);
        let events = events();
        deliver("pid.exit", Some(Value::Array(vec![])), None);
        deliver(
            "pid.exit",
            Some(Value::Map(vec![("value".into(), 7.into())])),
            None,
        );
        deliver("pid.link.down", Some(failed), None);
        deliver("pid.cancel", None, Some("2020-01-01T00:00:01Z"));
        let result = |event: Event| match event {
            Event::Exit { result, .. } | Event::LinkDown { result, .. } => result,
            event => panic!("no result: {event:?}"),
        };
        assert_eq!(result(events.recv().unwrap()), Ok(Value::Nil));
        assert_eq!(result(events.recv().unwrap()), Ok(Value::Integer(7)));
        assert_eq!(result(events.recv().unwrap()), Err(cause));
        let cancel = events.recv().unwrap();
        assert_eq!(cancel.from().map(Pid::as_str), Some("{a:b|1}"));
        let Event::Cancel {
            deadline, reason, ..
        } = cancel
        else {
            panic!("a cancel");
        };
        assert!(deadline.is_some());
        assert_eq!(reason.as_deref(), Some("late"));
        assert_eq!(events.try_recv().unwrap(), None);
    }
}
