//! Requests and news of other nodes of the cluster.
//!
//! A request is judged by this node's policies, for the caller with its actor, its scope and its
//! context. Signals act before the call returns, in the order in which they come.

use std::sync::Arc;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use tokio::sync::oneshot;
use warren_kernel::{Error, FarEnd, FarPid, Kernel, Kind, NodeId, Outcome, Process, Timestamp};

use super::{Node, Running};
use crate::codec::{self, check};
use crate::guest::far::LARGEST;
use crate::guest::far_names::{free_if_held, registration_of, taken_back, taking_name};
use crate::guest::{Awaits, Inherited, ProcessEnd, SpawnRequest, Spawner, Start, settled_outcome};
use crate::operand::{self, NAME};
use crate::remote::{
    FarAnswer, FarAsk, FarCaller, FarEvent, FarReply, FarRequest, FarStart, Remote, TieChange,
};
use crate::security::{Action, Caller, Judge, Key, Question, Resource, Target};

/// The action of a message to a group.
const BROADCAST: &str = "pg.broadcast";

/// The actions of memberships.
const JOIN: &str = "pg.join";
const LEAVE: &str = "pg.leave";

/// The action of an event.
const EVENT: &str = "events.send";

/// The capability that takes events.
const EVENTS: &str = "events";

/// Members that are sent to at a time.
const PART: usize = 1_000;

impl Node {
    /// Carries out a request of another node.
    pub fn far_request(self: &Arc<Self>, request: FarRequest) -> FarReply {
        self.shared.meter.set_clock();
        let FarRequest { caller, ask } = request;
        let (start, exec) = match ask {
            FarAsk::Spawn(start) => (start, false),
            FarAsk::Exec(start) => (start, true),
            FarAsk::Watch { to } => {
                if let Some(ended) = self.kept_end(&caller, &to) {
                    return FarReply::Later(Box::pin(async move { outcome_of(ended.await) }));
                }
                return match self.far_watch(&caller, &to) {
                    Ok(mut running) => FarReply::Later(Box::pin(async move {
                        Ok(FarAnswer::Ended(running.wait().await.outcome))
                    })),
                    Err(error) => FarReply::Now(Err(error)),
                };
            }
            FarAsk::Register { to, name } => {
                return match self.far_register(&caller, &to, name) {
                    Ok(taken) => FarReply::Later(Box::pin(async move {
                        taken.await?;
                        Ok(FarAnswer::Done)
                    })),
                    Err(error) => FarReply::Now(Err(error)),
                };
            }
            FarAsk::Unregister { to, name } => {
                return match self.far_unregister(&caller, to, name) {
                    Ok(freed) => {
                        FarReply::Later(Box::pin(
                            async move { Ok(FarAnswer::Number(freed.await?)) },
                        ))
                    }
                    Err(error) => FarReply::Now(Err(error)),
                };
            }
            ask => {
                let done = self.far_signal(&caller, ask);
                self.shared.pass_on_traces(None);
                return FarReply::Now(done);
            }
        };
        let node = Arc::clone(self);
        FarReply::Later(match exec {
            false => Box::pin(async move {
                let starter = caller.process.address.node.clone();
                let awaits = match start.watched {
                    true => Awaits::End,
                    false => Awaits::Nothing,
                };
                let spawned = Arc::clone(&node).far_spawn(caller, *start, awaits);
                let (process, ended) = spawned.await?;
                if awaits == Awaits::End {
                    node.far_ends.keep(process.pid(), &starter, ended);
                }
                Ok(FarAnswer::Spawned(own_pid(&process)?))
            }),
            true => Box::pin(async move {
                let spawned = Arc::clone(&node).far_spawn(caller, *start, Awaits::Outcome);
                let (process, ended) = spawned.await?;
                let _callee = Callee { node, process };
                outcome_of(ended.await)
            }),
        })
    }

    /// Tells processes of this node of the end of a process of another one.
    pub fn far_ended(&self, end: &FarEnd) {
        self.shared.meter.set_clock();
        // Processes read the outcome without a check.
        let outcome = settled_outcome((*end.outcome).clone(), LARGEST);
        self.shared.kernel.far_ended(&FarEnd {
            outcome: Arc::new(outcome),
            ..end.clone()
        });
    }

    /// Tells processes that another node is up.
    pub fn node_is_up(&self, node: &NodeId) {
        let name = node.name.as_str().into();
        let at = self.now().wall;
        self.shared.node_watchers.tell(&name, true, at);
    }

