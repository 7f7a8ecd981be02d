//! Signals that act on one process: messages, cancellation, termination.

use super::Kernel;
use crate::account::MESSAGE;
use crate::error::{Error, Kind};
use crate::host::Host;
use crate::message::Message;
use crate::moment::Moment;
use crate::process::Process;
use crate::sync::Arc;
use crate::topic::check_topic;
use crate::trace::Trace;

/// Bytes of the longest reason of a cancel.
pub const MAX_REASON_BYTES: usize = 1024;

impl Kernel {
    /// Queues one message. Success means queued, not read.
    ///
    /// # Errors
    /// `Invalid` for a topic that is empty or begins with `@`, and for more
    /// bytes than the target's queues can ever hold (`max_message`, the byte
    /// limit of a queue, or `max_memory`); `NotFound` if the target has exited;
    /// `RateLimited`, retryable, if the queue of the topic is full, details
    /// `{host, queue, limit}`, or if the target, its host or the runtime may
    /// hold no more memory, details `{host, limit, value}`.
    pub fn send(
        &self,
        from: Option<&Process>,
        to: &Process,
        topic: &str,
        payload: &[u8],
    ) -> Result<(), Error> {
        let sender = from.map(|from| &**from.text());
        check_message(to.host(), sender, topic, payload)?;
        // Built before the target is locked: the copy takes no other process's
        // time.
        let message = Message::new(sender, topic, payload);
        to.deliver(topic, message, self.clock())
    }

    /// Refuses a message that no process of this host could get, as [`Kernel::send`]
    /// does.
    ///
    /// # Errors
    /// `Invalid` for a topic that is empty or begins with `@`, and for more bytes than a
    /// queue of the host can ever hold.
    pub fn check_message(
        &self,
        host: &Host,
        from: Option<&Process>,
        topic: &str,
        payload: &[u8],
    ) -> Result<(), Error> {
        check_message(host, from.map(|from| &**from.text()), topic, payload)
    }

    /// Queues one message with its cause. The taker of the message must take
    /// the cause out by [`Message::take_trace`].
    ///
    /// # Errors
    /// As for [`Kernel::send`].
    pub fn send_traced(
        &self,
        from: Option<&Process>,
        to: &Process,
        topic: &str,
        payload: &[u8],
        trace: Trace,
    ) -> Result<(), Error> {
        let sender = from.map(|from| &**from.text());
        check_message(to.host(), sender, topic, payload)?;
        let message = Message::traced(sender, topic, payload, trace);
        to.deliver(topic, message, self.clock())
    }

    /// Asks a process to end. One CANCEL waits at most; a CANCEL with an
    /// earlier deadline replaces it. With `enforce`, the deadline is also kept
    /// as [`Process::cancel_deadline`], unless an earlier one is.
    ///
    /// # Errors
    /// `NotFound` if the target has exited.
    pub fn cancel(
        &self,
        from: Option<&Process>,
        target: &Process,
        deadline: Option<Moment>,
        enforce: bool,
        now: Moment,
    ) -> Result<(), Error> {
        self.cancel_because(from, target, (deadline, enforce), None, now)
    }

    /// Asks a process to end as [`Kernel::cancel`] does, for a reason that the CANCEL
    /// tells.
    ///
    /// # Errors
    /// `Invalid` for a reason of more than [`MAX_REASON_BYTES`]; `NotFound` if the target
    /// has exited.
    pub fn cancel_because(
        &self,
        from: Option<&Process>,
        target: &Process,
        (deadline, enforce): (Option<Moment>, bool),
        reason: Option<&str>,
        now: Moment,
    ) -> Result<(), Error> {
        check_reason(reason)?;
        let from = from.map(|from| Arc::clone(from.text()));
        let wall = deadline.map(|deadline| deadline.wall);
        let enforced = deadline
            .filter(|_| enforce)
            .map(|deadline| deadline.monotonic);
        target.cancel(from, now.wall, (wall, enforced), reason.map(Arc::from))
    }

    /// Decides that a process ends now, whatever it does. A second call is
    /// harmless.
    ///
    /// # Errors
    /// `NotFound` if the target has exited.
    pub fn terminate(&self, target: &Process) -> Result<(), Error> {
        target.terminate()
    }
}

/// Refuses a text that is no topic, and a message that no queue of a process of
/// this host could ever hold.
#[inline]
pub(super) fn check_message(
    host: &Host,
    sender: Option<&str>,
    topic: &str,
    payload: &[u8],
) -> Result<(), Error> {
    check_topic(topic)?;
    let config = host.config();
    let bytes = topic.len() + payload.len();
    if bytes > config.max_message {
        return Err(too_large(host, bytes, "max_message", config.max_message));
    }
    let wire = Message::wire_bytes(sender.unwrap_or_default(), topic, payload);
    if wire > config.queue.bytes {
        return Err(too_large(host, wire, "max_queue.bytes", config.queue.bytes));
    }
    let max_memory = host.memory().process;
    if wire as u64 + MESSAGE > max_memory {
        let max_memory = usize::try_from(max_memory).unwrap_or(usize::MAX);
        return Err(too_large(host, wire, "max_memory", max_memory));
    }
    Ok(())
}

fn too_large(host: &Host, bytes: usize, limit: &'static str, value: usize) -> Error {
    let message = format!(
        "message too large: {bytes} bytes are more than {limit} = {value} of host {}",
        host.name()
    );
    Error::at_limit(Kind::Invalid, limit, value as u64, message)
        .in_host(host.name())
        .with("bytes", bytes as u64)
}

/// Refuses a reason that is too long.
pub(super) fn check_reason(reason: Option<&str>) -> Result<(), Error> {
    match reason.is_some_and(|reason| reason.len() > MAX_REASON_BYTES) {
        true => Err(long_reason()),
        false => Ok(()),
    }
}

/// Returns the error of a reason that is too long.
fn long_reason() -> Error {
    let message = format!("the reason of a cancel may not be longer than {MAX_REASON_BYTES} bytes");
    Error::at_limit(
        Kind::Invalid,
        "max_reason",
        MAX_REASON_BYTES as u64,
        message,
    )
}
