//! Bodies as streams of the process: that of a request, which the client reads, and that of an
//! answer, which the program reads.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{Mutex, Notify};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use warren_engine::capability::{Answer, Charge, Computation, Progress, Step, Waiting};
use warren_kernel::Error;
use warren_values::msgpack::{Input, Token};

use super::decode::AnswerBody;
use super::failure;
use super::in_flight::InFlight;
use super::payload::Read;
use crate::answer;
use crate::limit::beyond;
use crate::streams::ByteStream;
use crate::streams::pipe::MAX_BUFFERED;
use crate::streams::table::{Stat, bytes_or_end, closed};

/// A stream of the process, as the body of a request.
pub(super) struct OfRequest {
    stream: Arc<dyn ByteStream>,
    /// The read that goes on.
    reading: Option<Pin<Box<dyn Future<Output = Answer> + Send>>>,
}

impl OfRequest {
    pub(super) fn new(stream: Arc<dyn ByteStream>) -> OfRequest {
        OfRequest {
            stream,
            reading: None,
        }
    }
}

impl Read for OfRequest {
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Bytes, Error>>> {
        let this = self.get_mut();
        let stream = &this.stream;
        let reading = this
            .reading
            .get_or_insert_with(|| Box::pin(carried_out(stream.read(MAX_BUFFERED))));
        let answer = ready!(reading.as_mut().poll(cx));
        this.reading = None;
        Poll::Ready(read(answer).transpose())
    }
}

/// Carries out the step of a stream. The buffer of the read is charged with the request.
async fn carried_out(step: Step) -> Answer {
    match step {
        Step::Done(answer) => answer,
        Step::Wait(Waiting { run, .. }) => run(Charge::new(|_| Ok(()))).await,
        Step::Compute(Computation { run, .. }) => {
            let work = spawn_blocking(move || run(&Progress::new(&|| Ok(()))));
            work.await
                .unwrap_or_else(|_| Err(Error::internal("the read of the stream panicked")))
        }
        Step::Unknown => Err(Error::internal("the stream cannot be read")),
    }
}

/// Returns the bytes of the answer of a read; `None` at the end.
fn read(answer: Answer) -> Result<Option<Bytes>, Error> {
    let answer = Bytes::from(answer?);
    match Input::new(&answer).token() {
        Ok(Token::String(bytes)) => Ok(Some(answer.slice_ref(bytes))),
        Ok(Token::Nil) => Ok(None),
        _ => Err(Error::internal(
            "the stream yields something else than bytes",
        )),
    }
}

/// The body of an answer, as a stream of the process. Its drop closes the connection.
pub(super) struct OfAnswer(Arc<Shared>);

struct Shared {
    /// Held while a read waits.
    body: Mutex<State>,
    is_closed: AtomicBool,
    /// Told when the stream is closed.
    closing: Notify,
    /// Bytes that were read.
    position: AtomicU64,
    size: Option<u64>,
}

enum State {
    Open(Box<Open>),
    Ended(Result<(), Error>),
}

struct Open {
    body: AnswerBody,
    /// Bytes that have come and were not read.
    rest: Bytes,
    /// Bytes that have come.
    came: usize,
    limits: Limits,
    origin: String,
    /// Counts until the end of the body.
    _in_flight: InFlight,
}

/// The limits of a body that is read as a stream.
pub(super) struct Limits {
    /// Time for the next bytes.
    pub(super) silence: Duration,
    /// The most bytes of the body.
    pub(super) max_body: Option<usize>,
}

impl OfAnswer {
    pub(super) fn new(
        body: AnswerBody,
        limits: Limits,
        origin: String,
        in_flight: InFlight,
    ) -> OfAnswer {
        OfAnswer(Arc::new(Shared {
            is_closed: AtomicBool::new(false),
            closing: Notify::new(),
            position: AtomicU64::new(0),
            size: body.length(),
            body: Mutex::new(State::Open(Box::new(Open {
                body,
                rest: Bytes::new(),
                came: 0,
                limits,
                origin,
                _in_flight: in_flight,
            }))),
        }))
    }
}

impl ByteStream for OfAnswer {
    fn read(&self, most: usize) -> Step {
        let shared = Arc::clone(&self.0);
        Step::wait(most, move |_| async move {
            bytes_or_end(shared.read(most).await?.as_deref())
        })
    }

    fn close(&self) -> Step {
        self.0.close();
        Step::Done(answer::write(|out| out.boolean(true)))
    }

    fn stat(&self) -> Step {
        let stat = Stat {
            size: self.0.size,
            position: self.0.position.load(Ordering::Relaxed),
            readable: true,
            ..Stat::default()
        };
        stat.step()
    }
}

impl Drop for OfAnswer {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Shared {
    async fn read(&self, most: usize) -> Result<Option<Bytes>, Error> {
        let mut closing = std::pin::pin!(self.closing.notified());
        // From here on it hears of the end.
        closing.as_mut().enable();
        let mut state = self.body.lock().await;
        if self.is_closed.load(Ordering::Acquire) {
            *state = State::Ended(Err(closed()));
        }
        let open = match &mut *state {
            State::Open(open) => open,
            State::Ended(end) => return end.clone().map(|()| None),
        };
        let read = tokio::select! {
            read = open.read(most) => read,
            () = closing => Err(closed()),
        };
        match &read {
            Ok(Some(bytes)) => {
                let bytes = bytes.len() as u64;
                self.position.fetch_add(bytes, Ordering::Relaxed);
            }
            Ok(None) => *state = State::Ended(Ok(())),
            Err(error) => *state = State::Ended(Err(error.clone())),
        }
        read
    }

    fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        self.closing.notify_waiters();
        // A read that waits drops the body by itself.
        if let Ok(mut state) = self.body.try_lock() {
            *state = State::Ended(Err(closed()));
        }
    }
}

impl Open {
    /// Reads up to `most` bytes; `None` at the end. The future can be dropped: what has come
    /// stays for the next one.
    async fn read(&mut self, most: usize) -> Result<Option<Bytes>, Error> {
        if self.rest.is_empty() {
            let limit = self.limits.silence;
            let next = timeout(limit, self.body.next()).await;
            let next = next.map_err(|_| failure::silence(&self.origin, limit))?;
            let Some(part) = next? else {
                return Ok(None);
            };
            self.came = self.came.saturating_add(part.len());
            if let Some(most) = self.limits.max_body
                && self.came > most
            {
                return Err(too_large(&self.origin, most));
            }
            self.rest = part;
        }
        Ok(Some(self.rest.split_to(most.min(self.rest.len()))))
    }
}

/// The error of a body that is longer than its request wants.
pub(super) fn too_large(origin: &str, most: usize) -> Error {
    let message = format!("the body of {origin} is longer than max_response_body = {most} bytes");
    beyond("max_response_body", most, message)
}
