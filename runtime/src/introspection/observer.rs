//! The stream of a runtime's changes.

use std::pin::Pin;
use std::task::{Context, Poll};

use warren_kernel::Change;

/// The stream of all changes of a runtime's processes; see
/// [`Inspector::observe`](super::Inspector::observe). The stream ends once the
/// runtime was shut down, or its last clone dropped, and the end of the last
/// process was read. Dropping the observer ends the stream, too.
///
/// ```
/// use warren::Runtime;
/// use warren::introspection::Change;
///
/// async fn watch(runtime: &Runtime) {
///     let mut changes = runtime.inspector().observe(1_000);
///     while let Some(change) = changes.next().await {
///         match change {
///             Change::Started { pid, .. } => println!("{pid} started"),
///             Change::Missed(count) => println!("{count} changes were missed"),
///             _ => {}
///         }
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Observer(warren_kernel::Changes);

impl Observer {
    pub(super) fn new(observer: warren_kernel::Changes) -> Observer {
        Observer(observer)
    }

    /// Returns the next change, `None` at the end of the stream, without the
    /// need for `StreamExt`. The future may be dropped: no change is lost.
    pub async fn next(&mut self) -> Option<Change> {
        self.0.next().await
    }

    /// Returns the next change, if there is one.
    pub fn try_next(&mut self) -> Option<Change> {
        self.0.try_next()
    }
}

impl futures::Stream for Observer {
    type Item = Change;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Change>> {
        self.0.poll_next(cx)
    }
}
