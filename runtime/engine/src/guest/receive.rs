//! The operations of `warren:process/mailbox` that wait.

use std::future::poll_fn;
use std::task::Poll;

use warren_kernel::{Delivery, Message, Monotonic, Process, Subscription};

use crate::codec;
use crate::control::Control;
use crate::node::Node;

/// What a receive finds at once.
pub(crate) enum Ready {
    /// It returns this.
    Now(Option<Message>),
    /// It has to [`wait`].
    Later,
}

/// More than the subscriptions a process may have is a mistake.
const MAX_WANTED: usize = 1 << 16;

/// Refuses a receive that would keep the mailbox busy for long.
pub(crate) fn check_wanted(count: usize) -> wasmtime::Result<()> {
    if count > MAX_WANTED {
        wasmtime::bail!("receive: {count} subscriptions are more than a process may have");
    }
    Ok(())
}

/// The oldest of the first wanted subscription that has something; nothing
/// where the deadline has passed.
#[inline]
pub(crate) fn ready(
    node: &Node,
    process: &Process,
    wanted: &[Subscription],
    deadline: Option<Monotonic>,
) -> Ready {
    if let Some((subscription, delivery)) = process.try_receive(wanted) {
        Ready::Now(Some(message(subscription, delivery)))
    } else if deadline.is_some_and(|deadline| deadline <= node.now().monotonic) {
        Ready::Now(None)
    } else {
        Ready::Later
    }
}

/// Waits for the first of the wanted subscriptions that has something, at most
/// until the deadline.
pub(crate) async fn wait(
    process: &Process,
    control: &Control,
    wanted: &[Subscription],
    deadline: Option<Monotonic>,
) -> Option<Message> {
    control.wait_until(deadline);
    let received = poll_fn(|_| {
        if let Some((subscription, delivery)) = process.poll_receive(wanted) {
            Poll::Ready(Some(message(subscription, delivery)))
        } else if control.timed_out() {
            process.clear_interest();
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await;
    control.wait_is_over();
    received
}

/// What was taken, in the shape of a message.
fn message(subscription: Subscription, delivery: Delivery) -> Message {
    let mut message = match delivery {
        Delivery::Message(message) => message,
        Delivery::Event(event) => Message::new(None, "@events", &codec::one(&codec::event(&event))),
        Delivery::Exec(outcome) => {
            Message::new(None, "@exec", &codec::one(&codec::outcome(&outcome)))
        }
    };
    message.set_subscription(subscription);
    message
}
