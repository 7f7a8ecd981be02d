//! The body of a request: bounded in bytes, and in the time between its parts.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use parking_lot::Mutex;
use tokio::time::{Instant, Sleep};
use warren_engine::capability::Step;
use warren_kernel::{Error, Kind, nanoseconds};

use crate::limit::beyond;
use crate::streams::ByteStream;
use crate::streams::table::{Stat, bytes_or_end};

/// The name of the limit of the bytes of a body.
pub(crate) const BODY_LIMIT: &str = "max_body";

/// The name of the time between parts of a body.
pub(crate) const READ_TIMEOUT: &str = "timeouts.read";

/// The body of a request that was not read yet.
pub(crate) struct RequestBody {
    body: Incoming,
    read: u64,
    max: u64,
    timeout: Duration,
    /// Present while a part is waited for.
    timer: Option<Pin<Box<Sleep>>>,
    /// Present if the client sends a body by HTTP/1.
    progress: Option<Arc<Progress>>,
}

/// The way of a body from its client, as far as it was read.
#[derive(Default)]
pub(crate) struct Progress {
    asked: AtomicBool,
    ended: AtomicBool,
}

impl Progress {
    /// Returns true once the body was asked for: a client may wait for that.
    pub(crate) fn is_asked_for(&self) -> bool {
        self.asked.load(Ordering::Acquire)
    }

    /// Returns true once the body was read to its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }
}

impl RequestBody {
    pub(crate) fn new(body: Incoming, max: u64, timeout: Duration) -> RequestBody {
        RequestBody {
            body,
            read: 0,
            max,
            timeout,
            timer: None,
            progress: None,
        }
    }

    /// Notes when the client is asked for the body, and when all of it was read.
    pub(crate) fn noting(mut self, progress: Option<Arc<Progress>>) -> RequestBody {
        self.progress = progress;
        self
    }

    /// Lowers the limit of the bytes.
    pub(crate) fn at_most(mut self, max: Option<u64>) -> RequestBody {
        self.max = max.map_or(self.max, |max| max.min(self.max));
        self
    }

    /// Returns the limit of the bytes.
    pub(crate) fn max(&self) -> u64 {
        self.max
    }

    /// Returns true if the body has no bytes, as is known before it is read.
    pub(crate) fn is_empty(&self) -> bool {
        self.body.is_end_stream()
    }

    /// Waits for the next bytes; `None` at the end.
    ///
    /// # Errors
    ///
    /// `Invalid` for a body that is too large or malformed, `Timeout` if the client sends
    /// nothing for too long.
    pub(crate) async fn part(&mut self) -> Result<Option<Bytes>, Error> {
        loop {
            let frame = std::future::poll_fn(|cx| Pin::new(&mut *self).poll_frame(cx)).await;
            match frame {
                None => return Ok(None),
                // Trailers are for those who ask for them.
                Some(frame) => {
                    if let Ok(bytes) = frame?.into_data() {
                        return Ok(Some(bytes));
                    }
                }
            }
        }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<Error> {
        let timeout = self.timeout;
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(Instant::now() + timeout)));
        ready!(timer.as_mut().poll(cx));
        let message = format!("the client sent no part of the body for {timeout:?}");
        let limit = nanoseconds(timeout);
        Poll::Ready(Error::at_limit(Kind::Timeout, READ_TIMEOUT, limit, message))
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        if let Some(progress) = &this.progress {
            progress.asked.store(true, Ordering::Release);
        }
        let Poll::Ready(frame) = Pin::new(&mut this.body).poll_frame(cx) else {
            let error = ready!(this.poll_timer(cx));
            return Poll::Ready(Some(Err(error)));
        };
        this.timer = None;
        if let Some(progress) = &this.progress
            && (frame.is_none() || this.body.is_end_stream())
        {
            progress.ended.store(true, Ordering::Release);
        }
        let frame = match frame {
            None => return Poll::Ready(None),
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(malformed(&error)))),
        };
        if let Some(bytes) = frame.data_ref() {
            this.read = this.read.saturating_add(bytes.len() as u64);
        }
        if this.read > this.max {
            return Poll::Ready(Some(Err(too_large(this.max))));
        }
        Poll::Ready(Some(Ok(frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Returns the error of a body that is larger than it may be.
pub(crate) fn too_large(max: u64) -> Error {
    let message = format!("the body of the request has more than {BODY_LIMIT} = {max} bytes");
    beyond(
        BODY_LIMIT,
        usize::try_from(max).unwrap_or(usize::MAX),
        message,
    )
}

/// Returns the error of a body that the client did not send as HTTP says.
fn malformed(error: &hyper::Error) -> Error {
    if error.is_incomplete_message() || error.is_canceled() || error.is_closed() {
        let gone = "the client has gone before the end of the body";
        return Error::new(Kind::Unavailable, gone).retryable(false);
    }
    Error::invalid(format!("the body of the request is malformed: {error}"))
}

/// The body of a request as a stream of its process.
pub(crate) struct BodyStream {
    state: Arc<Mutex<State>>,
    size: Option<u64>,
}

struct State {
    /// Absent while a read waits, and at the end.
    body: Option<RequestBody>,
    /// Bytes that came and were not asked for yet.
    left: Bytes,
    position: u64,
    /// Present once a read has failed.
    failed: Option<Error>,
}

impl BodyStream {
    pub(crate) fn new(body: RequestBody, size: Option<u64>) -> BodyStream {
        BodyStream {
            state: Arc::new(Mutex::new(State {
                body: Some(body),
                left: Bytes::new(),
                position: 0,
                failed: None,
            })),
            size,
        }
    }
}

/// A body that a read has. A read that is given up has taken nothing.
struct Lent {
    state: Arc<Mutex<State>>,
    body: Option<RequestBody>,
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            self.state.lock().body = Some(body);
        }
    }
}

impl State {
    /// Takes up to `most` of the bytes that have come.
    fn take(&mut self, most: usize) -> Option<Bytes> {
        if self.left.is_empty() {
            return None;
        }
        let taken = self.left.split_to(most.min(self.left.len()));
        self.position += taken.len() as u64;
        Some(taken)
    }
}

impl ByteStream for BodyStream {
    fn read(&self, most: usize) -> Step {
        let body = {
            let mut state = self.state.lock();
            if let Some(bytes) = state.take(most) {
                return Step::Done(bytes_or_end(Some(&bytes)));
            }
            if let Some(error) = &state.failed {
                return Step::Done(Err(error.clone()));
            }
            state.body.take()
        };
        let Some(body) = body else {
            return Step::Done(bytes_or_end(None));
        };
        let mut lent = Lent {
            state: Arc::clone(&self.state),
            body: Some(body),
        };
        // The bytes that come at once are bounded by the buffer of the connection.
        Step::wait(most, move |_| async move {
            let part = match &mut lent.body {
                Some(body) => body.part().await,
                None => Ok(None),
            };
            match part {
                Ok(Some(bytes)) => lent.state.lock().left = bytes,
                Ok(None) => lent.body = None,
                Err(error) => {
                    lent.body = None;
                    lent.state.lock().failed = Some(error.clone());
                    return Err(error);
                }
            }
            let bytes = lent.state.lock().take(most);
            bytes_or_end(bytes.as_deref())
        })
    }

    fn stat(&self) -> Step {
        let position = self.state.lock().position;
        let stat = Stat {
            size: self.size,
            position,
            readable: true,
            ..Stat::default()
        };
        stat.step()
    }
}
