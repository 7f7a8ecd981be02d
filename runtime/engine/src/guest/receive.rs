//! The operations of `warren:process/mailbox` that wait.

use std::future::poll_fn;
use std::task::Poll;

use warren_kernel::{Delivery, Message, Monotonic, Subscription};

use super::{Guest, handles};
use crate::codec;
use crate::stacks::Asked;

/// More than the subscriptions a process may have is a mistake.
const MAX_WANTED: usize = 1 << 16;

/// Refuses a receive that would keep the mailbox busy for long.
pub(crate) fn check_wanted(count: usize) -> wasmtime::Result<()> {
    if count > MAX_WANTED {
        wasmtime::bail!("receive: {count} subscriptions are more than a process may have");
    }
    Ok(())
}

/// Waits for the oldest of the first wanted subscription that has something, at
/// most until the deadline: nothing where that has passed. An [`Asked`] is no
/// failure: it is to be called again then.
#[inline]
pub(crate) async fn receive(
    guest: &mut Guest,
    wanted: &[Subscription],
    deadline: Option<Monotonic>,
) -> wasmtime::Result<Option<Message>> {
    let process = guest.process()?;
    let (node, control) = (&*guest.node, &*guest.control);
    let handle = |message: &mut Message| handles(node, process, control, message);
    if let Some((subscription, delivery)) = process.poll_receive(wanted) {
        return Ok(Some(message(subscription, delivery, handle)));
    }
    if deadline.is_some_and(|deadline| deadline <= node.monotonic()) {
        process.clear_interest();
        return Ok(None);
    }
    control.wait_until(deadline);
    let mut first = true;
    let mut asked = false;
    let received = poll_fn(|_| {
        if std::mem::take(&mut first) {
            // Looked at just now; what comes meanwhile wakes.
            return Poll::Pending;
        }
        if let Some((subscription, delivery)) = process.poll_receive(wanted) {
            Poll::Ready(Some(message(subscription, delivery, handle)))
        } else if control.timed_out() {
            process.clear_interest();
            Poll::Ready(None)
        } else if node.stacks().asks(process) {
            asked = true;
            Poll::Ready(None)
        } else {
            Poll::Pending
        }
    })
    .await;
    control.wait_is_over();
    control.has_waited();
    if asked {
        return Err(wasmtime::Error::new(Asked));
    }
    Ok(received)
}

/// What was taken, in the shape of a message.
fn message(
    subscription: Subscription,
    delivery: Delivery,
    handle: impl FnOnce(&mut Message),
) -> Message {
    let mut message = match delivery {
        Delivery::Message(mut message) => {
            handle(&mut message);
            message
        }
        Delivery::Event(event) => Message::new(None, "@events", &codec::one(&codec::event(&event))),
        Delivery::Exec(outcome) => {
            Message::new(None, "@exec", &codec::one(&codec::outcome(&outcome)))
        }
    };
    message.set_subscription(subscription);
    message
}
