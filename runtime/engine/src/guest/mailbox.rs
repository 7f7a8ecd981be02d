//! The waiting operations of `warren:process/mailbox`.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;

use warren_kernel::{Delivery, Error, Kind, Message, Monotonic, Outcome, Process, Subscription};

use super::{Guest, handles};
use crate::codec;
use crate::guest::stacks::{Asked, Sight};

/// Refuses a receive with more queues than a process can have: the kernel goes through
/// the list.
///
/// # Errors
///
/// `Invalid`, naming the limit of the host.
pub(crate) fn check_wanted(guest: &Guest, count: usize) -> Result<(), Error> {
    let config = guest.process()?.host().config();
    // The inbox and the events are queues too.
    let most = config.max_subscriptions + config.max_execs + 2;
    if count <= most {
        return Ok(());
    }
    let message = format!(
        "the parameter `wanted` names {count} queues; a process has at most {most}: \
         max_subscriptions, max_execs, the inbox and the events"
    );
    let error = Error::at_limit(Kind::Invalid, "max_wanted", most as u64, message);
    Err(error.with("operand", "wanted"))
}

/// Takes the oldest message of the first wanted queue that has any, and waits for
/// one until the deadline. Returns `None` if the deadline has passed. An [`Asked`]
/// is no failure: the caller shows the process, and calls again.
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
        if received.is_pending() && guest.process().is_ok_and(|p| guest.shared.stacks.asks(p)) {
            guest.control.wait_is_over();
            guest.control.has_waited();
            return Poll::Ready(Err(wasmtime::Error::new(Asked)));
        }
        received
    })
    .await
}

/// Takes a message, or begins to wait: a later message and the deadline wake the
/// guest.
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

/// Looks again, after the guest was woken from a wait.
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

/// Returns true if a guest that waits is to return, which ends its wait.
#[cold]
pub(crate) fn is_asked_to_return(guest: &mut Guest) -> bool {
    if !guest.control.take_asked_to_return() {
        return false;
    }
    if let Ok(process) = guest.process() {
        process.clear_interest();
    }
    guest.control.wait_is_over();
    guest.control.has_waited();
    guest.was_asked = true;
    true
}

/// Waits for the outcome of work of this guest, whose subscription nobody else reads.
pub(crate) async fn outcome(
    guest: &mut Guest,
    work: Subscription,
) -> wasmtime::Result<Arc<Outcome>> {
    let mut waits = false;
    poll_fn(move |_| -> Poll<wasmtime::Result<Arc<Outcome>>> {
        let (process, control) = (guest.process()?, &*guest.control);
        let delivery = process.poll_receive(&[work]);
        if delivery.is_none() {
            if !waits {
                control.wait_until(None);
                waits = true;
            }
            if guest.shared.stacks.asks(process) {
                let why = "the process waits for an operation of the runtime".to_owned();
                guest.shared.stacks.answer(process, Sight::Nothing(why));
            }
            return Poll::Pending;
        }
        if waits {
            control.wait_is_over();
            control.has_waited();
        }
        Poll::Ready(match delivery {
            Some((_, Delivery::Exec(outcome))) => Ok(outcome),
            _ => Err(wasmtime::format_err!("work has no outcome but a message")),
        })
    })
    .await
}

/// Turns a delivery into a message.
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
