//! The bodies of answers, and the record of each request, which ends with its body.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use warren_engine::capability::http::Body as BoxedBody;
use warren_engine::{Node, ProcessEnd};
use warren_kernel::{Error, Process};

use super::record::Record;
use super::stream::{Turn, turn_to};
use crate::streams::Reader;
use crate::web::exchange::Exchange;

/// The body of an answer.
pub(super) struct Served {
    content: Content,
    /// True if a process makes the bytes, which goes on to its end if nobody gets them.
    is_of_process: bool,
    /// The bytes that the head promises. Nobody looks for an end behind them.
    expected: Option<u64>,
    /// The record of the request, once the answer is complete but for the body.
    record: Option<Record>,
}

enum Content {
    /// All bytes, until they are taken.
    Whole(Option<Bytes>),
    /// Bytes that come.
    Parts(BoxedBody),
    /// No bytes, of an answer that would have some for another method.
    Headless,
}

impl Served {
    pub(super) fn empty() -> Served {
        Served::of(Content::Whole(None))
    }

    pub(super) fn whole(bytes: Bytes) -> Served {
        Served::of(Content::Whole(
            Some(bytes).filter(|bytes| !bytes.is_empty()),
        ))
    }

    pub(super) fn parts(body: BoxedBody) -> Served {
        Served::of(Content::Parts(body))
    }

    /// Returns the bytes that a process makes.
    pub(super) fn of_process(body: BoxedBody) -> Served {
        let mut served = Served::parts(body);
        served.is_of_process = true;
        served
    }

    /// Returns a body without its bytes, whose length is not known.
    pub(super) fn left_out() -> Served {
        Served::of(Content::Headless)
    }

    fn of(content: Content) -> Served {
        Served {
            content,
            is_of_process: false,
            expected: None,
            record: None,
        }
    }

    /// Adds the record of the request, which ends with the body, and the bytes that the head
    /// promises.
    pub(super) fn recorded(mut self, record: Record, expected: Option<u64>) -> Served {
        self.record = Some(record);
        self.expected = expected;
        self
    }

    /// Takes the bytes, if all are there.
    #[cfg(test)]
    pub(super) fn into_bytes(mut self) -> Option<Bytes> {
        match &mut self.content {
            Content::Whole(bytes) => Some(bytes.take().unwrap_or_default()),
            Content::Parts(_) | Content::Headless => None,
        }
    }

    /// Puts another body in place of this one.
    pub(super) fn replace(&mut self, change: impl FnOnce(BoxedBody) -> BoxedBody) {
        let content = std::mem::replace(&mut self.content, Content::Headless);
        let body: BoxedBody = match content {
            Content::Parts(body) => body,
            content => Box::pin(Served::of(content)),
        };
        self.content = Content::Parts(change(body));
    }

    /// Leaves the bytes out, as the answer to HEAD does. Returns those of a process that may
    /// still make some.
    pub(super) fn leave_out(&mut self) -> Option<BoxedBody> {
        match std::mem::replace(&mut self.content, Content::Headless) {
            Content::Parts(body) if self.is_of_process => Some(body),
            _ => None,
        }
    }
}

/// Takes the bytes of a body that nobody gets, to their end.
pub(super) async fn drain(mut body: BoxedBody) {
    let next = |body: &mut BoxedBody, cx: &mut Context<'_>| body.as_mut().poll_frame(cx);
    while let Some(Ok(_)) = std::future::poll_fn(|cx| next(&mut body, cx)).await {}
}

impl Body for Served {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let frame = match &mut this.content {
            Content::Whole(bytes) => Poll::Ready(part_of(bytes).map(|part| Ok(Frame::data(part)))),
            Content::Parts(body) => body.as_mut().poll_frame(cx),
            Content::Headless => Poll::Ready(None),
        };
        match &frame {
            Poll::Pending => turn_to(Turn::Process),
            Poll::Ready(Some(Ok(_))) => turn_to(Turn::Client),
            Poll::Ready(_) => {}
        }
        if let (Poll::Ready(frame), Some(record)) = (&frame, &mut this.record) {
            match frame {
                Some(Ok(frame)) => record.add(frame.data_ref().map_or(0, Bytes::len)),
                Some(Err(error)) => record.fail(error),
                None => record.complete(),
            }
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Whole(bytes) => bytes.is_none(),
            Content::Parts(body) => body.is_end_stream(),
            Content::Headless => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Whole(bytes) => {
                SizeHint::with_exact(bytes.as_ref().map_or(0, Bytes::len) as u64)
            }
            Content::Parts(body) => body.size_hint(),
            Content::Headless => SizeHint::default(),
        }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // A body that has ended without a look at its end, as hyper does.
        let has_ended = self.is_end_stream() || matches!(self.content, Content::Headless);
        if let Some(record) = &mut self.record
            && (has_ended || self.expected.is_some_and(|bytes| record.bytes() >= bytes))
        {
            record.complete();
        }
    }
}

