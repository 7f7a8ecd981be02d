//! A running program.

use std::fmt;
use std::future::Future;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_capabilities::Metrics;
use warren_engine::Node;
use warren_engine::security::Scope;
use warren_kernel::Error;

use crate::app::App;
use crate::apply::{Applied, ApplyError, Change, Planned, Versions};
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::error::CallError;
use crate::handle::Handle;
use crate::native::{self, Context};
use crate::reload::{ReloadError, Reloaded};
use crate::services::{self, ServiceError};
use crate::spawn::Spawn;

/// The processes of one program and the state they share. Clones name the same
/// runtime. Any number of runtimes live side by side in one program, and do not
/// see each other.
///
/// Dropping the last clone terminates the processes without waiting for them. [`Runtime::shutdown`] ends them in order.
///
/// ```
/// use std::time::Duration;
/// use warren::{Runtime, Spawn};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = std::env::temp_dir().join("warren-doctest-cache");
/// let runtime = Runtime::builder()
///     .lua("app:add", "return function(a, b) return a + b end")
/// #    .cache(cache)
///     .start()?;
/// let sum: i64 = runtime.exec(Spawn::new("app:add").args((40, 2))).await?;
/// assert_eq!(sum, 42);
/// runtime.shutdown(Duration::from_secs(5)).await;
/// # Ok(()) }
/// ```
#[derive(Clone)]
pub struct Runtime(Arc<Inner>);

struct Inner {
    node: Arc<Node>,
    versions: Arc<Versions>,
    #[cfg(feature = "cluster")]
    cluster: std::sync::OnceLock<Cluster>,
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.versions.services().abandon();
        self.versions.consumers().stop();
        self.versions.server().abandon();
        self.node.close();
    }
}

impl Runtime {
    pub(crate) fn new(node: Arc<Node>, versions: Arc<Versions>) -> Runtime {
        Runtime(Arc::new(Inner {
            node,
            versions,
            #[cfg(feature = "cluster")]
            cluster: std::sync::OnceLock::new(),
        }))
    }

    /// Returns this runtime, which leaves its cluster at its end.
    #[cfg(feature = "cluster")]
    pub(crate) fn in_cluster(self, cluster: Option<Cluster>) -> Runtime {
        if let Some(cluster) = cluster {
            let posts = Arc::new(cluster.clone());
            self.0.versions.services().set_posts(posts);
            // Set once: the runtime is new.
            let _ = self.0.cluster.set(cluster);
        }
        self
    }

    /// Returns the cluster that the runtime is a node of, if it is.
    #[cfg(feature = "cluster")]
    pub fn cluster(&self) -> Option<&Cluster> {
        self.0.cluster.get()
    }

    /// Starts a process. The future is ready once the process can be sent to;
    /// dropped before that, it has started nothing.
    ///
    /// # Errors
    ///
    /// [`CallError::Value`] for arguments that cannot cross. `NotFound`: no
    /// such definition or host. `Invalid`: code that does not compile, with
    /// file and line; a definition that belongs to another host. `RateLimited`:
    /// the host is full. `AlreadyExists`: the name is taken. `Unavailable`: the
    /// runtime is ending.
    pub async fn spawn(&self, spawn: impl Into<Spawn>) -> Result<Handle, CallError> {
        let spawn = spawn.into();
        let is_first = spawn.is_first();
        let start = spawn.untied()?;
        let running = self.0.node.start_process(start, None, is_first).await?;
        Ok(Handle::new(&self.0.node, running))
    }

    /// Starts a process, waits for its end and returns its result. Dropping the
    /// future before it is ready terminates the process.
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
    /// [`Context`]. The definition's id is only a label. To let guests spawn
    /// a host function, give it to [`Builder::native`](crate::Builder::native).
    ///
    /// # Errors
    ///
    /// As for [`Runtime::spawn`], except for errors of code.
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

    /// Returns the first process of the program this runtime was built with, or of the one
    /// that has taken its place, for [`Runtime::spawn`] or [`Runtime::exec`]: its main
    /// definition, in its host. It may read standard input, and its exit status is the
    /// program's.
    ///
    /// # Errors
    ///
    /// `NotFound` if the runtime was built without a program, or with one that only serves
    /// HTTP.
    pub fn main(&self) -> Result<Spawn, Error> {
        let definitions = self.0.versions.definitions();
        let app = definitions.app().ok_or_else(|| {
            Error::not_found("the runtime was built without a program; add one with `Builder::app`")
        })?;
        if !app.has_main() {
            let only_serves = "the program starts no process by itself: it serves HTTP";
            return Err(Error::not_found(only_serves));
        }
        Ok(Spawn::new(&**app.main()).host(&**app.main_host()).first())
    }