    /// Ends all ties to processes of a node that is down, and tells processes that ask for
    /// news of nodes.
    pub fn node_is_down(&self, node: &NodeId) {
        self.shared.meter.set_clock();
        let at = self.now().wall;
        let outcome = Outcome::Failed(Box::new(is_down(node.name.as_str())));
        let kernel = &self.shared.kernel;
        kernel.node_is_down(node, &Arc::new(outcome), at);
        self.far_ends.forget(node);
        let name = node.name.as_str().into();
        self.shared.node_watchers.tell(&name, false, at);
    }

    /// Sends a message of a process of another node to the members of a group on this node, if
    /// the caller may send to the group. Nobody waits for an answer.
    pub fn far_broadcast(&self, caller: &FarCaller, group: &str, topic: &str, payload: &[u8]) {
        self.shared.meter.set_clock();
        if !self.may(caller, BROADCAST, group) {
            return;
        }
        let kernel = &self.shared.kernel;
        let mut last = None;
        while let Ok(members) = kernel.group_members(group, last, PART) {
            for member in &members {
                // A member that refuses a message misses it.
                let from = Some(&*caller.process.text);
                let _ = kernel.send_from(from, member, topic, payload, None);
            }
            last = members.last().map(|member| member.pid());
            if members.len() < PART {
                break;
            }
        }
    }

    /// Hands an event of a process of another node to the subscriptions of this node, if the
    /// caller may send it. Nobody waits for an answer.
    pub fn far_event(&self, caller: &FarCaller, event: &FarEvent<'_>) {
        self.shared.meter.set_clock();
        // Processes read the value without a check.
        let is_value = event.data.is_none_or(|data| check::value(data).is_ok());
        if !is_value || !self.may(caller, EVENT, event.system) {
            return;
        }
        if let Some(events) = self.shared.capabilities.named(EVENTS) {
            let node = caller.process.address.node.name.as_str();
            let now = self.shared.kernel.clock();
            events.capability.far_event(node, event, now);
        }
    }

    /// Returns whether a caller on another node may do something that acts on no process.
    fn may(&self, caller: &FarCaller, action: &str, resource: &str) -> bool {
        let Some(judge) = self.judge_of(caller) else {
            return true;
        };
        let question = question_of(action, resource, Vec::new());
        judge.permit_asked(&question).is_ok()
    }

    /// Takes in the news of the members of a group on another node.
    pub fn far_group_changed(&self, group: &str, members: &[Arc<str>], is_member: bool) {
        self.shared.meter.set_clock();
        let kernel = &self.shared.kernel;
        kernel.far_group_changed(group, members, is_member);
    }

    /// Takes a name that the cluster has taken from a process of this node, and tells the
    /// process.
    pub fn name_is_lost(&self, name: &str, holder: warren_kernel::Pid) {
        let kernel = &self.shared.kernel;
        let Some(process) = kernel.process(holder) else {
            return;
        };
        lose_name(kernel, name, &process, self.now().wall);
    }

    fn far_signal(&self, caller: &FarCaller, ask: FarAsk) -> Result<FarAnswer, Error> {
        let kernel = &self.shared.kernel;
        match ask {
            FarAsk::Send { to, topic, payload } => {
                let target = self.permitted(caller, Action::Send, &to)?;
                let from = Some(&*caller.process.text);
                let cause = caller.cause.filter(|_| self.shared.traces.is_some());
                kernel.send_from(from, &target, &topic, &payload, cause)?;
            }
            FarAsk::Cancel { to, within, reason } => {
                let target = self.permitted(caller, Action::Cancel, &to)?;
                let judge = self.judge_of(caller);
                let enforce = within.is_some()
                    && judge.is_none_or(|judge| {
                        let question = question(Action::Terminate, &target);
                        judge.decide(&question).1.allowed
                    });
                let now = self.now();
                let deadline = within.map(|after| now.after(after));
                let from = &*caller.process.text;
                let deadline = (deadline, enforce);
                kernel.cancel_from(from, &target, deadline, reason.as_deref(), now)?;
            }
            FarAsk::Terminate { to } => {
                let target = self.permitted(caller, Action::Terminate, &to)?;
                kernel.terminate(&target)?;
            }
            FarAsk::Tie { to, change } => self.far_tie(caller, &to, change)?,
            FarAsk::Member { to, group, joins } => {
                let changed = self.far_member(caller, &to, &group, joins)?;
                return Ok(FarAnswer::Number(u64::from(changed)));
            }
            FarAsk::Load { host } => {
                return Ok(FarAnswer::Number(kernel.host(&host)?.live() as u64));
            }
            // Handled by the caller: these take time.
            FarAsk::Spawn(_)
            | FarAsk::Exec(_)
            | FarAsk::Watch { .. }
            | FarAsk::Register { .. }
            | FarAsk::Unregister { .. } => {
                return Err(Error::internal("a request that takes time is no signal"));
            }
        }
        Ok(FarAnswer::Done)
    }

