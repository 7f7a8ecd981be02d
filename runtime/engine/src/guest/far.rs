//! Operations on processes of other nodes.
//!
//! An operation comes here once its destination is no process of this node. The caller's own
//! policies are asked first, as for an absent process; the other node asks its own. What is
//! left is a future, which the guest waits for.

use std::sync::{Arc, Weak};
use std::time::Duration;

use warren_kernel::{
    Destination, Error, FarPid, Kernel, Kind, NodeId, Outcome, Process, Subscription,
};

use super::called::{Called, are_values};
use super::far_work::{FarWatches, FarWork};
use super::watch::TRUE;
use super::{Guest, inherited_of, process_of, settled_outcome};
use crate::codec::{self, reader};
use crate::operand::NAME;
use crate::remote::{FarAnswer, FarAsk, FarCaller, FarRequest, Remote, TieChange};
use crate::security::{Action, Elsewhere, Refusal};

/// Bytes of the largest message that any host takes.
pub(crate) const LARGEST: usize = 1 << 20;

/// A destination that may be of another node.
enum Far {
    Process(FarPid),
    Name(String),
}

impl Far {
    /// Finds the process.
    async fn found(self, remote: &dyn Remote) -> Result<FarPid, Error> {
        match self {
            Far::Process(pid) => Ok(pid),
            Far::Name(name) => Ok(remote.lookup(&name).await?.0),
        }
    }
}

/// Everything that the rest of an operation takes along.
pub(super) struct Errand {
    pub(super) remote: Arc<dyn Remote>,
    pub(super) kernel: Arc<Kernel>,
    pub(super) process: Arc<Process>,
    caller: FarCaller,
}

impl Errand {
    pub(super) async fn ask(&self, to: &NodeId, ask: FarAsk) -> Result<FarAnswer, Error> {
        let caller = self.caller.clone();
        settled(self.remote.request(to, FarRequest { caller, ask }).await)
    }

    /// Asks the node of a process.
    async fn ask_of(
        &self,
        far: Far,
        ask: impl FnOnce(FarPid) -> FarAsk,
    ) -> Result<FarAnswer, Error> {
        let to = far.found(&*self.remote).await?;
        let node = to.address.node.clone();
        self.ask(&node, ask(to)).await
    }

    /// Sets both sides of a tie, this one first: news of the end then find it.
    async fn tie(&self, far: Far, change: TieChange) -> Result<(), Error> {
        let to = far.found(&*self.remote).await?;
        if to.is_of(self.remote.node()) {
            // A name of the cluster that a process of this node holds.
            let target = self.kernel.resolve(&to.text)?;
            return match change {
                TieChange::Link => self.kernel.link(&self.process, &target),
                _ => self.kernel.monitor(&self.process, &target),
            };
        }
        let is_new = match change {
            TieChange::Link => self.kernel.link_far(&self.process, &to)?,
            _ => self.kernel.monitor_far(&self.process, &to)?,
        };
        let node = to.address.node.clone();
        let pid = Arc::clone(&to.text);
        let asked = self.ask(&node, FarAsk::Tie { to, change }).await;
        if asked.is_err() && is_new {
            self.untie_here(change == TieChange::Link, &pid);
        }
        asked.map(drop)
    }

    /// Undoes both sides of a tie. A node that is down has none.
    async fn untie(&self, far: Far, change: TieChange) -> Result<(), Error> {
        let to = match far.found(&*self.remote).await {
            Ok(to) => to,
            // As for a free name of this node.
            Err(error) if error.kind == Kind::NotFound => return Ok(()),
            Err(error) => return Err(error),
        };
        if to.is_of(self.remote.node()) {
            return Ok(());
        }
        self.untie_here(change == TieChange::Unlink, &to.text);
        let node = to.address.node.clone();
        match self.ask(&node, FarAsk::Tie { to, change }).await {
            Err(error) if matches!(error.kind, Kind::NotFound | Kind::Unavailable) => Ok(()),
            asked => asked.map(drop),
        }
    }
}

impl Errand {
    /// Undoes this side of a link or of a monitor.
    pub(super) fn untie_here(&self, is_link: bool, far: &str) {
        if is_link {
            self.kernel.unlink_far(&self.process, far);
        } else {
            self.kernel.unmonitor_far(&self.process, far);
        }
    }
}

