//! The operations of a process that works on a message: `queue.message`, `ack` and `nack`.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::Error;

use super::broker::Verdict;
use super::delivery::Delivery;
use crate::answer;

/// Bytes that a call takes while the disk or the server notes the end of a message.
const OF_CALL: usize = 256;

/// `queue.message()`: a map of `id`, `headers` and `attempt`.
pub(super) fn message(caller: &mut dyn Caller) -> Answer {
    let delivery = of_process(caller)?;
    answer::write(|out| {
        out.map(3)?;
        out.string(b"id")?;
        out.string(delivery.id().as_bytes())?;
        out.string(b"headers")?;
        out.raw(delivery.headers())?;
        out.string(b"attempt")?;
        out.integer(delivery.attempt().into())
    })
}

/// `queue.ack()`: true once the message is gone.
pub(super) fn ack(caller: &mut dyn Caller) -> Result<Step, Error> {
    let delivery = of_process(caller)?;
    Ok(match delivery.acknowledge_now() {
        Some(was_open) => Step::Done(settled(was_open)),
        None => settle(delivery, Verdict::Done),
    })
}

/// `queue.nack()`: true once the message is back in its queue.
pub(super) fn nack(caller: &mut dyn Caller) -> Result<Step, Error> {
    let delivery = of_process(caller)?;
    let reason = "the process has returned the message".to_owned();
    Ok(settle(delivery, Verdict::Failed(reason)))
}

fn settle(delivery: Arc<Delivery>, verdict: Verdict) -> Step {
    Step::wait(OF_CALL, move |_| async move {
        settled(delivery.settle(verdict).await?)
    })
}

fn settled(was_open: bool) -> Answer {
    if !was_open {
        let message = "the message was acknowledged or returned before";
        return Err(Error::invalid(message));
    }
    answer::write(|out| out.boolean(true))
}

/// Returns the message that the calling process works on.
fn of_process(caller: &mut dyn Caller) -> Result<Arc<Delivery>, Error> {
    caller.kept().find::<Delivery>().ok_or_else(|| {
        Error::invalid("the process works on no message: no consumer has started it")
    })
}
