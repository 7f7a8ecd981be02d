//! Spawn and exec, and the request that they and the embedder make of the node.

use std::sync::Arc;

use tokio::sync::oneshot;
use warren_kernel::{Error, FarPid, NodeId, Process, Relation, Spawned, Subscription, Trace};

use super::{Guest, Inherited, ProcessEnd, Start};
use crate::code::definition::Definitions;
use crate::code::native_code::NativeCode;
use crate::codec::NO_VALUES;
use crate::security::{Action, Identity, Judge, Judges, Operation, Resource};

impl Guest {
    /// Starts a process; returns its PID.
    pub(crate) async fn spawn(
        &mut self,
        mut start: Start,
        relation: Relation,
    ) -> Result<Arc<str>, Error> {
        if let Some(node) = self.far_node(&mut start, relation, Awaits::Nothing).await? {
            return Box::pin(self.spawn_far(node, start, relation)).await;
        }
        let spawned = self.start_child(start, relation, Awaits::Nothing).await?;
        Ok(Arc::clone(spawned.process.text()))
    }

    /// Starts a process and watches it from before it runs; returns its PID and the
    /// subscription that yields its outcome.
    pub(crate) async fn spawn_watched(
        &mut self,
        mut start: Start,
        relation: Relation,
    ) -> Result<(Arc<str>, Subscription), Error> {
        if let Some(node) = self.far_node(&mut start, relation, Awaits::End).await? {
            return Box::pin(self.spawn_watched_far(node, start, relation)).await;
        }
        let spawned = self.start_child(start, relation, Awaits::End).await?;
        let pid = Arc::clone(spawned.process.text());
        Ok((pid, subscription_of(&spawned)?))
    }

    /// Starts a process; returns the subscription that yields its outcome.
    pub(crate) async fn exec(&mut self, mut start: Start) -> Result<Subscription, Error> {
        let relation = Relation::default();
        if let Some(node) = self.far_node(&mut start, relation, Awaits::Outcome).await? {
            return self.exec_far(node, start);
        }
        let spawned = self.start_child(start, relation, Awaits::Outcome).await?;
        subscription_of(&spawned)
    }

    async fn start_child(
        &mut self,
        start: Start,
        relation: Relation,
        awaits: Awaits,
    ) -> Result<Spawned, Error> {
        let request = self.spawn_request(start, relation, awaits)?;
        let node = Arc::clone(&self.node);
        self.control.outside(node.spawn(request)).await
    }

    /// Returns the node of a start that is of another one, if this node's policies permit the
    /// start. Takes the name off a host of this node.
    async fn far_node(
        &mut self,
        start: &mut Start,
        relation: Relation,
        awaits: Awaits,
    ) -> Result<Option<NodeId>, Error> {
        if !self.names_node(start) {
            return Ok(None);
        }
        // In boxes: a start on this node does not pay for their size.
        let node = Box::pin(self.is_far(start)).await?;
        if node.is_some() {
            Box::pin(self.permit_far(start, relation, awaits)).await?;
        }
        Ok(node)
    }

    /// Asks this node's policies for a start on another node.
    async fn permit_far(
        &mut self,
        start: &Start,
        relation: Relation,
        awaits: Awaits,
    ) -> Result<(), Error> {
        if self.rights.judge().is_none() {
            return Ok(());
        }
        let mut request = self.spawn_request(start.clone(), relation, awaits)?;
        let node = Arc::clone(&self.node);
        let permit = async move { node.permit_spawn(&mut request) };
        self.control.outside(permit).await
    }

    fn spawn_request(
        &self,
        start: Start,
        relation: Relation,
        awaits: Awaits,
    ) -> Result<SpawnRequest, Error> {
        let spawner = Spawner::Process {
            process: Arc::clone(self.process()?),
            judge: self.rights.judge().cloned(),
            relation,
            awaits,
        };
        let cause = self.control.cause().get();
        Ok(SpawnRequest::new(start, spawner, self.inherited()?, cause))
    }
}

/// Returns the subscription of a process whose end or outcome is awaited.
fn subscription_of(spawned: &Spawned) -> Result<Subscription, Error> {
    spawned
        .exec
        .ok_or_else(|| Error::internal("the process was started without a subscription"))
}

/// News of a new process that its spawner waits for by a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Awaits {
    /// None.
    Nothing,
    /// The end. The process goes on if the spawner ends or gives up the watch.
    End,
    /// The outcome of an exec. The process is terminated if the spawner ends or gives up
    /// the exec.
    Outcome,
}

/// A start, with the one that asks for it.
pub(crate) struct SpawnRequest {
    pub(crate) start: Start,
    pub(crate) spawner: Spawner,
    /// The values that the new process inherits, with those of `start` over them.
    pub(crate) inherited: Arc<Inherited>,
    /// The message that the spawner handles, if messages are traced.
    pub(crate) cause: Option<Trace>,
}

