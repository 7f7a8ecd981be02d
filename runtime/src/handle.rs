//! The embedder's handle of a process.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};
use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_engine::{Node, ProcessEnd, Running};
use warren_kernel::{Error, Outcome, Process, TraceId};

use crate::error::CallError;
use crate::values::{self, Pid};

/// A process the embedder has started or found. Clones name the same process.
///
/// Dropping a handle does nothing to the process, and a handle does not keep
/// the runtime going: once the runtime is dropped, its processes end. Its
/// threads end when the last handle is dropped as well.
///
/// ```
/// use std::time::Duration;
/// use warren::{CallError, Runtime};
///
/// async fn ask(runtime: &Runtime) -> Result<String, CallError> {
///     let worker = runtime.spawn("app:worker").await?;
///     worker.send("job", ("resize", 640, 480))?; // three values
///     worker.cancel(Some(Duration::from_secs(5)))?; // it has the time to finish
///     worker.result().await
/// }
/// ```
#[derive(Clone)]
pub struct Handle {
    node: Arc<Node>,
    process: Arc<Process>,
    pid: Pid,
    ended: Shared<BoxFuture<'static, Ended>>,
}

/// The end of a process.
///
/// ```
/// use warren::{Handle, Outcome};
///
/// async fn report(worker: &Handle) {
///     let ended = worker.wait().await;
///     match (&*ended.outcome, ended.result::<i64>()) {
///         (Outcome::Returned(_), Ok(count)) => println!("{count} jobs"),
///         (Outcome::Returned(_), Err(error)) => println!("no number: {error}"),
///         (Outcome::Failed(error), _) => println!("{}: {}", error.kind.as_str(), error.message),
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Ended {
    /// The process's result or error, encoded; [`Ended::result`] reads it.
    pub outcome: Arc<Outcome>,
    /// The exit status the process asked for, if it called for an exit.
    pub status: Option<i32>,
}

impl Ended {
    /// Returns the process's result as a value of this type. A process that
    /// returned nothing reads as `()` or as an `Option`.
    ///
    /// # Errors
    ///
    /// [`CallError::Failed`] with the process's own error; [`CallError::Value`]
    /// for a result of another type.
    pub fn result<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        result_of(&self.outcome)
    }

    fn of(end: ProcessEnd) -> Ended {
        Ended {
            outcome: end.outcome,
            status: end.status,
        }
    }
}

/// Returns the result in an outcome that an [`Event`](crate::Event) or a
/// [`Change`](crate::introspection::Change) reports.
///
/// ```
/// use warren::{Event, result_of};
///
/// fn on_event(event: &Event) {
///     if let Event::Exit { from, outcome, .. } = event {
///         println!("{from}: {:?}", result_of::<String>(outcome));
///     }
/// }
/// ```
///
/// # Errors
///
/// As for [`Ended::result`].
pub fn result_of<T: DeserializeOwned>(outcome: &Outcome) -> Result<T, CallError> {
    /// Nothing, in MessagePack.
    const NIL: &[u8] = &[0xc0];
    match outcome {
        Outcome::Returned(value) => values::from_value(value.as_deref().unwrap_or(NIL))
            .map_err(CallError::value("the result")),
        Outcome::Failed(error) => Err(CallError::Failed(error.clone())),
    }
}

impl Handle {
    pub(crate) fn new(node: &Arc<Node>, running: Running) -> Handle {
        let (process, ended) = running.into_parts();
        Handle {
            node: Arc::clone(node),
            pid: process.text().into(),
            process,
            ended: ended.map(Ended::of).boxed().shared(),
        }
    }

    /// Returns the process's PID.
    pub fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Returns the id of the chain of calls that the process belongs to, and with it all
    /// processes that it starts, and those that they start. The id is of this chain alone if
    /// the embedder has started the process.
    pub fn frame(&self) -> Option<Arc<str>> {
        self.process.frame()
    }

    /// Returns whether the process has ended.
    pub fn has_ended(&self) -> bool {
        self.process.has_exited()
    }

