//! Operations of the embedder, which is no process.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use warren_kernel::{Error, Process, Trace, TraceId};

use super::{Node, Running};
use crate::code::native_code::NativeCode;
use crate::guest::{Inherited, SpawnRequest, Spawner, Start};
use crate::host_limits::DEFAULT_HOST;
use crate::security::{Action, Caller, Resource, Scope};

impl Node {
    /// The tokio runtime in which the node was started.
    pub fn tokio(&self) -> &Handle {
        &self.shared.tokio
    }

    /// Sleeps on the clock of the processes; works outside a tokio runtime.
    pub async fn sleep(&self, duration: Duration) {
        self.shared.sleep(duration).await;
    }

    /// Sleeps on the clock of the machine, also in virtual time; works outside a tokio
    /// runtime.
    pub async fn real_sleep(&self, duration: Duration) {
        self.shared.real_sleep(duration).await;
    }

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

    /// Starts a process with a new frame. `code` is the code of a host function
    /// process that no definition names. `first` marks the program's first process,
    /// which may read standard input and end the program.
    ///
    /// No process starts if the future is dropped before it is ready.
    ///
    /// # Errors
    ///
    /// The errors of every spawn; see `wit/process.wit`.
    pub async fn start_process(
        self: &Arc<Self>,
        start: Start,
        code: Option<NativeCode>,
        first: bool,
    ) -> Result<Running, Error> {
        self.shared.meter.set_clock();
        let _busy = self.busy();
        if code.is_none() {
            // Names of definitions that do not exist begin no frame.
            self.definition(&start.definition)?;
        }
        let (sender, ended) = oneshot::channel();
        let spawner = Spawner::Embedder {
            code,
            first,
            ended: Some(sender),
        };
        let inherited = Inherited::beginning(self.frames.begin(&start.definition));
        let cause = self.begins(start.trace);
        let request = SpawnRequest::new(start, spawner, &inherited, cause);
        let spawned = Arc::clone(self).spawn_process(request).await?;
        Ok(Running::new(spawned.process, ended))
    }

    /// Sends a message without a sender. Its trace id is `trace`, or a new one.
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
        self.shared.meter.set_clock();
        let Some(traces) = &self.shared.traces else {
            return self.shared.kernel.send(None, to, topic, values);
        };
        let sent = traces.send(
            &self.shared.kernel,
            None,
            to,
            (topic, values),
            self.begins(trace),
        );
        self.shared.pass_on_traces(None);
        sent
    }

    /// The start of a trace of this id, if messages are traced.
    fn begins(&self, trace: Option<TraceId>) -> Option<Trace> {
        let id = trace.filter(|_| self.shared.traces.is_some())?;
        Some(Trace { id, message: 0 })
    }

    /// The scope that the operator has defined under this name.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        self.shared.named_scope(name)
    }

    /// Refuses an action that a process of a definition, started by the embedder, would not
    /// be permitted: one with the actor and the scope that the operator assigns. For what the
    /// runtime does before there is such a process.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`; `NotFound` and `Unavailable` for the definition.
    pub fn permit(
        &self,
        definition: &str,
        action: Action,
        resource: Resource,
    ) -> Result<(), Error> {
        let definition = self.definition(definition)?;
        let host = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
        let identity = self.shared.judges.identity(&definition.id, host);
        let judge = self.shared.judges.judge(
            || Caller {
                pid: "".into(),
                definition: Arc::clone(&definition.id),
                host: host.into(),
                node: None,
            },
            &identity.actor,
            &identity.scope,
            &Arc::default(),
        );
        match judge {
            Some(judge) => judge.permit(action, resource),
            None => Ok(()),
        }
    }

    /// Observes the end of a process, even one that another process started.
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended.
    pub fn observe(&self, process: &Arc<Process>) -> Result<Running, Error> {
        let ended = self.waiters.add(process.pid(), || process.has_exited());
        match ended {
            Some(ended) => Ok(Running::new(Arc::clone(process), ended)),
            None => Err(Error::not_found(format!(
                "process not found: {}",
                process.text()
            ))),
        }
    }
}
