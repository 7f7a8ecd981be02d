//! Requests and news of other nodes of the cluster.
//!
//! A request is judged by this node's policies, for the caller with its actor, its scope and its
//! context. Signals act before the call returns, in the order in which they come.

use std::sync::Arc;

use tokio::sync::oneshot;
use warren_kernel::{Error, FarEnd, FarPid, Kind, NodeId, Outcome, Process};

use super::{Node, Running};
use crate::codec::check;
use crate::guest::far::{LARGEST, free_if_held};
use crate::guest::{Inherited, SpawnRequest, Spawner, Start, settled_outcome};
use crate::operand;
use crate::remote::{
    FarAnswer, FarAsk, FarCaller, FarEvent, FarReply, FarRequest, FarStart, TieChange,
};
use crate::security::{Action, Caller, Judge, Key, Question, Resource, Target};

/// The action of a message to a group.
const BROADCAST: &str = "pg.broadcast";

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
                return match self.far_watch(&caller, &to) {
                    Ok(mut running) => FarReply::Later(Box::pin(async move {
                        Ok(FarAnswer::Ended(running.wait().await.outcome))
                    })),
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
                let (process, _) = node.far_spawn(caller, *start, false).await?;
                Ok(FarAnswer::Spawned(own_pid(&process)?))
            }),
            true => Box::pin(async move {
                let (process, ended) = node.clone().far_spawn(caller, *start, true).await?;
                let _callee = Callee { node, process };
                match ended.await {
                    Ok(end) => Ok(FarAnswer::Ended(end.outcome)),
                    // Not reached: every process tells its end.
                    Err(_) => Err(Error::internal("the end of the process was not told")),
                }
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
        let question = Question {
            key: Key::Asked(Box::new((
                action.to_owned(),
                resource.to_owned(),
                Vec::new(),
            ))),
            action: action.to_owned(),
            resource: Resource::Other(resource.to_owned()),
            attributes: Vec::new(),
        };
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
        free_if_held(kernel, name, &process);
        if let Some(waker) = process.tell_name_lost(name, self.now().wall) {
            waker.wake();
        }
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
            FarAsk::Load { host } => {
                return Ok(FarAnswer::Load(kernel.host(&host)?.live() as u64));
            }
            // Handled by the caller: these take time.
            FarAsk::Spawn(_) | FarAsk::Exec(_) | FarAsk::Watch { .. } => {
                return Err(Error::internal("a request that takes time is no signal"));
            }
        }
        Ok(FarAnswer::Done)
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
        exec: bool,
    ) -> Result<(Arc<Process>, oneshot::Receiver<crate::guest::ProcessEnd>), Error> {
        for (_, values) in &start.messages {
            check::values(values).map_err(|why| operand::no_value("messages", why))?;
        }
        let (sender, ended) = oneshot::channel();
        let spawner = Spawner::Far {
            judge: self.judge_of(&caller),
            relation: start.relation,
            exec,
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

fn own_pid(process: &Process) -> Result<FarPid, Error> {
    let pid = FarPid::parse(process.text());
    pid.ok_or_else(|| Error::internal("the process is of no node of a cluster"))
}

/// The error of ties to a node that is down.
fn is_down(node: &str) -> Error {
    let message = format!("node {node} is down");
    Error::new(Kind::Unavailable, message).with("node", node)
}