/// The one that asks for a new process.
pub(crate) enum Spawner {
    /// A process.
    Process {
        process: Arc<Process>,
        /// Absent if the process may do everything.
        judge: Option<Judge>,
        relation: Relation,
        awaits: Awaits,
    },
    /// A process of another node.
    Far {
        /// Boxed: a start on this node does not pay for its size.
        parent: Box<FarPid>,
        /// The judge of the caller by this node's policies; absent if it may do everything.
        judge: Option<Judge>,
        relation: Relation,
        awaits: Awaits,
        /// Receives the end of the process; taken when the process is made.
        ended: Option<oneshot::Sender<ProcessEnd>>,
    },
    /// The embedder, which is no process and may do everything.
    Embedder {
        /// Code of a host function process that no definition names; the definition of
        /// the start is then only its name.
        code: Option<NativeCode>,
        /// True for the program's first process.
        first: bool,
        /// Receives the end of the process; taken when the process is made.
        ended: Option<oneshot::Sender<ProcessEnd>>,
    },
}

impl Spawner {
    /// Code that no definition names.
    pub(crate) fn code(&self) -> Option<&NativeCode> {
        match self {
            Spawner::Process { .. } | Spawner::Far { .. } => None,
            Spawner::Embedder { code, .. } => code.as_ref(),
        }
    }

    /// Returns true if the new process is the program's first.
    pub(crate) fn starts_first(&self) -> bool {
        matches!(self, Spawner::Embedder { first: true, .. })
    }

    /// Returns true for the embedder.
    pub(crate) fn is_embedder(&self) -> bool {
        matches!(self, Spawner::Embedder { .. })
    }

    /// Takes the sender that is to report the end of the process.
    pub(crate) fn take_ended(&mut self) -> Option<oneshot::Sender<ProcessEnd>> {
        match self {
            Spawner::Process { .. } => None,
            Spawner::Far { ended, .. } | Spawner::Embedder { ended, .. } => ended.take(),
        }
    }
}

impl SpawnRequest {
    /// Returns the request of a spawner that has these inherited values itself.
    pub(crate) fn new(
        mut start: Start,
        spawner: Spawner,
        inherited: &Arc<Inherited>,
        cause: Option<Trace>,
    ) -> SpawnRequest {
        if start.arguments.is_empty() {
            start.arguments = NO_VALUES.into();
        }
        SpawnRequest {
            inherited: inherited.handed_on(&start),
            start,
            spawner,
            cause,
        }
    }

    /// Checks the spawner's permissions, before anything else is looked up. Chooses the
    /// host if the start names none, once the definition is permitted.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`; those of [`Definitions::definition`] without a host.
    pub(crate) fn check_permissions(&mut self, definitions: &dyn Definitions) -> Result<(), Error> {
        let (judge, relation, awaits) = match &self.spawner {
            Spawner::Process {
                judge,
                relation,
                awaits,
                ..
            } => (judge, relation, *awaits),
            Spawner::Far {
                judge,
                relation,
                awaits,
                ..
            } => (judge, relation, *awaits),
            Spawner::Embedder { .. } => return Ok(()),
        };
        let start = &mut self.start;
        let call = awaits == Awaits::Outcome && start.call;
        let Some(judge) = judge else {
            return start.choose_host(definitions);
        };
        let operation = match awaits {
            Awaits::Outcome if call => Operation::Call,
            Awaits::Outcome => Operation::Exec,
            Awaits::Nothing => Operation::spawn(*relation),
            // A watch tells what a monitor tells.
            Awaits::End => Operation::spawn(Relation {
                monitored: true,
                ..*relation
            }),
        };
        for action in operation.actions() {
            let resource = match action {
                Action::Host => {
                    start.choose_host(definitions)?;
                    Resource::Host(start.host.clone())
                }
                _ => Resource::Definition(start.definition.clone()),
            };
            judge.permit(*action, resource)?;
        }
        if !start.context.is_empty() {
            let action = if call {
                Action::CallContext
            } else {
                Action::Context
            };
            judge.permit(action, Resource::Context)?;
        }
        if !start.identity.is_empty() {
            let action = if call {
                Action::CallSecurity
            } else {
                Action::Security
            };
            judge.permit(action, Resource::Security)?;
        }
        match &start.name {
            Some(name) => judge.permit(Action::Register, Resource::Name(name.clone())),
            None => Ok(()),
        }
    }

    /// Returns the identity that the embedder or the operator assigns to the new process.
    /// The operator assigns by definition and host.
    pub(crate) fn assigned(&self, judges: &Judges, host: &str) -> Identity {
        let start = &self.start;
        let by_operator = judges.identity(&start.definition, host);
        match self.spawner {
            Spawner::Process { .. } | Spawner::Far { .. } => by_operator,
            Spawner::Embedder { .. } => start.identity.clone().or(by_operator),
        }
    }

    /// Replaces the inherited identity by the assigned one.
    pub(crate) fn act_for(&mut self, assigned: &Identity) {
        if !assigned.is_empty() {
            Arc::make_mut(&mut self.inherited).act_for(assigned);
        }
    }
}