impl Guest {
    /// Returns the destination of another node that a text names, once the process is
    /// permitted to act on it; `absent` is the error of a destination that this node lacks,
    /// and is returned without a cluster.
    #[cold]
    fn far(&mut self, action: Action, destination: &str, absent: Error) -> Result<Far, Refusal> {
        let Some(far) = self.far_destination(destination) else {
            return Err(absent.into());
        };
        self.rights.permit_absent(action, destination)?;
        Ok(far)
    }

    /// Returns the destination of another node that a text names. Its process or name need
    /// not exist.
    fn far_destination(&self, destination: &str) -> Option<Far> {
        let remote = self.shared.remote.as_ref()?;
        match Destination::parse(destination).ok()? {
            Destination::Name(name) => Some(Far::Name(name.to_owned())),
            Destination::Pid { .. } => None,
            Destination::Clustered { text, .. } => {
                let pid = FarPid::parse(text)?;
                (!pid.is_of(remote.node())).then_some(Far::Process(pid))
            }
        }
    }

    pub(super) fn errand(&self) -> Result<Errand, Error> {
        let remote = self.shared.remote.as_ref().map(Arc::clone);
        let remote = remote.ok_or_else(|| Error::internal("the program runs without a cluster"))?;
        let process = Arc::clone(process_of(&self.purpose)?);
        let inherited = inherited_of(&self.purpose)?;
        let definition = &self.run.program.definition.id;
        let caller = FarCaller::of(&process, definition, self.control.cause().get());
        let mut caller =
            caller.ok_or_else(|| Error::internal("the process is of no node of a cluster"))?;
        caller.frame = Arc::clone(&inherited.frame);
        caller.actor = inherited.actor.clone();
        caller.scope = inherited.scope.clone();
        caller.context = Arc::clone(&inherited.context);
        Ok(Errand {
            remote,
            kernel: Arc::clone(&self.shared.kernel),
            process,
            caller,
        })
    }

    #[cold]
    pub(super) fn send_far(
        &mut self,
        to: &str,
        (topic, payload): (&str, &[u8]),
        absent: Error,
    ) -> Result<(), Refusal> {
        let far = self.far(Action::Send, to, absent)?;
        if topic.len() + payload.len() > LARGEST {
            return Err(too_large(topic.len() + payload.len()).into());
        }
        let errand = self.errand()?;
        let (topic, payload) = (topic.to_owned(), payload.to_vec());
        Err(Elsewhere::refusal(async move {
            let sent = errand.ask_of(far, |to| FarAsk::Send { to, topic, payload });
            sent.await.map(|_| 0)
        }))
    }

    #[cold]
    pub(super) fn terminate_far(&mut self, target: &str, absent: Error) -> Result<(), Refusal> {
        let far = self.far(Action::Terminate, target, absent)?;
        let errand = self.errand()?;
        Err(Elsewhere::refusal(async move {
            let ended = errand.ask_of(far, |to| FarAsk::Terminate { to });
            ended.await.map(|_| 0)
        }))
    }

    #[cold]
    pub(super) fn cancel_far(
        &mut self,
        target: &str,
        within: Option<Duration>,
        reason: Option<&str>,
        absent: Error,
    ) -> Result<(), Refusal> {
        let far = self.far(Action::Cancel, target, absent)?;
        let errand = self.errand()?;
        let reason = reason.map(str::to_owned);
        Err(Elsewhere::refusal(async move {
            let asked = errand.ask_of(far, |to| FarAsk::Cancel { to, within, reason });
            asked.await.map(|_| 0)
        }))
    }

    #[cold]
    pub(super) fn tie_far(
        &mut self,
        (action, change): (Action, TieChange),
        target: &str,
        absent: Error,
    ) -> Result<(), Refusal> {
        let far = self.far(action, target, absent)?;
        let errand = self.errand()?;
        Err(Elsewhere::refusal(async move {
            errand.tie(far, change).await.map(|()| 0)
        }))
    }

    /// Undoes a tie to a process of another node. Does nothing for other destinations: the
    /// caller undoes ties of this node, and has asked for the permission.
    #[cold]
    pub(super) fn untie_far(&mut self, change: TieChange, target: &str) -> Result<(), Refusal> {
        let Some(far) = self.far_destination(target) else {
            return Ok(());
        };
        let errand = self.errand()?;
        Err(Elsewhere::refusal(async move {
            errand.untie(far, change).await.map(|()| 0)
        }))
    }

