//! `queue.info`: the numbers of messages and consumers of a queue.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use warren_engine::capability::{Answer, Caller, Step};
use warren_kernel::Error;

use super::broker::Queue;
use super::lengths::Lengths;
use super::{PUBLISH, Queues};
use crate::answer;
use crate::request::Arguments;

/// Bytes that a call takes while it asks a server.
const OF_CALL: usize = 256;

/// `queue.info(id)`: a map of `message_count`, `ready` and `consumer_count`.
pub(super) fn info(
    queues: &Queues,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let queue = queues.granted(caller, &mut Arguments::new(request)?)?;
    caller.permit(PUBLISH, &queue.settings.id, &[])?;
    Ok(match queue.lengths() {
        Ok(lengths) => Step::Done(write(queue, lengths)),
        Err(later) => {
            let queue = Arc::clone(queue);
            Step::wait(OF_CALL, move |_| async move { write(&queue, later.await?) })
        }
    })
}

fn write(queue: &Queue, lengths: Lengths) -> Answer {
    let consumers = queue.counts.consumers.load(Ordering::Relaxed);
    answer::write(|out| {
        out.map(3)?;
        for (name, number) in [
            ("message_count", lengths.messages),
            ("ready", lengths.ready),
            ("consumer_count", consumers),
        ] {
            out.string(name.as_bytes())?;
            out.integer(i64::try_from(number).unwrap_or(i64::MAX))?;
        }
        Ok(())
    })
}
