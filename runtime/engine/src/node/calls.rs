//! Tells the calls on a guest's stack.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::Host;

use crate::code::artifact::Artifact;
use crate::code::symbols::{self, Frame};
use crate::guest::shared::Shared;

/// Longest wait for a permit. The end of a process waits for its calls, and long operations
/// of its host, or of others, may hold all permits for minutes.
const PATIENCE: Duration = Duration::from_millis(500);

/// Returns calls as text, the innermost first; `None` for no calls. Files and lines are read
/// on a thread that may block, with a permit of the host for long operations; without one in
/// time, the text has names alone. Only the first stack of a module that has debug
/// information, and calls that no stack had before, are read.
pub(crate) async fn text(
    shared: &Shared,
    host: &Host,
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
        permit = shared.computing.permit(host.number()) => permit,
        () = shared.sleep(PATIENCE) => return Some(symbols::text(&frames, &[])),
    };
    let (artifact, found) = (Arc::clone(artifact), frames.clone());
    let read = shared.tokio.spawn_blocking(move || {
        // Given back at the end of the work.
        let _permit = permit;
        artifact.find_places(&found)
    });
    // Without the thread, the names are all that is known.
    let places = read.await.unwrap_or_default();
    Some(symbols::text(&frames, &places))
}