    /// Lets a process join or leave a group, if the caller may. Returns whether it did.
    fn far_member(
        &self,
        caller: &FarCaller,
        to: &FarPid,
        group: &str,
        joins: bool,
    ) -> Result<bool, Error> {
        NAME.check("group", group.len())?;
        let kernel = &self.shared.kernel;
        let process = kernel.resolve(&to.text)?;
        if let Some(judge) = self.judge_of(caller) {
            let target = codec::text(process.text());
            let attributes = codec::pairs(&[("target", &target)]);
            let action = if joins { JOIN } else { LEAVE };
            judge.permit_asked(&question_of(action, group, attributes))?;
        }
        if !joins {
            return kernel.leave_group(group, &process);
        }
        kernel.join_group(group, &process)?;
        Ok(true)
    }

    /// Begins to give a process a name of the cluster, if the caller may.
    fn far_register(
        &self,
        caller: &FarCaller,
        to: &FarPid,
        name: String,
    ) -> Result<BoxFuture<'static, Result<u32, Error>>, Error> {
        NAME.check("name", name.len())?;
        let kernel = &self.shared.kernel;
        let process = kernel.resolve(&to.text)?;
        if let Some(judge) = self.judge_of(caller) {
            judge.permit_asked(&registration_of(kernel, &name, &process))?;
        }
        let taken = taking_name(self.remote()?, Arc::clone(kernel), name, process)?;
        Ok(taken.boxed())
    }

    /// Begins to take a name of the cluster from a process, if the caller may. The process
    /// is told.
    fn far_unregister(
        &self,
        caller: &FarCaller,
        to: FarPid,
        name: String,
    ) -> Result<BoxFuture<'static, Result<u64, Error>>, Error> {
        NAME.check("name", name.len())?;
        if let Some(judge) = self.judge_of(caller) {
            judge.permit(Action::Unregister, Resource::Name(name.clone()))?;
        }
        let remote = self.remote()?;
        let process = self.shared.kernel.resolve(&to.text);
        let taken = taken_back(remote, name.clone(), to);
        let shared = Arc::clone(&self.shared);
        Ok(async move {
            let names = taken.await?;
            if let (1.., Ok(process)) = (names, process) {
                let at = shared.now().wall;
                lose_name(&shared.kernel, &name, &process, at);
            }
            Ok(names)
        }
        .boxed())
    }

    fn remote(&self) -> Result<Arc<dyn Remote>, Error> {
        let remote = self.shared.remote.as_ref().map(Arc::clone);
        remote.ok_or_else(|| Error::internal("the program runs without a cluster"))
    }

    /// Takes the end of a process that the caller's node has started and watches from before
    /// it ran.
    fn kept_end(&self, caller: &FarCaller, to: &FarPid) -> Option<oneshot::Receiver<ProcessEnd>> {
        let own = self.shared.kernel.node()?;
        let starter = &caller.process.address.node;
        let kept = || self.far_ends.take(to.address.pid, starter);
        to.is_of(own).then(kept).flatten()
    }

    /// Watches a process, which tells what a monitor tells.
    fn far_watch(&self, caller: &FarCaller, to: &FarPid) -> Result<Running, Error> {
        let target = self.permitted(caller, Action::Monitor, to)?;
        self.observe(&target)
    }

    fn far_tie(&self, caller: &FarCaller, to: &FarPid, change: TieChange) -> Result<(), Error> {
        let kernel = &self.shared.kernel;
        let from = &caller.process;
        match change {
            TieChange::Link => {
                let target = self.permitted(caller, Action::Link, to)?;
                kernel.link_far(&target, from).map(drop)
            }
            TieChange::Monitor => {
                let target = self.permitted(caller, Action::Monitor, to)?;
                kernel.monitored_by_far(&target, from)
            }
            TieChange::Unlink => {
                let target = self.permitted(caller, Action::Unlink, to)?;
                kernel.unlink_far(&target, &from.text);
                Ok(())
            }
            TieChange::Unmonitor => {
                let target = self.permitted(caller, Action::Unmonitor, to)?;
                kernel.unmonitored_by_far(&target, &from.text);
                Ok(())
            }
        }
    }

    /// Finds a process of this node, if the caller may act on it.
    fn permitted(
        &self,
        caller: &FarCaller,
        action: Action,
        to: &FarPid,
    ) -> Result<Arc<Process>, Error> {
        let target = self.shared.kernel.resolve(&to.text)?;
        if let Some(judge) = self.judge_of(caller) {
            judge.permit_asked(&question(action, &target))?;
        }
        Ok(target)
    }

    /// Returns the judge of a caller on another node; `None` if it may do everything.
    fn judge_of(&self, caller: &FarCaller) -> Option<Judge> {
        let node = &caller.process.address.node;
        // A name of the cluster may lead a process back to its own node.
        let is_own = self.shared.kernel.node() == Some(node);
        self.shared.judges.judge(
            || Caller {
                pid: Arc::clone(&caller.process.text),
                definition: Arc::clone(&caller.definition),
                host: Arc::clone(&caller.process.address.host),
                node: (!is_own).then(|| node.name.as_str().into()),
            },
            &caller.actor,
            &caller.scope,
            &caller.context,
        )
    }

    /// Starts a process for a process of another node.
    async fn far_spawn(
        self: Arc<Self>,
        caller: FarCaller,
        start: FarStart,
        awaits: Awaits,
    ) -> Result<(Arc<Process>, oneshot::Receiver<ProcessEnd>), Error> {
        for (_, values) in &start.messages {
            check::values(values).map_err(|why| operand::no_value("messages", why))?;
        }
        let (sender, ended) = oneshot::channel();
        let spawner = Spawner::Far {
            judge: self.judge_of(&caller),
            relation: start.relation,
            awaits,
            ended: Some(sender),
            parent: Box::new(caller.process),
        };
        let inherited = Arc::new(Inherited {
            frame: caller.frame,
            context: caller.context,
            actor: caller.actor,
            scope: caller.scope,
            trace: None,
        });
        let cause = caller.cause.filter(|_| self.shared.traces.is_some());
        let mut own = Start::with_arguments(start.definition, start.host, start.arguments);
        own.context = start.context;
        own.identity = start.identity;
        own.name = start.name;
        own.messages = start.messages;
        own.call = start.call;
        let request = SpawnRequest::new(own, spawner, &inherited, cause);
        let spawned = self.spawn_process(request).await?;
        Ok((spawned.process, ended))
    }
}