    /// Sleeps on the clock of the processes, which is another one than that of the machine
    /// in [virtual time](crate::Builder::virtual_time).
    pub async fn sleep(&self, duration: Duration) {
        self.0.node.sleep(duration).await;
    }

    /// Starts the services of the program this runtime was built with, each
    /// after its dependencies, and then the consumers of its queues. A service has started once its name is
    /// registered and messages to it are queued. From then on services are
    /// restarted as the manifest says. Services that were started before are
    /// left alone. If the future is dropped before it is ready, the services
    /// started so far go on.
    ///
    /// # Errors
    ///
    /// [`ServiceError::NotStarted`] for the first that cannot be started; those
    /// before it run.
    pub async fn start_services(&self) -> Result<(), ServiceError> {
        let versions = &self.0.versions;
        versions.services().start(&self.0.node).await?;
        versions.consumers().start(&self.0.node);
        Ok(())
    }

    /// Waits until no service runs or will be started again, and no consumer of a queue takes
    /// messages: at once if none was started.
    ///
    /// # Errors
    ///
    /// [`ServiceError::Gone`] as soon as a critical service ends whose definition a
    /// reload has removed; [`ServiceError::Failed`] as soon as one has used up its
    /// restarts. This error ends nothing else.
    pub async fn services_ended(&self) -> Result<(), ServiceError> {
        let versions = &self.0.versions;
        let consumers = versions.consumers().running();
        versions.services().ended(consumers).await
    }

    /// Returns the process of a PID or a name.
    ///
    /// # Errors
    ///
    /// `NotFound`; `Invalid` for a text that can be neither.
    pub fn find(&self, destination: impl AsRef<str>) -> Result<Handle, Error> {
        let process = self.0.node.kernel().resolve(destination.as_ref())?;
        let running = self.0.node.observe(&process)?;
        Ok(Handle::new(&self.0.node, running))
    }

    /// Sends one message from nobody to a PID or a name.
    ///
    /// # Errors
    ///
    /// As for [`Handle::send`].
    pub fn send(
        &self,
        destination: impl AsRef<str>,
        topic: &str,
        payload: impl Serialize,
    ) -> Result<(), CallError> {
        self.inspector().send(destination, topic, payload)
    }

    /// Gives a process a name, under which guests find it.
    ///
    /// # Errors
    ///
    /// `AlreadyExists`; `NotFound` if the process has ended; `Invalid` for a
    /// text that cannot be a name.
    pub fn register(&self, name: &str, process: &Handle) -> Result<(), Error> {
        self.0.node.kernel().register(name, process.process())
    }

    /// Frees a name. Returns false if no process held it.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that cannot be a name.
    pub fn unregister(&self, name: &str) -> Result<bool, Error> {
        self.0.node.kernel().unregister(name)
    }

