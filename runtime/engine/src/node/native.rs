//! Host function processes: their code is a Rust future of the embedder.
//!
//! A host function process has a PID, a mailbox and a place in a host like every
//! other process, and calls the operations of [`Guest`]. Its task runs on the
//! embedder's tokio runtime, so its future may use everything that tokio offers. It
//! is not preempted.

mod drive;
mod panics;
mod receive;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::Waker;
use std::time::Duration;

use warren_kernel::{Delivery, Error, Outcome, Process, Relation, Subscription, Trace};

use crate::code::native_code::NativeCode;
use crate::guest::{Guest, Start};
use crate::remote::TieChange;
use crate::security::{Refusal, Settles};
use crate::trace_context::TraceContext;

pub(crate) use drive::NativeDrive;
use receive::Receive;

/// The future of a host function process. Its output is the outcome of the process.
pub type NativeFuture = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The function that a [`NativeCode`] holds.
#[derive(Clone)]
struct Starter(Arc<dyn Fn(Native) -> NativeFuture + Send + Sync>);

impl NativeCode {
    /// Makes code from a function that returns a future for each process.
    pub fn new(code: impl Fn(Native) -> NativeFuture + Send + Sync + 'static) -> NativeCode {
        NativeCode::holding(Starter(Arc::new(code)))
    }

    /// Returns the future of one process. The function itself runs at the first
    /// poll.
    fn start(&self, native: Native) -> NativeFuture {
        let starter = self.held::<Starter>().cloned();
        Box::pin(async move {
            match starter {
                Some(starter) => (starter.0)(native).await,
                None => Outcome::Failed(Box::new(Error::internal(
                    "the host function was not made by `NativeCode::new`",
                ))),
            }
        })
    }
}

/// A host function process, as its own code sees it. Values are encoded.
pub struct Native {
    guest: Guest,
    process: Arc<Process>,
    /// The waker of the whole task, set at its first poll.
    task: Arc<OnceLock<Waker>>,
}

impl Native {
    fn new(guest: Guest, process: Arc<Process>, task: Arc<OnceLock<Waker>>) -> Native {
        Native {
            guest,
            process,
            task,
        }
    }

    /// The process, for operations that need no permission: its mailbox, its PID,
    /// its options.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// The frame of the process.
    pub fn frame(&self) -> &str {
        self.guest
            .inherited()
            .map_or("", |inherited| &inherited.frame)
    }

    /// The id of the definition.
    pub fn definition(&self) -> &str {
        &self.guest.run.program.definition.id
    }

    /// The arguments, as one encoded array of values.
    pub fn arguments(&self) -> &[u8] {
        &self.guest.run.arguments
    }

    /// A context value.
    pub fn context(&self, key: &str) -> Option<&[u8]> {
        self.guest.context_value(key).ok().flatten()
    }

    /// Takes the oldest message of the first of these queues that has any, and
    /// waits if all are empty. Nothing is taken if the future is dropped before it
    /// is ready.
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended. Only code that was moved out of the
    /// process's future can meet this error.
    pub async fn receive(
        &mut self,
        wanted: &[Subscription],
    ) -> Result<(Subscription, Delivery), Error> {
        // A process whose mailbox is never empty yields to others here.
        tokio::task::coop::consume_budget().await;
        let (queue, mut delivery) = Receive::new(&self.process, &self.task, wanted).await?;
        if let Delivery::Message(message) = &mut delivery {
            self.guest.handles(message);
            self.tell();
        }
        Ok((queue, delivery))
    }

    /// The message that the process handles, if messages are traced.
    pub fn trace(&self) -> Option<Trace> {
        self.guest.control.cause().get()
    }

    /// The place of the process in a trace over several programs.
    pub fn trace_context(&self) -> Option<&TraceContext> {
        self.guest.inherited().ok()?.trace.as_deref()
    }

    fn tell(&self) {
        if self.guest.shared.traces.is_some() {
            self.guest.shared.pass_on_traces(Some(&self.process));
        }
    }

    /// Sends one message to a PID or a name.
    ///
    /// # Errors
    ///
    /// As for `process.send`; `wit/process.wit` describes the errors of all
    /// operations.
    pub fn send(&mut self, to: &str, topic: &str, values: &[u8]) -> Result<(), Error> {
        let sent = self.settled(|guest| guest.send(to, topic, values));
        self.tell();
        sent
    }

    /// Starts a process; returns its PID. No process starts if the future is
    /// dropped before it is ready.
    ///
    /// # Errors
    ///
    /// As for `process.spawn`.
    pub async fn spawn(&mut self, start: Start, relation: Relation) -> Result<Arc<str>, Error> {
        self.check_alive()?;
        let spawned = self.guest.spawn(start, relation).await;
        spawned.map_err(|error| self.guest.refused(error))
    }

    /// Starts a process, waits for its end, and returns its outcome. The process is
    /// terminated if the future is dropped before it is ready.
    ///
    /// # Errors
    ///
    /// As for `process.exec`. After an error no process was started.
    pub async fn exec(&mut self, start: Start) -> Result<Arc<Outcome>, Error> {
        self.check_alive()?;
        let called = self.guest.exec(start).await;
        let subscription = called.map_err(|error| self.guest.refused(error))?;
        let _pending = PendingExec {
            process: Arc::clone(&self.process),
            subscription,
        };
        match self.receive(&[subscription]).await? {
            // The subscription has ended with the outcome: nothing is left to
            // abandon.
            (_, Delivery::Exec(outcome)) => Ok(outcome),
            _ => Err(Error::internal("the exec ended without an outcome")),
        }
    }

    /// Stops a process by force.
    ///
    /// # Errors
    ///
    /// As for `process.terminate`.
    pub fn terminate(&mut self, target: &str) -> Result<(), Error> {
        self.settled(|guest| guest.terminate(target))
    }