/// Takes the next part of bytes that are all there. A client of HTTP/2 that takes nothing has no
/// more than one part waiting.
fn part_of(bytes: &mut Option<Bytes>) -> Option<Bytes> {
    match bytes {
        Some(bytes) if bytes.len() > MAX_PART => Some(bytes.split_to(MAX_PART)),
        _ => bytes.take(),
    }
}

/// The future of the end of a process.
pub(super) type Ending = Pin<Box<dyn Future<Output = ProcessEnd> + Send>>;

/// The bytes of a pipe.
pub(super) struct Piped {
    reader: Reader,
    /// A read that waits.
    reading: Option<Reading>,
}

/// The bytes that a process writes until its end.
pub(super) struct Written {
    exchange: Arc<Exchange>,
    piped: Piped,
    /// Absent once the process has ended.
    ending: Option<Ending>,
    /// Asks the process to end if the client goes away.
    guard: Guard,
}

type Reading = Pin<Box<dyn Future<Output = Result<Option<Bytes>, Error>> + Send>>;

/// The most bytes of one part.
const MAX_PART: usize = 64 << 10;

impl Written {
    pub(super) fn new(
        exchange: Arc<Exchange>,
        reader: Reader,
        ending: Ending,
        guard: Guard,
    ) -> Written {
        Written {
            exchange,
            piped: Piped::new(reader),
            ending: Some(ending),
            guard,
        }
    }
}

impl Piped {
    pub(super) fn new(reader: Reader) -> Piped {
        Piped {
            reader,
            reading: None,
        }
    }

    pub(super) fn poll_frame(
        &mut self,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        match self.poll_bytes(cx) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(Some(bytes))) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            Poll::Ready(Ok(None)) => Poll::Ready(None),
            Poll::Ready(Err(error)) => Poll::Ready(Some(Err(error))),
        }
    }

    fn poll_bytes(&mut self, cx: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Error>> {
        if self.reading.is_none()
            && let Some(read) = self.reader.try_read(MAX_PART)
        {
            return Poll::Ready(read);
        }
        let reader = &self.reader;
        let read = || -> Reading { Box::pin(reader.read(MAX_PART)) };
        let reading = self.reading.get_or_insert_with(read);
        let polled = reading.as_mut().poll(cx);
        if polled.is_ready() {
            self.reading = None;
        }
        polled
    }
}

impl Body for Written {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        // The end of the process ends the pipe, behind the bytes that are left in it.
        if let Some(ending) = &mut this.ending
            && let Poll::Ready(end) = ending.as_mut().poll(cx)
        {
            this.ending = None;
            this.guard.disarm();
            this.exchange.end(&end.outcome);
        }
        this.piped.poll_frame(cx)
    }
}

/// The body of the answer of a component, whose process may go on behind it.
pub(super) struct OfComponent {
    body: BoxedBody,
    /// The bytes that are left of those that the head promises.
    left: Option<u64>,
    guard: Guard,
}

impl OfComponent {
    pub(super) fn new(body: BoxedBody, length: Option<u64>, guard: Guard) -> OfComponent {
        OfComponent {
            body,
            left: length,
            guard,
        }
    }
}

impl Drop for OfComponent {
    fn drop(&mut self) {
        // The client has all of it: the process may go on.
        if self.body.is_end_stream() || self.left == Some(0) {
            self.guard.disarm();
        }
    }
}

impl Body for OfComponent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = self.body.as_mut().poll_frame(cx);
        match &frame {
            Poll::Ready(None | Some(Err(_))) => self.guard.disarm(),
            Poll::Ready(Some(Ok(frame))) => {
                let bytes = frame.data_ref().map_or(0, Bytes::len) as u64;
                self.left = self.left.map(|left| left.saturating_sub(bytes));
            }
            Poll::Pending => {}
        }
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Time that a process has to end once its client has gone, or its time is over.
const GRACE: Duration = Duration::from_secs(5);

/// Asks a process to end when it is dropped: the client has gone.
pub(super) struct Guard {
    node: Arc<Node>,
    process: Option<Arc<Process>>,
}

impl Guard {
    pub(super) fn new(node: &Arc<Node>, process: Arc<Process>) -> Guard {
        Guard {
            node: Arc::clone(node),
            process: Some(process),
        }
    }

    /// Lets the process go on.
    pub(super) fn disarm(&mut self) {
        self.process = None;
    }

    /// Asks the process to end for this reason.
    pub(super) fn cancel(mut self, reason: &str) {
        self.ask(reason);
    }

    fn ask(&mut self, reason: &str) {
        let Some(process) = self.process.take() else {
            return;
        };
        let now = self.node.now();
        let deadline = Some(now.after(GRACE));
        // Fails only if the process has ended.
        let _ =
            self.node
                .kernel()
                .cancel_because(None, &process, (deadline, true), Some(reason), now);
    }
}

impl Drop for Guard {
    fn drop(&mut self) {
        self.ask("the client has gone");
    }
}
