//! Host function processes: Rust functions that are processes among the others.

mod message;

use std::fmt;
use std::future::Future;
use std::time::Duration;

use futures::FutureExt;
use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_engine::remote::TieChange;
use warren_engine::{Ending, Native, NativeCode, TraceContext};
use warren_kernel::{Delivery, Error, Event, Outcome, Subscription, Trace};

use crate::error::CallError;
use crate::handle::result_of;
use crate::spawn::Spawn;
use crate::values::{self, Pid};

pub use message::{Message, Received, Topic};

/// A host function process, as its own code sees it.
///
/// A function that takes a `Context` and returns a future is the code of a
/// host function process. It is given to
/// [`Runtime::spawn_native`](crate::Runtime::spawn_native) or, as a definition,
/// to [`Builder::native`](crate::Builder::native). The future's value is the
/// result of the process; an error or a panic is its failure. To others it is a
/// process like any: it has a PID and a mailbox, can be named, linked,
/// monitored, sent to, cancelled and terminated. Termination drops the future
/// where it waits.
///
/// The future runs on the embedder's tokio runtime, so it may use tokio's
/// timers and I/O. It is not preempted, and its memory is the embedder's.
///
/// Every future of this type may be dropped before it is ready: nothing is lost
/// then, and nothing was started that goes on.
///
/// ```
/// use std::time::Duration;
/// use warren::{Context, Error, Event, Runtime, native::Received};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = std::env::temp_dir().join("warren-doctest-cache");
/// let counter = |mut context: Context| async move {
///     let mut sum: i64 = context.args()?; // of one argument
///     loop {
///         match context.next().await? {
///             Received::Message(message) => sum += message.get::<i64>()?,
///             Received::Event(Event::Cancel { .. }) => return Ok::<_, Error>(sum),
///             Received::Event(_) => {}
///         }
///     }
/// };
/// let runtime = Runtime::builder()
///     .native("app:counter", counter)
/// #    .cache(cache)
///     .start()?;
/// let counter = runtime.spawn(warren::Spawn::new("app:counter").arg(40)).await?;
/// counter.send("add", 2)?;
/// counter.cancel(Some(Duration::from_secs(5)))?;
/// let sum = counter.result::<i64>().await?;
/// assert!(sum == 42 || sum == 40, "events come first");
/// # Ok(()) }
/// ```
pub struct Context {
    native: Native,
    pid: Pid,
}

/// Identity.
impl Context {
    fn new(native: Native) -> Context {
        Context {
            pid: native.process().text().into(),
            native,
        }
    }

    /// Returns the process's PID.
    pub fn pid(&self) -> &Pid {
        &self.pid
    }

    /// Returns the identifier of the chain of calls the process belongs to.
    pub fn frame(&self) -> &str {
        self.native.frame()
    }

    /// Returns the trace of the message the process handles, the last it has
    /// taken. Requires
    /// [`Builder::trace_messages`](crate::Builder::trace_messages).
    pub fn trace(&self) -> Option<Trace> {
        self.native.trace()
    }

    /// Returns the place of the process in a trace over several programs, if it has one.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.native.trace_context()
    }

    /// Returns the definition the process runs.
    pub fn definition(&self) -> &str {
        self.native.definition()
    }

    /// Returns the arguments: a tuple of as many values, or `()` for none.
    ///
    /// # Errors
    ///
    /// The arguments differ in number or type.
    pub fn args<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        values::from_values(self.native.arguments()).map_err(CallError::value("the arguments"))
    }

    /// Returns a context value, if there is one for this key.
    ///
    /// # Errors
    ///
    /// The value has another type.
    pub fn context<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, CallError> {
        let value = self.native.context(key).map(values::from_value);
        value
            .transpose()
            .map_err(CallError::value("a context value"))
    }
}

/// Receiving.
impl Context {
    /// Waits for the next message that no [`Topic`] takes.
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended. Only code that was moved out of its
    /// future can see this error, here and in the other methods.
    pub async fn message(&mut self) -> Result<Message, Error> {
        let inbox = self.native.process().inbox();
        self.message_of(inbox).await
    }

    /// Waits for the next event. At the shutdown of the runtime, a process that
    /// has asked for events gets a CANCEL and time to finish; any other process
    /// is ended at once.
    ///
    /// # Errors
    ///
    /// As for [`Context::message`].
    pub async fn event(&mut self) -> Result<Event, Error> {
        let events = self.native.process().events();
        match self.native.receive(&[events]).await? {
            (_, Delivery::Event(event)) => Ok(event),
            _ => Err(unexpected()),
        }
    }

    /// Waits for an event, or a message that no [`Topic`] takes; events first.
    ///
    /// # Errors
    ///
    /// As for [`Context::message`].
    pub async fn next(&mut self) -> Result<Received, Error> {
        let process = self.native.process();
        let wanted = [process.events(), process.inbox()];
        match self.native.receive(&wanted).await? {
            (_, Delivery::Event(event)) => Ok(Received::Event(event)),
            (_, Delivery::Message(message)) => Ok(Received::Message(Message::new(message))),
            _ => Err(unexpected()),
        }
    }

