//! The process that a test sends its messages to.

use std::sync::Arc;

use futures::FutureExt;
use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren::native::Message;
use warren::{Context, Error, HostLimits, Value};

use super::progress::Progress;

/// The host of these processes.
pub(super) const HOST: &str = "warren:test";

/// Their definition, a label.
pub(super) const DEFINITION: &str = "warren:test";

/// Messages that a test may be ahead of the command.
const MAX_AHEAD: usize = 100_000;

/// Returns the limits of the host.
pub(super) fn limits() -> HostLimits {
    HostLimits::default()
        .max_queue_messages(MAX_AHEAD)
        .max_queue_bytes(32 << 20)
}

/// Takes the messages of a test until it is told to stop, and then those that are there.
pub(super) async fn collect(
    mut ctx: Context,
    progress: Arc<Mutex<Progress>>,
    mut stop: oneshot::Receiver<()>,
) -> Result<(), Error> {
    loop {
        tokio::select! {
            message = ctx.message() => take(&progress, &message?),
            _ = &mut stop => break,
        }
    }
    for _ in 0..MAX_AHEAD {
        // Not pending but for want of a message.
        let message = tokio::task::unconstrained(ctx.message()).now_or_never();
        match message {
            Some(message) => take(&progress, &message?),
            None => break,
        }
    }
    Ok(())
}

fn take(progress: &Mutex<Progress>, message: &Message) {
    // Anything else than one value is no message of a test.
    if let Ok((value,)) = message.get::<(Value,)>() {
        progress.lock().take(&value);
    }
}
