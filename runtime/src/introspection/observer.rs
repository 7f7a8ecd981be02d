//! What happens, as a stream.

use std::pin::Pin;
use std::task::{Context, Poll};

use warren_kernel::Change;

/// The stream of all that happens to the processes of a runtime; see
/// [`Inspector::observe`](super::Inspector::observe). It ends when the runtime was
/// shut down, or the last clone of it dropped, and the end of the last process was
/// read. Dropping it ends it, too.
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Observer(warren_kernel::Observer);

impl Observer {
    pub(super) fn new(observer: warren_kernel::Observer) -> Observer {
        Observer(observer)
    }

    /// The next event, none at the end of the stream: as `StreamExt::next`, for who
    /// has no use for that. It is safe to drop the future: no event is lost.
    pub async fn next(&mut self) -> Option<Change> {
        self.0.next().await
    }

    /// The next event, if there is one.
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
