//! `warren:core/mailbox`.

use std::future::{Future, ready};
use std::pin::Pin;
use std::task::{Context, Poll};

use warren_kernel::{Message, Monotonic, Subscription};
use wasmtime::{Caller, Linker};

use super::{Fault, Out, fail, forget_held, memory_and_guest, range, status, text, write};
use crate::code::loaded::AWAIT;
use crate::guest::{self, Awaited, Guest, mailbox};
use crate::operand::NAME;

const MODULE: &str = "warren:core/mailbox@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "inbox", inbox)?;
    linker.func_wrap(MODULE, "events", events)?;
    linker.func_wrap(MODULE, "listen", listen)?;
    linker.func_wrap(MODULE, "unlisten", unlisten)?;
    linker.func_wrap(AWAIT.0, AWAIT.1, await_once_returned)?;
    linker.func_wrap_async(MODULE, "receive", receive_any)?;
    linker.func_wrap_async(MODULE, "receive-one", receive_one)?;
    Ok(())
}

fn inbox(caller: Caller<'_, Guest>) -> wasmtime::Result<u32> {
    Ok(caller.data().process()?.inbox().0)
}

fn events(caller: Caller<'_, Guest>) -> wasmtime::Result<u32> {
    Ok(caller.data().process()?.events().0)
}

fn listen(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let subscription = text(memory, ptr, len, "topic", NAME)
        .and_then(|topic| Ok(guest.process()?.listen(topic)?));
    status(guest, subscription.map(|subscription| subscription.0))
}

fn unlisten(caller: Caller<'_, Guest>, subscription: u32) {
    if let Ok(process) = caller.data().process() {
        process.end_subscription(Subscription(subscription));
    }
}

/// Notes what the guest waits for once its function has returned.
fn await_once_returned(
    mut caller: Caller<'_, Guest>,
    list: u32,
    count: u32,
    deadline: i64,
) -> wasmtime::Result<i32> {
    let wanted = read_wanted(&mut caller, list, count);
    let guest = caller.data_mut();
    let noted = wanted.map(|wanted| {
        let deadline = u64::try_from(deadline).ok().map(Monotonic);
        guest.awaited = Some(Box::new(Awaited { wanted, deadline }));
        0
    });
    status(guest, noted)
}

/// The future of an import that may wait.
type Waiting<'a> = Box<dyn Future<Output = wasmtime::Result<i32>> + Send + 'a>;

fn receive_any(
    mut caller: Caller<'_, Guest>,
    (list, count, deadline, ptr, cap): (u32, u32, i64, u32, u32),
) -> Waiting<'_> {
    match read_wanted(&mut caller, list, count) {
        Ok(wanted) => receive(caller, wanted, deadline, Out { ptr, cap }),
        Err(fault) => Box::new(ready(fail(caller.data_mut(), fault))),
    }
}

fn receive_one(
    caller: Caller<'_, Guest>,
    (wanted, deadline, ptr, cap): (u32, i64, u32, u32),
) -> Waiting<'_> {
    receive(caller, [Subscription(wanted)], deadline, Out { ptr, cap })
}

fn read_wanted(
    caller: &mut Caller<'_, Guest>,
    list: u32,
    count: u32,
) -> Result<Vec<Subscription>, Fault> {
    let (memory, guest) = memory_and_guest(caller)?;
    let list = range(memory, list, count.saturating_mul(4), "wanted")?;
    mailbox::check_wanted(guest, count as usize)?;
    let (numbers, _) = list.as_chunks();
    Ok(numbers
        .iter()
        .map(|bytes| Subscription(u32::from_le_bytes(*bytes)))
        .collect())
}

/// Takes a message at once if there is one, so that only a receive that waits pays
/// for waiting.
#[inline]
fn receive<'a, W>(mut caller: Caller<'a, Guest>, wanted: W, deadline: i64, out: Out) -> Waiting<'a>
where
    W: AsRef<[Subscription]> + Send + Unpin + 'a,
{
    let deadline = u64::try_from(deadline).ok().map(Monotonic);
    let begun = mailbox::begin(caller.data(), wanted.as_ref(), deadline);
    match begun.map(|received| received.map(|received| finish(&mut caller, received, out))) {
        Ok(Poll::Pending) => Box::new(Receive {
            caller,
            wanted,
            out,
            begun: false,
        }),
        Ok(Poll::Ready(status)) => Box::new(ready(status)),
        Err(error) => Box::new(ready(Err(error))),
    }
}

/// The status of a receive that asks a guest to return from `start` or `resume`.
const RETURN: i32 = i32::MIN;

/// A receive that found no message and waits.
struct Receive<'a, W> {
    caller: Caller<'a, Guest>,
    wanted: W,
    out: Out,
    /// True after the first poll, which does not look again: `receive` has just
    /// looked.
    begun: bool,
}

impl<W: AsRef<[Subscription]> + Unpin> Future for Receive<'_, W> {
    type Output = wasmtime::Result<i32>;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        if !this.begun {
            this.begun = true;
            return Poll::Pending;
        }
        let received = mailbox::go_on(this.caller.data(), this.wanted.as_ref());
        if received.is_pending() {
            guest::show_if_asked(&this.caller);
            if mailbox::is_asked_to_return(this.caller.data_mut()) {
                forget_held(this.caller.data_mut());
                return Poll::Ready(Ok(RETURN));
            }
        }
        received.map(|received| finish(&mut this.caller, received?, this.out))
    }
}

/// Writes the received message, or the status 0 if there is none.
#[inline]
fn finish(
    caller: &mut Caller<'_, Guest>,
    received: Option<Message>,
    out: Out,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(caller)?;
    match received {
        Some(message) => write(memory, guest, out, message.wire()),
        None => status(guest, Ok(0)),
    }
}
