//! A running program.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_engine::Node;
use warren_engine::security::Scope;
use warren_kernel::Error;

use crate::app::{self, Service};
use crate::builder::Builder;
use crate::error::CallError;
use crate::handle::Handle;
use crate::native::{self, Context};
use crate::services::{self, ServiceError, Services};
use crate::spawn::Spawn;

/// The processes of one program and what they share. Clones mean the same
/// runtime; any number of runtimes live side by side in one program, and do not
/// see each other.
///
/// When the last clone is dropped, its processes are terminated; nothing waits
/// for that. [`Runtime::shutdown`] ends them in order.
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    node: Arc<Node>,
    /// The definition to start and its host, for a program that has one.
    main: Option<(Arc<str>, Arc<str>)>,
    services: Arc<Services>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.services.abandon();
        self.node.close();
    }
}

impl Runtime {
    /// Begins to put a runtime together.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn new(
        node: Arc<Node>,
        main: Option<(Arc<str>, Arc<str>)>,
        services: Vec<Service>,
    ) -> Runtime {
        let services = Services::new(services);
        Runtime(Arc::new(Inner {
            node,
            main,
            services,
        }))
    }

    /// Starts a process. It is ready when the process can be sent to; dropped
    /// before that, it has started nothing.
    ///
    /// # Errors
    ///
    /// [`CallError::Value`] for arguments that cannot cross. `NotFound`: no such
    /// definition or host. `Invalid`: code that does not compile, with file and
    /// line; a definition that belongs to another host. `RateLimited`: the host
    /// is full. `AlreadyExists`: the name is taken. `Unavailable`: the runtime
    /// is ending.
    pub async fn spawn(&self, spawn: impl Into<Spawn>) -> Result<Handle, CallError> {
        let spawn = spawn.into();
        let is_first = spawn.is_first();
        let start = spawn.untied()?;
        let running = self.0.node.start_process(start, None, is_first).await?;
        Ok(Handle::new(&self.0.node, running))
    }

    /// Starts a process, waits for its end and returns its result. Dropped
    /// before it is ready, this terminates the process.
    ///
    /// # Errors
    ///
    /// As for [`Runtime::spawn`]; [`CallError::Failed`] with the error of the
    /// process; [`CallError::Value`] for a result of another type.
    pub async fn exec<T: DeserializeOwned>(&self, spawn: impl Into<Spawn>) -> Result<T, CallError> {
        let pending = Pending(self.spawn(spawn).await?);
        pending.0.result().await
    }

    /// Starts a process whose code is a Rust function, called once; see
    /// [`Context`]. The definition's id is only what it is called. To let
    /// guests spawn native code, give it to [`Builder::native`].
    ///
    /// # Errors
    ///
    /// As for [`Runtime::spawn`], as far as it concerns code that is there.
    pub async fn spawn_native<F, T>(
        &self,
        spawn: impl Into<Spawn>,
        code: impl FnOnce(Context) -> F + Send + 'static,
    ) -> Result<Handle, CallError>
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Serialize,
    {
        let start = spawn.into().untied()?;
        let code = native::code_once(code);
        let running = self.0.node.start_process(start, Some(code), false).await?;
        Ok(Handle::new(&self.0.node, running))
    }

    /// The first process of the program this was built with, to be passed to
    /// [`Runtime::spawn`] or [`Runtime::exec`]: its main definition, in the host
    /// of that. It may read standard input, and its exit status is the program's.
    ///
    /// # Errors
    ///
    /// `NotFound` where the runtime was built without a program.
    pub fn main(&self) -> Result<Spawn, Error> {
        let (main, host) = self
            .0
            .main
            .as_ref()
            .ok_or_else(|| Error::not_found("the runtime has no program to start"))?;
        Ok(Spawn::of(&**main).host(&**host).first())
    }

    /// Starts the services of the program this was built with, each after those
    /// it depends on: it has started when its name is there and messages to it
    /// are queued. From then on they are started again as the manifest says.
    /// Those that were started before are left alone. Dropped before it is
    /// ready, those that were started by then go on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotStarted`] for the first that cannot be started; those
    /// before it run.
    pub async fn start_services(&self) -> Result<(), ServiceError> {
        self.0.services.start(&self.0.node).await
    }

    /// Waits until no service runs or will be started again: at once where none
    /// was started.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Failed`] as soon as a critical one has used up its
    /// restarts. Nothing else is ended by that.
    pub async fn services_ended(&self) -> Result<(), ServiceError> {
        self.0.services.ended().await
    }

    /// The process of a PID or a name.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for a text that can be neither.
    pub fn find(&self, destination: &str) -> Result<Handle, Error> {
        let process = self.0.node.kernel().resolve(destination)?;
        let running = self.0.node.observe(&process)?;
        Ok(Handle::new(&self.0.node, running))
    }

    /// Sends one message from nobody to a PID or a name.
    ///
    /// # Errors
    ///
    /// As for [`Handle::send`].
    pub fn send<T: Serialize + ?Sized>(
        &self,
        destination: &str,
        topic: &str,
        values: &T,
    ) -> Result<(), CallError> {
        self.inspector().send(destination, topic, values)
    }

    /// Gives a process a name, under which guests find it.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; `NotFound` where it has ended; `Invalid` for what can be
    /// no name.
    pub fn register(&self, name: &str, process: &Handle) -> Result<(), Error> {
        self.0.node.kernel().register(name, process.process())
    }

    /// Frees a name; false where nobody held it.
    ///
    /// # Errors
    ///
    /// `Invalid` for what can be no name.
    pub fn unregister(&self, name: &str) -> Result<bool, Error> {
        self.0.node.kernel().unregister(name)
    }

    /// The scope that the program's manifest gives this name, for
    /// [`Spawn::scope`].
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        self.0.node.named_scope(name)
    }

    /// Compiles one of the program's definitions, checks its imports and
    /// exports, and starts nothing.
    ///
    /// # Errors
    ///
    /// What a spawn of it would say of its code.
    pub async fn check(&self, definition: &app::Survey) -> Result<(), Error> {
        self.0.node.check(&definition.id, &definition.host).await
    }

    /// Ends all processes: those that read events are asked to and have this
    /// long, all others end at once. A service, with what it has started, is
    /// asked when the services that depend on it have ended. Returns when all
    /// have ended and everything they printed is written; native code that
    /// blocks its thread is waited for, however long it takes. Dropped before it
    /// is ready, those that were asked keep their deadline, and what was not
    /// asked goes on; no service is started again. May be called any number of
    /// times.
    pub async fn shutdown(&self, grace: Duration) {
        services::shutdown(&self.0.node, &self.0.services, grace).await;
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0.node
    }

    /// How many processes live.
    pub fn live(&self) -> usize {
        self.0.node.kernel().live()
    }

    /// How many pieces of code were compiled to machine code, because the
    /// cache did not have them.
    pub fn compiled(&self) -> u64 {
        self.0.node.compiled()
    }
}

impl fmt::Debug for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runtime")
            .field("live", &self.live())
            .finish_non_exhaustive()
    }
}

/// Ends the callee of an exec that nobody waits for any more.
struct Pending(Handle);

impl Drop for Pending {
    fn drop(&mut self) {
        // Fails where it has ended, as it has when the exec is done.
        let _ = self.0.terminate();
    }
}