    /// Sends one message from nobody. A tuple is as many values as it has elements, and
    /// so is an array of fixed length, which is a tuple to serde. Any other payload is one
    /// value, also a slice or a `Vec`.
    ///
    /// # Errors
    ///
    /// [`CallError::Value`]; `NotFound` if the process has ended; `RateLimited`
    /// if the queue is full; `Invalid` for a text that cannot be a topic.
    pub fn send(&self, topic: &str, payload: impl Serialize) -> Result<(), CallError> {
        self.send_in(None, topic, &payload)
    }

    /// Sends, like [`Handle::send`], a message that begins a chain with this
    /// number, for example the number of the request that the embedder serves.
    /// Traces of all the message causes carry that number. The number is lost
    /// unless the runtime was built with
    /// [`Builder::trace_messages`](crate::Builder::trace_messages).
    ///
    /// # Errors
    ///
    /// As for [`Handle::send`].
    pub fn send_traced(
        &self,
        trace: TraceId,
        topic: &str,
        payload: impl Serialize,
    ) -> Result<(), CallError> {
        self.send_in(Some(trace), topic, &payload)
    }

    fn send_in<T: Serialize>(
        &self,
        trace: Option<TraceId>,
        topic: &str,
        payload: &T,
    ) -> Result<(), CallError> {
        let bytes = values::to_values(payload).map_err(CallError::value("a message"))?;
        let sent = self
            .node
            .send(&self.process, topic, bytes.as_slice(), trace);
        Ok(sent?)
    }

    /// Waits for the end of the process. May be called any number of times,
    /// also after the end. Dropping the future changes nothing.
    pub async fn wait(&self) -> Ended {
        self.ended.clone().await
    }

    /// Waits for the end of the process and reads its result.
    ///
    /// # Errors
    ///
    /// As for [`Ended::result`].
    pub async fn result<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        self.wait().await.result()
    }

    /// Returns the end of the process as a stream of one item, to be merged
    /// with other streams.
    pub fn monitor(&self) -> Monitor {
        Monitor {
            pid: self.pid.clone(),
            ended: Some(self.ended.clone()),
        }
    }

    /// Asks the process to end. With a deadline, the process is terminated once
    /// the deadline has passed.
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended.
    pub fn cancel(&self, deadline: Option<Duration>) -> Result<(), Error> {
        let now = self.node.now();
        let deadline = deadline.map(|after| now.after(after));
        let kernel = self.node.kernel();
        kernel.cancel(None, &self.process, deadline, true, now)
    }

    /// Stops the process by force. Returns before it has ended; see
    /// [`Handle::wait`].
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended.
    pub fn terminate(&self) -> Result<(), Error> {
        self.node.kernel().terminate(&self.process)
    }

    pub(crate) fn process(&self) -> &Arc<Process> {
        &self.process
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handle").field(&self.pid()).finish()
    }
}

/// A stream of the end of one process; see [`Handle::monitor`].
///
/// ```
/// use futures::StreamExt;
/// use futures::stream::select_all;
/// use warren::Handle;
///
/// async fn first_to_end(workers: &[Handle]) {
///     let mut exits = select_all(workers.iter().map(Handle::monitor));
///     if let Some(exit) = exits.next().await {
///         println!("{} ended: {:?}", exit.pid, exit.ended.outcome);
///     }
/// }
/// ```
#[derive(Debug)]
#[must_use = "a stream does nothing unless it is polled"]
pub struct Monitor {
    pid: Pid,
    ended: Option<Shared<BoxFuture<'static, Ended>>>,
}

/// The end of a process, with its PID.
///
/// ```
/// use futures::StreamExt;
/// use warren::{Exit, Handle};
///
/// async fn log_end(process: &Handle) {
///     let mut ends = process.monitor();
///     while let Some(Exit { pid, ended }) = ends.next().await {
///         println!("{pid} ended: {:?}", ended.outcome);
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct Exit {
    /// Its PID.
    pub pid: Pid,
    /// The end itself.
    pub ended: Ended,
}

impl futures::Stream for Monitor {
    type Item = Exit;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Exit>> {
        let Some(waiting) = &mut self.ended else {
            return Poll::Ready(None);
        };
        let ended = ready!(waiting.poll_unpin(cx));
        self.ended = None;
        Poll::Ready(Some(Exit {
            pid: self.pid.clone(),
            ended,
        }))
    }
}