    /// Returns the PID of the process that holds a name on this node, or else in the cluster.
    pub(crate) async fn lookup_anywhere(&mut self, name: &str) -> Result<Arc<str>, Error> {
        let absent = match self.lookup(name) {
            Err(error) if error.kind == Kind::NotFound => error,
            found => return found,
        };
        let Some(remote) = &self.shared.remote else {
            return Err(absent);
        };
        let found = remote.lookup(name);
        let (pid, _) = self.control.outside(found).await?;
        Ok(pid.text)
    }
}

/// Waits for other nodes that hold up one coroutine.
impl Guest {
    /// Watches a process of another node, or by a name of the cluster. A second watch of a PID
    /// is the first.
    #[cold]
    pub(super) fn watch_far(
        &mut self,
        destination: &str,
        absent: Error,
    ) -> Result<Called, Refusal> {
        Ok(Called::Handle(
            match self.far(Action::Monitor, destination, absent)? {
                Far::Process(pid) => self.watch_far_pid(&pid.text)?,
                name @ Far::Name(_) => {
                    let errand = self.errand()?;
                    let process = Arc::clone(self.process()?);
                    let ask = |to| FarAsk::Watch { to };
                    let ended = async move { ended(errand.ask_of(name, ask).await) };
                    self.begin_far(process, ended)?.0
                }
            },
        ))
    }

    /// Watches a process of another node that the caller is permitted to monitor.
    pub(super) fn watch_far_pid(&mut self, pid: &str) -> Result<Subscription, Error> {
        let watches = self.kept.get().state(FarWatches::default)?;
        if let Some(known) = watches.find(pid) {
            return Ok(known);
        }
        let to = FarPid::parse(pid).ok_or_else(unexpected)?;
        let (errand, process) = (self.errand()?, Arc::clone(self.process()?));
        let ask = |to| FarAsk::Watch { to };
        let ended = async move { ended(errand.ask_of(Far::Process(to), ask).await) };
        let (subscription, work) = self.begin_far(process, ended)?;
        watches.add(pid, subscription, work);
        Ok(subscription)
    }

    /// Has a task wait for other nodes. Returns the subscription that yields the outcome.
    pub(super) fn begin_far(
        &self,
        process: Arc<Process>,
        outcome: impl Future<Output = Arc<Outcome>> + Send + 'static,
    ) -> Result<(Subscription, Weak<FarWork>), Error> {
        let work = Arc::new(FarWork::default());
        let weak = Arc::downgrade(&work);
        let awaited: Weak<FarWork> = Weak::clone(&weak);
        let subscription = process.begin_watch(awaited)?;
        let kept = Arc::clone(&work);
        let task = self.shared.tokio.spawn(async move {
            process.finish_work(subscription, &outcome.await);
            drop(kept);
        });
        work.hold(task.abort_handle());
        Ok((subscription, weak))
    }
}

/// Sends that hold up one coroutine and not the whole process.
impl Guest {
    /// Sends a message: the arguments are destination, topic and all values. The subscription
    /// yields true once another node has queued the message.
    ///
    /// # Errors
    ///
    /// Those of `process.send`; `RateLimited` at `max_execs`.
    pub(super) fn send_by(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        if request.len() > 2 * LARGEST {
            return Err(too_large(request.len()).into());
        }
        are_values(request)?;
        let mut arguments = reader::elements(request)
            .ok_or_else(|| Error::invalid("the arguments are no array"))?;
        let mut text = |what: &str| {
            let text = arguments.next().and_then(reader::text);
            text.ok_or_else(|| Error::invalid(format!("{what} is missing or no text")))
        };
        let (to, topic) = (text("destination")?, text("topic")?);
        NAME.check("destination", to.len())?;
        let payload = codec::array(arguments);
        match self.send(to, topic, &payload) {
            Ok(()) => Ok(Called::Answer(TRUE.to_vec())),
            Err(Refusal::Elsewhere(rest)) => {
                let process = Arc::clone(self.process()?);
                let sent = self.begin_far(process, async move {
                    match rest.0.await {
                        Ok(_) => Arc::new(Outcome::Returned(Some(TRUE.into()))),
                        Err(error) => failed(error),
                    }
                });
                Ok(Called::Handle(sent?.0))
            }
            Err(refusal) => Err(refusal),
        }
    }
}