    /// Asks a process to end, within `deadline` if there is one.
    ///
    /// # Errors
    ///
    /// As for `process.cancel`.
    pub fn cancel(&mut self, target: &str, deadline: Option<Duration>) -> Result<(), Error> {
        self.settled(|guest| guest.cancel(target, deadline, None))
    }

    /// Asks to be told of a process's end.
    ///
    /// # Errors
    ///
    /// As for `process.monitor`.
    pub fn monitor(&mut self, target: &str) -> Result<(), Error> {
        self.settled(|guest| guest.monitor(target))
    }

    /// Undoes a monitor.
    ///
    /// # Errors
    ///
    /// As for `process.unmonitor`.
    pub fn unmonitor(&mut self, target: &str) -> Result<(), Error> {
        self.settled(|guest| guest.unmonitor(target))
    }

    /// Links two processes.
    ///
    /// # Errors
    ///
    /// As for `process.link`.
    pub fn link(&mut self, target: &str) -> Result<(), Error> {
        self.settled(|guest| guest.link(target))
    }

    /// Undoes a link.
    ///
    /// # Errors
    ///
    /// As for `process.unlink`.
    pub fn unlink(&mut self, target: &str) -> Result<(), Error> {
        self.settled(|guest| guest.unlink(target))
    }

    /// Gives a name to a process: to the caller itself if `pid` is absent.
    ///
    /// # Errors
    ///
    /// As for `process.registry.register`.
    pub fn register(&mut self, name: &str, pid: Option<&str>) -> Result<(), Error> {
        self.settled(|guest| guest.register(name, pid))
    }

    /// The PID of the process that holds a name.
    ///
    /// # Errors
    ///
    /// As for `process.registry.lookup`.
    pub fn lookup(&self, name: &str) -> Result<Arc<str>, Error> {
        self.check_alive()?;
        let found = self.guest.lookup(name);
        found.map_err(|error| self.guest.refused(error))
    }

    /// Frees a name; returns false if no process held it.
    ///
    /// # Errors
    ///
    /// As for `process.registry.unregister`.
    pub fn unregister(&mut self, name: &str) -> Result<bool, Error> {
        self.settled(|guest| guest.unregister(name))
    }

    /// Sends one message to a PID or a name, which may be of another node of the cluster.
    /// If the future is dropped, the message may have been sent.
    ///
    /// # Errors
    ///
    /// As for `process.send`.
    pub async fn send_anywhere(
        &mut self,
        to: &str,
        topic: &str,
        values: &[u8],
    ) -> Result<(), Error> {
        let sent = self.settled_anywhere(|guest| guest.send(to, topic, values));
        let sent = sent.await;
        self.tell();
        sent
    }

    /// Sets or undoes a tie to a process, which may be of another node of the cluster.
    ///
    /// # Errors
    ///
    /// As for `process.link`, `unlink`, `monitor` and `unmonitor`.
    pub async fn tie_anywhere(&mut self, target: &str, change: TieChange) -> Result<(), Error> {
        let tie = match change {
            TieChange::Link => Guest::link,
            TieChange::Unlink => Guest::unlink,
            TieChange::Monitor => Guest::monitor,
            TieChange::Unmonitor => Guest::unmonitor,
        };
        self.settled_anywhere(|guest| tie(guest, target)).await
    }

    /// Asks a process to end, or ends it by force, wherever it is in the cluster.
    ///
    /// # Errors
    ///
    /// As for `process.cancel` and `process.terminate`.
    pub async fn end_anywhere(&mut self, target: &str, how: Ending) -> Result<(), Error> {
        let ended = self.settled_anywhere(|guest| match how {
            Ending::Cancel(deadline) => guest.cancel(target, deadline, None),
            Ending::Terminate => guest.terminate(target),
        });
        ended.await
    }

    /// Gives the process a name that is unique in the cluster.
    ///
    /// # Errors
    ///
    /// As for `process.registry.register` with the scope `cluster`.
    pub async fn register_in_cluster(&mut self, name: &str) -> Result<(), Error> {
        self.settled_anywhere(|guest| guest.register_in_cluster(name, None))
            .await
    }

    /// Returns the PID of the process that holds a name on this node, or else in the cluster.
    ///
    /// # Errors
    ///
    /// As for `process.registry.lookup`.
    pub async fn lookup_anywhere(&mut self, name: &str) -> Result<Arc<str>, Error> {
        self.check_alive()?;
        let found = self.guest.lookup_anywhere(name).await;
        found.map_err(|error| self.guest.refused(error))
    }

    async fn settled_anywhere<T: Settles>(
        &mut self,
        operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        self.check_alive()?;
        let done = self.guest.settled(operation).await;
        done.map_err(|error| self.guest.refused(error))
    }

    /// Runs an operation, and records a refusal for introspection.
    fn settled<T>(
        &mut self,
        operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        self.check_alive()?;
        let done = self.guest.settled_at_once(operation);
        done.map_err(|error| self.guest.refused(error))
    }

    /// Refuses operations after the end of the process: the code may have moved
    /// this value out of the process's future.
    fn check_alive(&self) -> Result<(), Error> {
        if self.process.has_exited() {
            return Err(receive::has_ended(&self.process));
        }
        Ok(())
    }
}

/// The way in which a process is asked to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Within this time, if there is one.
    Cancel(Option<Duration>),
    /// At once.
    Terminate,
}

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Native").field(&self.process).finish()
    }
}

/// Abandons an exec when it is dropped.
struct PendingExec {
    process: Arc<Process>,
    subscription: Subscription,
}

impl Drop for PendingExec {
    fn drop(&mut self) {
        self.process.abandon_exec(self.subscription);
    }
}
