//! How a runtime is put together.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;

use warren_engine::security::Authorizer;
use warren_engine::{
    DEFAULT_TICK, HostLimits, Node, NodeConfig, Sink, StandardStreams, StartError,
};
use warren_kernel::{HostConfig, QueueLimits};

use crate::app::{self, App};
use crate::runtime::Runtime;

/// What a [`Runtime`] will be made of; see [`Runtime::builder`].
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    app: App,
    output: Box<dyn Sink>,
    cache: Option<PathBuf>,
    interpreter: Option<Vec<u8>>,
    authorizer: Option<Arc<dyn Authorizer>>,
    workers: Option<NonZeroUsize>,
}

impl Builder {
    pub(crate) fn new(app: App) -> Builder {
        let policies = app.policies().cloned();
        let authorizer = policies.map(|policies| policies as Arc<dyn Authorizer>);
        Builder {
            app,
            output: Box::new(StandardStreams::default()),
            cache: None,
            interpreter: None,
            authorizer,
            workers: None,
        }
    }

    /// Where the output of the processes goes: the standard streams unless set.
    pub fn output(mut self, sink: impl Sink) -> Builder {
        self.output = Box::new(sink);
        self
    }

    /// A directory where compiled code is kept between runs. None unless set:
    /// every start compiles then, which takes seconds. It is made where it is
    /// missing, for its user alone; one that another user owns or may write to
    /// is not used.
    pub fn cache(mut self, directory: impl Into<Option<PathBuf>>) -> Builder {
        self.cache = directory.into();
        self
    }

    /// A Lua interpreter guest in place of the bundled one.
    pub fn interpreter(mut self, wasm: Vec<u8>) -> Builder {
        self.interpreter = Some(wasm);
        self
    }

    /// Who judges what processes ask to do: the program's policies unless set.
    /// Where there are none, processes with an actor or a scope may do nothing that
    /// needs a permission, all others everything.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Builder {
        self.authorizer = Some(authorizer);
        self
    }

    /// How many threads run processes: one for each core unless set.
    pub fn workers(mut self, workers: NonZeroUsize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// Starts the runtime. Its processes run on threads of its own; for what
    /// blocks (compiling, standard input, files) they use the tokio runtime
    /// this is called in, which has to have `enable_all` and to outlive the
    /// processes. No process runs yet, and nothing is compiled.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start(self) -> Result<Runtime, StartError> {
        let hosts = self
            .app
            .hosts()
            .iter()
            .map(|(name, host)| (name.to_string(), limits(host)));
        let main = Arc::clone(self.app.main());
        let host = Arc::clone(self.app.main_host());
        let config = NodeConfig {
            hosts: hosts.collect(),
            definitions: Arc::new(self.app),
            authorizer: self.authorizer,
            cache: self.cache,
            output: self.output,
            interpreter: self.interpreter,
            workers: self.workers,
            tick: DEFAULT_TICK,
        };
        Ok(Runtime::new(Node::start(config)?, main, host))
    }
}

/// What the manifest says of a host, over the defaults.
pub(crate) fn limits(host: &app::HostConfig) -> HostLimits {
    let default = HostLimits::default();
    let queue = &default.processes.queue;
    HostLimits {
        processes: HostConfig {
            max_processes: host
                .max_processes
                .unwrap_or(default.processes.max_processes),
            queue: QueueLimits {
                messages: host.max_queue.messages.unwrap_or(queue.messages),
                bytes: host.max_queue.bytes.unwrap_or(queue.bytes),
            },
            ..default.processes
        },
        max_memory: host.max_memory.unwrap_or(default.max_memory),
    }
}
