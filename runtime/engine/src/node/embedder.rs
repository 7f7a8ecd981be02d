//! What the embedder does without being a process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use warren_kernel::{Error, Process, Trace, TraceId};

use super::spawn::Given;
use super::{Node, Relation, Running, SpawnRequest};
use crate::codec;
use crate::guest::Inherited;
use crate::native::NativeCode;
use crate::security::{Identity, Scope};
use crate::{timers, traces};

/// What a process starts with. Values are encoded; see `docs/guest-abi.md`.
#[derive(Clone, Debug)]
pub struct Start {
    /// The definition's id.
    pub definition: String,
    /// The host. Where the embedder starts a process whose definition is bound
    /// to a host, that one counts.
    pub host: String,
    /// One array of values; none where it is empty.
    pub arguments: Arc<[u8]>,
    /// Context values by key.
    pub context: BTreeMap<String, Arc<[u8]>>,
    /// What it acts as, in place of what the operator gives processes of its
    /// definition and host.
    pub identity: Identity,
    /// A name, claimed together with the start.
    pub name: Option<String>,
    /// Topics and arrays of values, queued before anything else.
    pub messages: Vec<(String, Arc<[u8]>)>,
    /// The chain of messages that it belongs to, where messages are traced; see
    /// [`NodeConfig::trace_messages`](crate::NodeConfig::trace_messages).
    pub trace: Option<TraceId>,
}

impl Start {
    /// A definition in a host, without anything else.
    pub fn new(definition: impl Into<String>, host: impl Into<String>) -> Start {
        Start {
            definition: definition.into(),
            host: host.into(),
            arguments: codec::NO_VALUES.into(),
            context: BTreeMap::new(),
            identity: Identity::default(),
            name: None,
            messages: Vec::new(),
            trace: None,
        }
    }

    /// The arguments as they are passed on.
    pub(crate) fn values(arguments: Arc<[u8]>) -> Arc<[u8]> {
        if arguments.is_empty() {
            codec::NO_VALUES.into()
        } else {
            arguments
        }
    }
}

impl Node {
    /// The tokio runtime that this was started in.
    pub fn tokio(&self) -> &Handle {
        &self.tokio
    }

    /// Waits, wherever it is polled: the node has a clock of its own.
    pub async fn sleep(&self, duration: Duration) {
        self.timers.at(timers::after(duration)).await;
    }

    /// Starts a process at the head of a new chain of calls. `code` is for a
    /// process whose code no definition names; `first` for the program's first,
    /// which may read standard input and end the program.
    ///
    /// Dropped before it is ready, this has started nothing.
    ///
    /// # Errors
    ///
    /// As for every spawn; see `wit/process.wit`.
    pub async fn start_process(
        self: &Arc<Self>,
        start: Start,
        code: Option<NativeCode>,
        first: bool,
    ) -> Result<Running, Error> {
        self.meter().set_clock();
        let bound = match &code {
            Some(_) => None,
            None => self.definitions.definition(&start.definition)?.host.clone(),
        };
        let (sender, ended) = oneshot::channel();
        let request = SpawnRequest {
            host: bound.map_or(start.host, |host| host.to_string()),
            arguments: Start::values(start.arguments),
            parent: None,
            judge: None,
            relation: Relation::Related {
                monitored: false,
                linked: false,
            },
            inherited: Arc::new(Inherited {
                frame: self.new_frame(&start.definition),
                context: Arc::new(start.context),
                actor: None,
                scope: None,
            }),
            given: Given::default(),
            assigned: start.identity,
            definition: start.definition,
            code,
            name: start.name,
            messages: start.messages,
            cause: self.begins(start.trace),
            first,
            ended: Some(sender),
        };
        let spawned = self.spawn(request).await?;
        Ok(Running::new(spawned.process, ended))
    }

    /// Sends a message from nobody, which begins a chain of this number, or of a
    /// new one.
    ///
    /// # Errors
    ///
    /// As for [`Kernel::send`](warren_kernel::Kernel::send).
    pub fn send(
        &self,
        to: &Process,
        topic: &str,
        values: &[u8],
        trace: Option<TraceId>,
    ) -> Result<(), Error> {
        self.meter().set_clock();
        let Some(traces) = self.traces() else {
            return self.kernel.send(None, to, topic, values);
        };
        let sent = traces.send(&self.kernel, None, to, (topic, values), self.begins(trace));
        traces::pass_on(self, None);
        sent
    }

    /// The beginning of a chain of this number.
    fn begins(&self, trace: Option<TraceId>) -> Option<Trace> {
        let id = trace.filter(|_| self.traces().is_some())?;
        Some(Trace { id, message: 0 })
    }

    /// The scope that the operator gave this name.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        let authorizer = self.judges.authorizer();
        authorizer
            .and_then(|authorizer| authorizer.named_scope(name))
            .ok_or_else(|| Error::not_found(format!("no scope is called `{name}`")))
    }

    /// Waits for the end of a process, whoever started it.
    ///
    /// # Errors
    ///
    /// `NotFound` where it has ended.
    pub fn observe(&self, process: &Arc<Process>) -> Result<Running, Error> {
        let ended = self
            .observers
            .observe(process.pid(), || process.has_exited());
        match ended {
            Some(ended) => Ok(Running::new(Arc::clone(process), ended)),
            None => Err(Error::not_found(format!(
                "no such process: {}",
                process.text()
            ))),
        }
    }
}
