//! Starting processes.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::sync::oneshot;
use warren_kernel::{Error, Host, Kind, Outcome, Process, Spawn, Spawned};

use super::Node;
use crate::codec;
use crate::guest::{Inherited, Run};
use crate::task;

/// How a new process is tied to its spawner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// By a monitor, a link, both or neither.
    Related { monitored: bool, linked: bool },
    /// The spawner waits for its outcome.
    Exec,
}

/// Everything a spawn says.
pub(crate) struct SpawnRequest {
    pub(crate) definition: String,
    pub(crate) host: String,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
    /// Absent where the embedder spawns.
    pub(crate) parent: Option<Arc<Process>>,
    pub(crate) relation: Relation,
    pub(crate) inherited: Arc<Inherited>,
    pub(crate) name: Option<String>,
    pub(crate) messages: Vec<(String, Arc<[u8]>)>,
    /// Whether it is the program's first process.
    pub(crate) first: bool,
    /// Told how it ended.
    pub(crate) ended: Option<oneshot::Sender<Ended>>,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its result or error.
    pub outcome: Arc<Outcome>,
    /// The status it asked for, where it called for an exit.
    pub status: Option<i32>,
}

/// A process the embedder started.
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

    /// Waits for its end.
    pub async fn wait(&mut self) -> Ended {
        match (&mut self.ended).await {
            Ok(ended) => ended,
            // Only where its task was dropped: it panicked.
            Err(_) => Ended {
                outcome: Arc::new(Outcome::Failed(Box::new(Error::new(
                    Kind::Canceled,
                    "the task of the process was dropped",
                )))),
                status: None,
            },
        }
    }
}

impl Node {
    /// Starts the program's first process, the one that may read standard
    /// input and end the program, in the host its definition is bound to or
    /// else in this one. Arguments are encoded values, one
    /// MessagePack array.
    ///
    /// # Errors
    ///
    /// As for every spawn; see `wit/process.wit`.
    pub async fn run(
        self: &Arc<Self>,
        definition: &str,
        host: &str,
        arguments: &[u8],
    ) -> Result<Running, Error> {
        let bound = self.definitions.definition(definition)?.host.clone();
        let host = bound.as_deref().unwrap_or(host);
        let (sender, ended) = oneshot::channel();
        let values = if arguments.is_empty() {
            codec::NO_VALUES
        } else {
            arguments
        };
        let request = SpawnRequest {
            definition: definition.to_owned(),
            host: host.to_owned(),
            arguments: values.into(),
            parent: None,
            relation: Relation::Related {
                monitored: false,
                linked: false,
            },
            inherited: Arc::new(Inherited {
                frame: self.new_frame(definition),
                context: Arc::new(BTreeMap::new()),
                actor: None,
                scope: None,
            }),
            name: None,
            messages: Vec::new(),
            first: true,
            ended: Some(sender),
        };
        let spawned = self.spawn(request).await?;
        Ok(Running {
            process: spawned.process,
            ended,
        })
    }

    /// Starts a process. Nothing is left behind where it fails.
    pub(crate) async fn spawn(self: &Arc<Self>, request: SpawnRequest) -> Result<Spawned, Error> {
        self.check_open()?;
        // An unknown definition is said before an unknown host.
        self.definitions.definition(&request.definition)?;
        let host = self.kernel.host(&request.host)?;
        check_arguments(&request.arguments, &host)?;
        check_inherited(&request.inherited, &host)?;
        let program = self.program(&request.definition, &host).await?;
        let place = host.reserve()?;
        let slot = self.slot(&host, &program.artifact).await?;
        let messages: Vec<_> = request
            .messages
            .iter()
            .map(|(topic, payload)| (topic.as_str(), payload.as_ref()))
            .collect();
        let (monitored, linked) = match request.relation {
            Relation::Related { monitored, linked } => (monitored, linked),
            Relation::Exec => (false, false),
        };
        let mut presence = Presence::new(self);
        self.check_open()?;
        let spawned = self.kernel.spawn(
            place,
            Spawn {
                parent: request.parent.as_ref(),
                monitored,
                linked,
                exec: request.relation == Relation::Exec,
                name: request.name.as_deref(),
                messages: &messages,
            },
        )?;
        presence.process = Some(Arc::clone(&spawned.process));
        if self.closed.load(Ordering::SeqCst) {
            // Whoever ends all processes may not have seen it. Fails only where
            // it has.
            let _ = self.kernel.terminate(&spawned.process);
        }
        let task = task::Task {
            node: Arc::clone(self),
            presence,
            process: Arc::clone(&spawned.process),
            inherited: request.inherited,
            first: request.first,
            run: Run {
                program,
                arguments: request.arguments,
            },
            slot,
            ended: request.ended,
        };
        self.scheduler.spawn(task.run()).detach();
        Ok(spawned)
    }

    fn check_open(&self) -> Result<(), Error> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::new(Kind::Unavailable, "the program is ending"));
        }
        Ok(())
    }
}

/// Counts a process from before it can be found until its task has ended,
/// however that ends.
pub(crate) struct Presence {
    node: Arc<Node>,
    process: Option<Arc<Process>>,
}

impl Presence {
    fn new(node: &Arc<Node>) -> Presence {
        node.present.fetch_add(1, Ordering::SeqCst);
        Presence {
            node: Arc::clone(node),
            process: None,
        }
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        if let Some(process) = &self.process
            && !process.has_exited()
        {
            // The task did not come to its end: it panicked.
            let error = Error::internal("the task of the process was dropped");
            let exiting = self
                .node
                .kernel
                .exit(process, Outcome::Failed(Box::new(error)));
            exiting.finish(self.node.now());
        }
        self.node.present.fetch_sub(1, Ordering::SeqCst);
        self.node.ended.notify_waiters();
    }
}

/// Arguments are limited like messages.
///
/// # Errors
///
/// `Invalid`, naming the limit.
pub(crate) fn check_arguments(arguments: &[u8], host: &Host) -> Result<(), Error> {
    let limit = host.config().max_message;
    if arguments.len() <= limit {
        return Ok(());
    }
    Err(Error::invalid(format!(
        "the arguments are {} bytes, more than max_message of host {} ({limit})",
        arguments.len(),
        host.name()
    )))
}

/// Context, actor and scope are limited like messages, all together: they are
/// passed on from process to process.
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