    /// Returns the scope that the program's manifest gives this name, for
    /// [`Spawn::scope`].
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        self.0.node.named_scope(name)
    }

    /// Compiles the code of a definition, and checks its imports and exports, as a spawn
    /// does, and starts no process: neither the next spawn nor a guest waits for it then.
    /// [`Builder::start`](crate::Builder::start) compiles nothing, so this call tells whether
    /// code that was given in memory is code at all.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let runtime = warren::Runtime::builder()
    ///     .lua("app:good", "return 1")
    ///     .lua("app:bad", "retrun 1")
    /// #    .cache(cache)
    ///     .start()?;
    /// runtime.prepare("app:good").await?;
    /// let error = runtime.prepare("app:bad").await.unwrap_err();
    /// assert!(error.to_string().contains("app:bad.lua:1:"));
    /// # Ok(()) }
    /// ```
    ///
    /// Of a [`Spawn`] only the definition and the host count: code is compiled for the slots
    /// of a host.
    ///
    /// # Errors
    ///
    /// The errors that a spawn would return for its definition, its host and its code.
    pub async fn prepare(&self, spawn: impl Into<Spawn>) -> Result<(), CallError> {
        let start = spawn.into().untied()?;
        Ok(self.0.node.prepare_code(&start).await?)
    }

    /// Ends the listeners, and then all processes. Requests that are being answered have half
    /// of the time `grace`, and no process is asked to end before. Processes that read events
    /// are asked to end and have the rest of the time; all others end at once. A service, with
    /// the processes it has started, is asked once the services that depend on it have ended.
    /// A process that works on a message of a queue has the rest of the time, too, to come to
    /// an end; a message that is not done by then is delivered again by the next start, if its
    /// queue is durable.
    ///
    /// Returns when all processes have ended and all their output is written.
    /// A host function that blocks its thread is waited for, however long it takes.
    /// If the future is dropped before it is ready, processes that were asked
    /// keep their deadline, and the others go on; no service is started again.
    /// May be called any number of times.
    pub async fn shutdown(&self, grace: Duration) {
        let versions = &self.0.versions;
        let (services, consumers) = (versions.services(), versions.consumers());
        services::shutdown(&self.0.node, versions.server(), services, consumers, grace).await;
        // The ends of the processes have been told.
        #[cfg(feature = "cluster")]
        if let Some(cluster) = self.0.cluster.get() {
            cluster.leave().await;
        }
    }

    /// The metrics of the program's processes.
    pub(crate) fn app_metrics(&self) -> &Metrics {
        self.0.versions.metrics()
    }

    /// Takes the program's files of code as they are now, for spawns, upgrades and
    /// restarts from now on: all of them, or none if one does not compile. Running
    /// processes go on with their code, and also require files as they were.
    ///
    /// The program must have been opened as
    /// [reloadable](crate::app::AppOptions::reloadable). A changed manifest is reported
    /// and not taken. Dropped before it is ready, the future has taken nothing. One reload
    /// runs at a time; another one waits for it.
    ///
    /// # Errors
    ///
    /// See [`ReloadError`]. Nothing was taken.
    pub async fn reload(&self) -> Result<Reloaded, ReloadError> {
        self.inspector().reload().await
    }

    /// Applies a change, whole or not at all. Code that is new is compiled first; then
    /// definitions, hosts, policies and services are put in place in one moment, as a new
    /// [version](Runtime::version). A spawn beside it sees the version before or the new
    /// one, never some of each.
    ///
    /// Running processes keep their code until they upgrade, their grants, and the limits
    /// of each process that they were started with. The processes of removed hosts get
    /// CANCEL and are terminated after the [grace](Change::grace); [`Applied::settled`]
    /// waits for their ends. Handles stay valid. One change is applied at a time; another
    /// one waits for it. Dropped before it is ready, the future has changed nothing.
    ///
    /// # Errors
    ///
    /// See [`ApplyError`]. Nothing has changed.
    pub async fn apply(&self, change: Change) -> Result<Applied, ApplyError> {
        self.0.versions.apply(&self.0.node, change).await
    }

    /// Plans a change: checks it, compiles the code that is new, and tells what it would
    /// do. [`Planned::apply`] puts just that in place.
    ///
    /// # Errors
    ///
    /// See [`ApplyError`]: everything that [`Runtime::apply`] would refuse.
    pub async fn plan(&self, change: Change) -> Result<Planned, ApplyError> {
        Planned::of(&self.0.versions, &self.0.node, change).await
    }

    /// Puts the version before the present one in place again, as a new version. A second
    /// rollback takes back the first one. The processes of hosts and services that go with
    /// it have the time `grace` to end.
    ///
    /// # Errors
    ///
    /// [`ApplyError::NothingBefore`], and those of [`Runtime::apply`].
    pub async fn rollback(&self, grace: Duration) -> Result<Applied, ApplyError> {
        self.plan_rollback(grace).await?.apply().await
    }

    /// Plans what [`Runtime::rollback`] does.
    ///
    /// # Errors
    ///
    /// As for [`Runtime::rollback`].
    pub async fn plan_rollback(&self, grace: Duration) -> Result<Planned, ApplyError> {
        let (versions, node) = (&self.0.versions, &self.0.node);
        Planned::of_rollback(versions, node, grace).await
    }

    /// Returns the number of the version that is in place: 1 at the start, and one more
    /// with each apply, rollback or reload that changes something.
    pub fn version(&self) -> u64 {
        self.0.versions.number()
    }

    /// Opens a program with the options of the present one, for [`Change::app`]. Reads
    /// files.
    ///
    /// # Errors
    ///
    /// [`ApplyError::App`]; [`ApplyError::NoProgram`] if the runtime was built without a
    /// program.
    pub fn reopen(&self, path: impl AsRef<Path>) -> Result<App, ApplyError> {
        self.0.versions.reopen(path.as_ref())
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.0.node
    }

    pub(crate) fn versions(&self) -> &Arc<Versions> {
        &self.0.versions
    }

    /// Returns the number of live processes.
    pub fn live(&self) -> usize {
        self.0.node.kernel().live()
    }

    /// Returns the number of pieces of code that were compiled to machine code
    /// because the cache did not have them.
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

/// Ends the callee of an exec whose future was dropped.
struct Pending(Handle);

impl Drop for Pending {
    fn drop(&mut self) {
        // Fails if the callee has ended, as it has when the exec is done.
        let _ = self.0.terminate();
    }
}
