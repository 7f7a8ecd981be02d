//! The operations of `warren:process/mailbox` that wait.

use std::future::poll_fn;
use std::task::Poll;

use warren_kernel::{Delivery, Error, Message, Monotonic, Process, Subscription};

use super::{Guest, handles};
use crate::codec;
use crate::guest::stacks::Asked;

/// Refuses a receive that would keep the mailbox busy for long: it looks at each
/// queue in turn.
///
/// # Errors
///
/// `Invalid`, for more queues than a process of this host may have.
pub(crate) fn check_wanted(guest: &Guest, count: usize) -> Result<(), Error> {
    let config = guest.process()?.host().config();
    // The inbox and the events are queues too.
    let most = config.max_subscriptions + config.max_execs + 2;
    if count <= most {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the parameter `wanted` names {count} queues, more than a process may have \
         (max_subscriptions and max_execs: {most})"
    ))
    .with("operand", "wanted")
    .with("limit", "max_subscriptions")
    .with("value", most as u64))
}

/// Waits for the oldest of the first wanted subscription that has something, at
/// most until the deadline: nothing where that has passed. An [`Asked`] is no
/// failure: it is to be called again then.
pub(crate) async fn receive(
    guest: &mut Guest,
    wanted: &[Subscription],
    deadline: Option<Monotonic>,
) -> wasmtime::Result<Option<Message>> {
    if let Poll::Ready(received) = begin(guest, wanted, deadline)? {
        return Ok(received);
    }
    let mut begun = false;
    poll_fn(move |_| {
        if !begun {
            begun = true;
            return Poll::Pending;
        }
        let received = go_on(guest, wanted);
        if received.is_pending() && guest.process().is_ok_and(|p| guest.shared.stacks().asks(p)) {
            guest.control.wait_is_over();
            guest.control.has_waited();
            return Poll::Ready(Err(wasmtime::Error::new(Asked)));
        }
        received
    })
    .await
}

/// Takes what is there, or begins to wait: what comes from now on wakes the
/// guest, and so does the deadline.
#[inline]
pub(crate) fn begin(
    guest: &Guest,
    wanted: &[Subscription],
    deadline: Option<Monotonic>,
) -> wasmtime::Result<Poll<Option<Message>>> {
    let process = guest.process()?;
    if let Some((subscription, delivery)) = process.poll_receive(wanted) {
        let message = message(guest, process, subscription, delivery);
        return Ok(Poll::Ready(Some(message)));
    }
    if deadline.is_some_and(|deadline| deadline <= guest.shared.monotonic()) {
        process.clear_interest();
        return Ok(Poll::Ready(None));
    }
    guest.control.wait_until(deadline);
    Ok(Poll::Pending)
}

/// Looks again, for a guest that waits and was woken.
#[inline]
pub(crate) fn go_on(
    guest: &Guest,
    wanted: &[Subscription],
) -> Poll<wasmtime::Result<Option<Message>>> {
    let process = match guest.process() {
        Ok(process) => process,
        Err(error) => return Poll::Ready(Err(error.into())),
    };
    let control = &*guest.control;
    let received = if let Some((subscription, delivery)) = process.poll_receive(wanted) {
        Some(message(guest, process, subscription, delivery))
    } else if control.timed_out() {
        process.clear_interest();
        None
    } else {
        return Poll::Pending;
    };
    control.wait_is_over();
    control.has_waited();
    Poll::Ready(Ok(received))
}

/// What was taken, in the shape of a message.
#[inline]
fn message(
    guest: &Guest,
    process: &Process,
    subscription: Subscription,
    delivery: Delivery,
) -> Message {
    match delivery {
        Delivery::Message(mut message) => {
            handles(&guest.shared, process, &guest.control, &mut message);
            message
        }
        Delivery::Event(event) => made(subscription, "@events", &codec::event(&event)),
        Delivery::Exec(outcome) => made(subscription, "@exec", &codec::outcome(&outcome)),
    }
}

/// A message that nobody sent.
#[cold]
fn made(subscription: Subscription, topic: &str, value: &[u8]) -> Message {
    let mut message = Message::new(None, topic, &codec::one(value));
    message.set_subscription(subscription);
    message
}
