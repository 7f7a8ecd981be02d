//! Starting processes.

use std::future::Future;
use std::mem;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use tracing::Instrument;
use warren_kernel::{Error, Host, Kind, Origin, Outcome, Process, Spawn, Spawned};

use super::Node;
use crate::code::definition::Code;
use crate::code::program::Program;
use crate::guest::{Ended, Inherited, Run, SpawnRequest};
use crate::limits::{INSTANCE, TASK};
use crate::node::start::Start;
use crate::node::task::{self, Presence as _};
use crate::security::{Action, Event, Identity, Operation, Resource};

/// A process that the embedder started or observes.
#[derive(Debug)]
pub struct Running {
    process: Arc<Process>,
    ended: oneshot::Receiver<Ended>,
}

impl Running {
    /// The process.
    pub fn process(&self) -> &Arc<Process> {
        &self.process
    }

    /// Waits for the end of the process.
    pub async fn wait(&mut self) -> Ended {
        match (&mut self.ended).await {
            Ok(ended) => ended,
            // Not reached: every `Presence` tells.
            Err(_) => Ended {
                outcome: Arc::new(Outcome::Failed(Box::new(unfinished()))),
                status: None,
            },
        }
    }
}

impl Running {
    /// Makes a value from a process and the receiver of its end.
    pub(super) fn new(process: Arc<Process>, ended: oneshot::Receiver<Ended>) -> Running {
        Running { process, ended }
    }

    /// Returns the process, and a future of its end that holds no reference to the
    /// process.
    pub fn into_parts(mut self) -> (Arc<Process>, impl Future<Output = Ended> + Send + 'static) {
        (Arc::clone(&self.process), async move { self.wait().await })
    }
}

impl Node {
    /// Starts the program's first process, which may read standard input and end
    /// the program. It runs in the host to which its definition is bound, or else
    /// in `host`. The arguments are encoded values in one MessagePack array.
    ///
    /// # Errors
    ///
    /// The errors of every spawn; see `wit/process.wit`.
    pub async fn run(
        self: &Arc<Self>,
        definition: &str,
        host: &str,
        arguments: &[u8],
    ) -> Result<Running, Error> {
        let start = Start {
            arguments: arguments.into(),
            ..Start::new(definition, host)
        };
        self.start_process(start, None, true).await
    }

    /// Starts a process. A failed spawn leaves nothing behind.
    pub(crate) async fn spawn_process(
        self: &Arc<Self>,
        mut request: SpawnRequest,
    ) -> Result<Spawned, Error> {
        self.check_open()?;
        request.check_permissions()?;
        let assigned = request.assign_identity(self);
        // An unknown definition is reported before an unknown host.
        if request.code.is_none() {
            self.shared.definitions.definition(&request.definition)?;
        }
        let host = self.shared.kernel.host(&request.host)?;
        self.shared
            .check_arguments(&request.arguments, &host)
            .await?;
        check_inherited(&request.inherited, &host)?;
        let program = match request.code.take() {
            Some(code) => Arc::new(Program::native(request.definition.as_str().into(), code)),
            None => self.program(&request.definition, &host).await?,
        };
        let place = host.reserve()?;
        let room = match &program.definition.code {
            Code::Native(code) => task::Place::Task(code.clone()),
            Code::Lua(_) | Code::Wasm(_) => {
                task::Place::Instance(self.slot(&host, program.artifact()?).await?)
            }
        };
        let is_native = matches!(room, task::Place::Task(_));
        let messages: Vec<_> = request
            .messages
            .iter()
            .map(|(topic, payload)| (topic.as_str(), payload.as_ref()))
            .collect();
        let inherited = &request.inherited;
        let origin = Origin {
            definition: Arc::clone(&program.definition.id),
            frame: Arc::clone(&inherited.frame),
            actor: inherited
                .actor
                .as_ref()
                .map(|actor| actor.id.as_str().into()),
        };
        let mut presence = Presence::new(self, request.ended.take());
        self.check_open()?;
        let spawned = self.shared.kernel.spawn(
            place,
            Spawn {
                parent: request.parent.as_ref(),
                relation: request.relation,
                exec: request.exec,
                name: request.name.as_deref(),
                messages: &messages,
                trace: request.cause,
                base: if is_native { TASK } else { INSTANCE },
                given: inherited.given(&request.arguments),
                origin: Some(&origin),
            },
        )?;
        request.tell_of_identity(self, &spawned.process, &assigned);
        presence.process = Some(Arc::clone(&spawned.process));
        if self.closed.load(Ordering::SeqCst) {
            // `Node::close` may have missed the new process. Fails only if the
            // process has exited.
            let _ = self.shared.kernel.terminate(&spawned.process);
        }
        let span = span_of(&spawned.process, &origin);
        let task = task::Task {
            around: self.surroundings(),
            process: Arc::clone(&spawned.process),
            inherited: request.inherited,
            first: request.first,
            cause: request.cause,
            run: Run {
                program,
                arguments: request.arguments,
            },
            place: room,
            presence,
        };
        let task = task.run().instrument(span);
        if is_native {
            // `Presence` reports the end of the task, even after a panic.
            drop(self.shared.tokio.spawn(task));
        } else {
            self.scheduler.spawn(host.number(), task).detach();
        }
        Ok(spawned)
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::new(
                Kind::Unavailable,
                "cannot start a process: the program is ending",
            ));
        }
        Ok(())
    }
}