/// Makes an answer of another node readable for every reader.
fn settled(answer: Result<FarAnswer, Error>) -> Result<FarAnswer, Error> {
    match answer {
        Ok(FarAnswer::Ended(outcome)) => {
            let outcome = settled_outcome(Arc::unwrap_or_clone(outcome), LARGEST);
            Ok(FarAnswer::Ended(Arc::new(outcome)))
        }
        Err(error) => match settled_outcome(Outcome::Failed(Box::new(error)), LARGEST) {
            Outcome::Failed(error) => Err(*error),
            Outcome::Returned(_) => Err(unexpected()),
        },
        answer => answer,
    }
}

/// Returns the outcome that an answer tells.
pub(super) fn ended(answer: Result<FarAnswer, Error>) -> Arc<Outcome> {
    match answer {
        Ok(FarAnswer::Ended(outcome)) => outcome,
        Ok(_) => failed(unexpected()),
        Err(error) => failed(error),
    }
}

fn failed(error: Error) -> Arc<Outcome> {
    Arc::new(Outcome::Failed(Box::new(error)))
}

/// Names of the cluster.
impl Guest {
    /// Gives a process of this node a name that is unique in the cluster.
    pub(crate) fn register_in_cluster(
        &mut self,
        name: &str,
        target: Option<&str>,
    ) -> Result<(), Refusal> {
        let Some(remote) = self.shared.remote.as_ref().map(Arc::clone) else {
            // A cluster of one node.
            return self.register(name, target);
        };
        self.lines_first();
        let process = self.process_of_name(target)?;
        self.permit_registration(name, &process)?;
        let kernel = Arc::clone(&self.shared.kernel);
        match kernel.lookup(name) {
            // Refused with the holder, unless that ends at this moment.
            Ok(held) if held.pid() != process.pid() => kernel.register(name, &process)?,
            Ok(_) => {}
            Err(error) if error.kind == Kind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        let taken = take_name(remote, kernel, name.to_owned(), process);
        Err(Elsewhere::refusal(taken))
    }

    /// Frees a name of the cluster, whoever holds it.
    pub(crate) fn unregister_in_cluster(&mut self, name: &str) -> Result<bool, Refusal> {
        let Some(remote) = self.shared.remote.as_ref().map(Arc::clone) else {
            return self.unregister(name);
        };
        let here = self.unregister(name)?;
        let freed = remote.unregister(name);
        Err(Elsewhere::refusal(async move {
            Ok(u32::from(freed.await? || here))
        }))
    }
}

/// Takes a name of the cluster, and then the name on this node: nobody here finds a process by
/// a name that another node holds. Returns 1, for true.
async fn take_name(
    remote: Arc<dyn Remote>,
    kernel: Arc<Kernel>,
    name: String,
    process: Arc<Process>,
) -> Result<u32, Error> {
    remote.register(&name, &process).await?;
    let here = kernel.register_in_cluster(&name, &process);
    // The name of the cluster may have been lost before the one of this node was taken.
    let holder = remote.lookup(&name).await;
    let holds = holder.is_ok_and(|(pid, _)| *pid.text == **process.text());
    match here {
        Ok(()) if holds => Ok(1),
        Ok(()) => {
            free_if_held(&kernel, &name, &process);
            let message = "the name was lost at once";
            Err(Error::new(Kind::Unavailable, message))
        }
        Err(error) => {
            if holds {
                // If this fails, the name is free when the process ends.
                let _ = remote.unregister(&name).await;
            }
            Err(error)
        }
    }
}

/// Frees a name of this node if a process holds it.
pub(crate) fn free_if_held(kernel: &Kernel, name: &str, process: &Process) {
    if kernel
        .lookup(name)
        .is_ok_and(|held| held.pid() == process.pid())
    {
        // Held, so it can be a name.
        let _ = kernel.unregister(name);
    }
}

fn too_large(bytes: usize) -> Error {
    let message = format!("message too large: {bytes} bytes are more than any host takes");
    Error::at_limit(Kind::Invalid, "max_message", LARGEST as u64, message)
        .with("bytes", bytes as u64)
}

pub(super) fn unexpected() -> Error {
    Error::internal("the other node gave an answer of another kind")
}