/// Frees a name of this node that the cluster has taken from a process, and tells the process.
fn lose_name(kernel: &Kernel, name: &str, process: &Process, at: Timestamp) {
    free_if_held(kernel, name, process);
    if let Some(waker) = process.tell_name_lost(name, at) {
        waker.wake();
    }
}

fn outcome_of(end: Result<ProcessEnd, oneshot::error::RecvError>) -> Result<FarAnswer, Error> {
    match end {
        Ok(end) => Ok(FarAnswer::Ended(end.outcome)),
        // Not reached: every process tells its end.
        Err(_) => Err(Error::internal("the end of the process was not told")),
    }
}

/// Terminates the process of an exec when the exec is abandoned.
struct Callee {
    node: Arc<Node>,
    process: Arc<Process>,
}

impl Drop for Callee {
    fn drop(&mut self) {
        // Fails if the process has ended, as it should have.
        let _ = self.node.shared.kernel.terminate(&self.process);
    }
}

fn question(action: Action, target: &Process) -> Question {
    Question {
        key: Key::process(action, target),
        action: action.as_str().to_owned(),
        resource: Resource::Process(Target::of(target)),
        attributes: Vec::new(),
    }
}

fn question_of(action: &str, group: &str, attributes: Vec<u8>) -> Question {
    let (action, group) = (action.to_owned(), group.to_owned());
    Question {
        key: Key::Asked(Box::new((
            action.clone(),
            group.clone(),
            attributes.clone(),
        ))),
        action,
        resource: Resource::Other(group),
        attributes,
    }
}

fn own_pid(process: &Process) -> Result<FarPid, Error> {
    let pid = FarPid::parse(process.text());
    pid.ok_or_else(|| Error::internal("the process is of no node of a cluster"))
}

/// The error of ties to a node that is down.
fn is_down(node: &str) -> Error {
    let message = format!("node {node} is down");
    Error::new(Kind::Unavailable, message).with("node", node)
}