impl SpawnRequest {
    /// Checks the spawner's permissions, before anything else is looked up.
    fn check_permissions(&self) -> Result<(), Error> {
        let Some(judge) = &self.judge else {
            return Ok(());
        };
        let operation = if self.exec {
            Operation::Exec
        } else {
            Operation::spawn(self.relation)
        };
        for action in operation.actions() {
            let resource = match action {
                Action::Host => Resource::Host(self.host.clone()),
                _ => Resource::Definition(self.definition.clone()),
            };
            judge.permit(*action, resource)?;
        }
        if self.given.context {
            judge.permit(Action::Context, Resource::Context)?;
        }
        if self.given.identity {
            judge.permit(Action::Security, Resource::Security)?;
        }
        match &self.name {
            Some(name) => judge.permit(Action::Register, Resource::Name(name.clone())),
            None => Ok(()),
        }
    }

    /// Replaces the inherited identity by the one that the embedder or the operator
    /// assigns, and returns the assigned one. The operator assigns by definition
    /// and host.
    fn assign_identity(&mut self, node: &Node) -> Identity {
        let identity = mem::take(&mut self.assigned)
            .or(node.shared.judges.identity(&self.definition, &self.host));
        if identity != Identity::default() {
            let inherited = Arc::make_mut(&mut self.inherited);
            if let Some(actor) = &identity.actor {
                inherited.actor = Some(Arc::clone(actor));
            }
            if let Some(scope) = &identity.scope {
                inherited.scope = Some(Arc::clone(scope));
            }
        }
        identity
    }

    fn tell_of_identity(&self, node: &Node, process: &Process, assigned: &Identity) {
        if let (true, Some(judge)) = (self.given.identity, &self.judge) {
            let identity = Identity {
                actor: self.inherited.actor.clone(),
                scope: self.inherited.scope.clone(),
            };
            judge.has_granted(process.text(), &self.definition, &identity);
        } else if let (true, Some(authorizer)) = (
            *assigned != Identity::default(),
            node.shared.judges.authorizer(),
        ) {
            authorizer.observe(&Event::Granted {
                by: None,
                pid: process.text(),
                definition: &self.definition,
                actor: assigned.actor.as_deref(),
                scope: assigned.scope.as_deref(),
            });
        }
    }
}

/// The tracing span of a process. If no subscriber wants spans, the cost is one
/// check at each poll.
fn span_of(process: &Process, origin: &Origin) -> tracing::Span {
    tracing::debug_span!(
        target: "warren::span",
        "process",
        pid = &**process.text(),
        frame = &*origin.frame,
        definition = &*origin.definition,
        host = process.host().name(),
        actor = origin.actor.as_deref(),
    )
}

/// Counts a process from before it is visible until its task has ended, and tells
/// the embedder how the process ended. It does so even if the task panics.
pub(crate) struct Presence {
    node: Arc<Node>,
    process: Option<Arc<Process>>,
    ended: Option<oneshot::Sender<Ended>>,
}

impl Presence {
    fn new(node: &Arc<Node>, ended: Option<oneshot::Sender<Ended>>) -> Presence {
        node.present.fetch_add(1, Ordering::SeqCst);
        Presence {
            node: Arc::clone(node),
            process: None,
            ended,
        }
    }

    /// Ends a process whose task was dropped before its end.
    fn end(&mut self, process: &Arc<Process>) {
        let kernel = &self.node.shared.kernel;
        let exiting = kernel.exit(process, Outcome::Failed(Box::new(unfinished())));
        let outcome = exiting.outcome().map(Arc::clone);
        exiting.finish(self.node.now());
        if let Some(outcome) = outcome {
            self.tell(Ended {
                outcome,
                status: None,
            });
        }
    }
}

impl task::Presence for Presence {
    fn tell(&mut self, ended: Ended) {
        if let Some(process) = &self.process {
            self.node.waiters.tell(process.pid(), &ended);
        }
        if let Some(sender) = self.ended.take() {
            // Fails only if the receiver was dropped.
            let _ = sender.send(ended);
        }
    }
}

/// The error of a process whose task was dropped: code of the embedder panicked, or
/// the tokio runtime of a host function process is gone.
fn unfinished() -> Error {
    if std::thread::panicking() {
        Error::internal("the task of the process panicked")
    } else {
        Error::new(Kind::Canceled, "the task of the process was dropped")
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(process) = self.process.clone()
            && !process.has_exited()
        {
            self.end(&process);
        }
        self.node.present.fetch_sub(1, Ordering::SeqCst);
        self.node.end_events_after_the_last();
        self.node.ended.notify_waiters();
    }
}

/// Limits context, actor and scope together like a message, since they are passed
/// on from process to process.
fn check_inherited(inherited: &Inherited, host: &Host) -> Result<(), Error> {
    let (bytes, limit) = (inherited.bytes(), host.config().max_message);
    if bytes <= limit {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "context, actor and scope are {bytes} bytes, more than max_message of host {} ({limit})",
        host.name()
    )))
}
