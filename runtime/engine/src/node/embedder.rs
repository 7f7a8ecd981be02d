//! What the embedder does without being a process.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use warren_kernel::{Error, Process, Trace, TraceId};

use super::{Node, Running};
use crate::code::native_code::NativeCode;
use crate::guest::{Given, Inherited, Relation, SpawnRequest, arguments_of};
use crate::node::start::Start;
use crate::security::Scope;

impl Node {
    /// The tokio runtime that this was started in.
    pub fn tokio(&self) -> &Handle {
        self.shared.tokio()
    }

    /// Waits, wherever it is polled: the node has a clock of its own.
    pub async fn sleep(&self, duration: Duration) {
        self.shared.sleep(duration).await;
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
        self.shared.meter().set_clock();
        let bound = match &code {
            Some(_) => None,
            None => self
                .shared
                .definitions()
                .definition(&start.definition)?
                .host
                .clone(),
        };
        let (sender, ended) = oneshot::channel();
        let request = SpawnRequest {
            host: bound.map_or(start.host, |host| host.to_string()),
            arguments: arguments_of(start.arguments),
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
        let spawned = self.spawn_process(request).await?;
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
        self.shared.meter().set_clock();
        let Some(traces) = self.shared.traces() else {
            return self.shared.kernel().send(None, to, topic, values);
        };
        let sent = traces.send(
            self.shared.kernel(),
            None,
            to,
            (topic, values),
            self.begins(trace),
        );
        self.shared.pass_on_traces(None);
        sent
    }

    /// The beginning of a chain of this number.
    fn begins(&self, trace: Option<TraceId>) -> Option<Trace> {
        let id = trace.filter(|_| self.shared.traces().is_some())?;
        Some(Trace { id, message: 0 })
    }

    /// The scope that the operator gave this name.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        self.shared.named_scope(name)
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