    /// Queues the messages of exactly this topic apart from all others.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a topic; `RateLimited` at
    /// `max_subscriptions`.
    pub fn listen(&mut self, topic: &str) -> Result<Topic, Error> {
        self.native.process().listen(topic).map(Topic)
    }

    /// Waits for the next message of a topic.
    ///
    /// # Errors
    ///
    /// As for [`Context::message`].
    pub async fn message_on(&mut self, topic: &Topic) -> Result<Message, Error> {
        self.message_of(topic.0).await
    }

    /// Ends [`Context::listen`]: unread messages of the topic join the others.
    pub fn unlisten(&mut self, topic: Topic) {
        self.native.process().unlisten(topic.0);
    }

    async fn message_of(&mut self, queue: Subscription) -> Result<Message, Error> {
        match self.native.receive(&[queue]).await? {
            (_, Delivery::Message(message)) => Ok(Message::new(message)),
            _ => Err(unexpected()),
        }
    }
}

/// Operations on other processes. Destinations are PIDs or names. Every call is
/// refused as a guest's call is, with the same errors.
impl Context {
    /// Sends one message. The payload follows the rule of
    /// [`Handle::send`](crate::Handle::send).
    ///
    /// # Errors
    ///
    /// [`CallError::Value`]; `NotFound`; `RateLimited` if the queue is full;
    /// `Invalid` for a text that cannot be a topic.
    pub fn send(
        &mut self,
        to: impl AsRef<str>,
        topic: &str,
        payload: impl Serialize,
    ) -> Result<(), CallError> {
        let bytes = values::to_values(&payload).map_err(CallError::value("a message"))?;
        Ok(self.native.send(to.as_ref(), topic, bytes.as_slice())?)
    }

    /// Starts a process and returns its PID.
    ///
    /// # Errors
    ///
    /// As for [`Runtime::spawn`](crate::Runtime::spawn).
    pub async fn spawn(&mut self, spawn: impl Into<Spawn>) -> Result<Pid, CallError> {
        let (start, relation) = spawn.into().into_parts()?;
        Ok(self.native.spawn(start, relation).await?.into())
    }

    /// Starts a process, waits for its end and returns its result. The started
    /// process is terminated if the future is dropped before it is ready, or if
    /// this process ends first.
    ///
    /// # Errors
    ///
    /// As for [`Runtime::exec`](crate::Runtime::exec).
    pub async fn exec<T: DeserializeOwned>(
        &mut self,
        spawn: impl Into<Spawn>,
    ) -> Result<T, CallError> {
        let start = spawn.into().untied()?;
        result_of(&*self.native.exec(start).await?)
    }

    /// Asks a process to end. With a deadline, the process is terminated once
    /// the deadline has passed.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn cancel(
        &mut self,
        target: impl AsRef<str>,
        deadline: Option<Duration>,
    ) -> Result<(), Error> {
        self.native.cancel(target.as_ref(), deadline)
    }

    /// Stops a process by force. A process that stops itself goes on until it
    /// next waits.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn terminate(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        self.native.terminate(target.as_ref())
    }

    /// Asks for an [`Event::Exit`] at the end of a process.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for itself; `RateLimited` at `max_monitors`.
    pub fn monitor(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        self.native.monitor(target.as_ref())
    }

    /// Undoes [`Context::monitor`], and drops its unread event.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a destination.
    pub fn unmonitor(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        self.native.unmonitor(target.as_ref())
    }

    /// Links this process with another: the failure of either ends the other,
    /// unless the other traps links.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for itself; `RateLimited` at `max_links`.
    pub fn link(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        self.native.link(target.as_ref())
    }

    /// Undoes [`Context::link`], and drops its unread event.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a destination.
    pub fn unlink(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        self.native.unlink(target.as_ref())
    }

    /// Sets whether the failure of a linked process is an [`Event::LinkDown`]
    /// instead of this process's end.
    pub fn set_trap_links(&self, trap: bool) {
        self.native.process().set_trap_links(trap);
    }

    /// Gives this process a name.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; `Invalid` for a text that cannot be a name.
    pub fn register(&mut self, name: &str) -> Result<(), Error> {
        self.native.register(name, None)
    }

    /// Returns the PID of a name's holder.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for a text that cannot be a name.
    pub fn lookup(&self, name: &str) -> Result<Pid, Error> {
        self.native.lookup(name).map(Pid::from)
    }

    /// Frees a name. Returns false if no process held it.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a name.
    pub fn unregister(&mut self, name: &str) -> Result<bool, Error> {
        self.native.unregister(name)
    }
}

