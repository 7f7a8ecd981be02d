//! Tells the calls on a guest's stack.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Host, Process};

use crate::blocking;
use crate::code::artifact::Artifact;
use crate::code::symbols::{self, Frame};
use crate::guest::shared::Shared;
use crate::sched::thread_clock::measured;

/// Longest wait for the permit of a host. The end of a process waits for its calls.
const PATIENCE: Duration = Duration::from_millis(500);

/// Returns calls as text, the innermost first; `None` for no calls. Files and lines are read
/// on a thread that may block, for one stack of a host at a time; without the host's permit
/// in time, the text has names alone. Only the first stack of a module that has debug
/// information, and calls that no stack had before, are read. The process that pays is
/// charged with the processor time of reading.
pub(crate) async fn text(
    shared: &Shared,
    host: &Host,
    payer: Option<&Process>,
    artifact: Option<&Arc<Artifact>>,
    frames: Vec<Frame>,
) -> Option<String> {
    if frames.is_empty() {
        return None;
    }
    let Some(artifact) = artifact else {
        return Some(symbols::text(&frames, &[]));
    };
    if let Some(places) = artifact.known_places(&frames) {
        return Some(symbols::text(&frames, &places));
    }
    let permit = tokio::select! {
        biased;
        permit = shared.reading.permit(host.number()) => permit,
        () = shared.real_sleep(PATIENCE) => return Some(symbols::text(&frames, &[])),
    };
    let (artifact, found) = (Arc::clone(artifact), frames.clone());
    let read = blocking::spawn(&shared.tokio, move || {
        // Given back at the end of the work.
        let _permit = permit;
        measured(|| artifact.find_places(&found))
    });
    // Without the thread, the names are all that is known.
    let (places, used) = read.await.unwrap_or_default();
    if let Some(payer) = payer {
        payer.usage().charge(used, shared.monotonic());
    }
    Some(symbols::text(&frames, &places))
}