/// Operations on processes that may be of another node of the cluster. They wait for that node.
/// Without a cluster they do what those without `anywhere` do.
impl Context {
    /// Sends one message, as [`Context::send`] does.
    ///
    /// # Errors
    ///
    /// As for [`Context::send`]; `Unavailable` if the node is or goes down.
    pub async fn send_anywhere(
        &mut self,
        to: impl AsRef<str>,
        topic: &str,
        payload: impl Serialize,
    ) -> Result<(), CallError> {
        let bytes = values::to_values(&payload).map_err(CallError::value("a message"))?;
        let sent = self
            .native
            .send_anywhere(to.as_ref(), topic, bytes.as_slice());
        Ok(sent.await?)
    }

    /// Asks a process to end, as [`Context::cancel`] does.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Unavailable` if the node is or goes down.
    pub async fn cancel_anywhere(
        &mut self,
        target: impl AsRef<str>,
        deadline: Option<Duration>,
    ) -> Result<(), Error> {
        let how = Ending::Cancel(deadline);
        self.native.end_anywhere(target.as_ref(), how).await
    }

    /// Stops a process by force, as [`Context::terminate`] does.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Unavailable` if the node is or goes down.
    pub async fn terminate_anywhere(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        let how = Ending::Terminate;
        self.native.end_anywhere(target.as_ref(), how).await
    }

    /// Asks for an [`Event::Exit`], as [`Context::monitor`] does.
    ///
    /// # Errors
    ///
    /// As for [`Context::monitor`]; `Unavailable` if the node is or goes down.
    pub async fn monitor_anywhere(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        let change = TieChange::Monitor;
        self.native.tie_anywhere(target.as_ref(), change).await
    }

    /// Undoes [`Context::monitor_anywhere`].
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a destination.
    pub async fn unmonitor_anywhere(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        let change = TieChange::Unmonitor;
        self.native.tie_anywhere(target.as_ref(), change).await
    }

    /// Links this process with another, as [`Context::link`] does.
    ///
    /// # Errors
    ///
    /// As for [`Context::link`]; `Unavailable` if the node is or goes down.
    pub async fn link_anywhere(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        let change = TieChange::Link;
        self.native.tie_anywhere(target.as_ref(), change).await
    }

    /// Undoes [`Context::link_anywhere`].
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a destination.
    pub async fn unlink_anywhere(&mut self, target: impl AsRef<str>) -> Result<(), Error> {
        let change = TieChange::Unlink;
        self.native.tie_anywhere(target.as_ref(), change).await
    }

    /// Gives this process a name that is unique in the cluster.
    ///
    /// # Errors
    ///
    /// As for [`Context::register`]; `Unavailable` while the server of the cluster does not
    /// answer.
    pub async fn register_in_cluster(&mut self, name: &str) -> Result<(), Error> {
        self.native.register_in_cluster(name).await
    }

    /// Returns the PID of a name's holder, on this node or else in the cluster.
    ///
    /// # Errors
    ///
    /// As for [`Context::lookup`].
    pub async fn lookup_anywhere(&mut self, name: &str) -> Result<Pid, Error> {
        self.native.lookup_anywhere(name).await.map(Pid::from)
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.pid()).finish()
    }
}

/// Returns code for any number of processes.
pub(crate) fn code<F, T>(code: impl Fn(Context) -> F + Send + Sync + 'static) -> NativeCode
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Serialize,
{
    NativeCode::new(move |native| {
        let running = code(Context::new(native));
        async move { outcome(running.await) }.boxed()
    })
}

/// Returns code for one process.
pub(crate) fn code_once<F, T>(code: impl FnOnce(Context) -> F + Send + 'static) -> NativeCode
where
    F: Future<Output = Result<T, Error>> + Send + 'static,
    T: Serialize,
{
    let code = Mutex::new(Some(code));
    NativeCode::new(move |native| {
        let code = code.lock().take();
        let running = code.map(|code| code(Context::new(native)));
        async move {
            match running {
                Some(running) => outcome(running.await),
                // The process that was spawned for this code has started it.
                None => outcome(Err::<(), _>(Error::internal(
                    "host function for one process was started twice",
                ))),
            }
        }
        .boxed()
    })
}

/// Converts the value or error that the code returned.
fn outcome<T: Serialize>(returned: Result<T, Error>) -> Outcome {
    /// Nothing, in MessagePack.
    const NIL: &[u8] = &[0xc0];
    let encoded = returned.and_then(|value| {
        values::to_value(&value).map_err(|error| CallError::value("the result")(error).into())
    });
    match encoded {
        Ok(value) if value.as_slice() == NIL => Outcome::Returned(None),
        Ok(value) => Outcome::Returned(Some(value.as_slice().into())),
        Err(error) => Outcome::Failed(Box::new(error)),
    }
}

fn unexpected() -> Error {
    Error::internal("a queue yielded an item of another kind")
}
