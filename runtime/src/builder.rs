//! The builder of a runtime.

use std::collections::HashMap;
use std::future::Future;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use warren_capabilities::server::Server;
use warren_capabilities::{
    Data, Databases, Metrics, QueueClock, Queues, Resolver, Stores, TokenStores, Volumes,
};
use warren_engine::capability::web::WebSettings;
use warren_engine::capability::{
    Capability, DatabaseSettings, QueueSettings, StoreSettings, VolumeSettings,
};
use warren_engine::security::Authorizer;
use warren_engine::{
    Code, CompileLimits, DEFAULT_PARK_AFTER, DEFAULT_TICK, Definition, HostLimits, LogHook,
    LogRecord, Node, NodeConfig, Sink, Source, StandardStreams, Time,
};
use warren_kernel::Error;

use crate::app::{App, Consumer, DEFAULT_HOST, Id, Policies, Table, TokenStore};
use crate::apply::{Version, Versions, check_web};
#[cfg(feature = "cluster")]
use crate::cluster::Cluster;
use crate::consumers::ClockOfNode;
use crate::coverage::{CountsLines, Coverage};
use crate::definitions::{self, LayeredDefinitions, LayeredFiles, plain, source_of};
use crate::error::StartError;
use crate::limits::limits;
use crate::mistakes::{self, Mistake, Mistakes};
use crate::native::{self, Context};
use crate::own_directories::OwnDirectories;
use crate::runtime::Runtime;

/// The configuration of a new [`Runtime`]; see [`Runtime::builder`].
///
/// ```
/// use warren::{HostLimits, Runtime};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let cache = std::env::temp_dir().join("warren-doctest-cache");
/// let runtime = Runtime::builder()
///     .lua("app:greet", "return function(id) return 'hello, ' .. require('names').of(id) end")
///     .module("names", "return { of = function(id) return 'guest ' .. id end }")
///     .host("app:guests", HostLimits::default().max_processes(100))
///     .log(|record| eprintln!("{}: {}", record.definition, record.message))
/// #    .cache(cache)
///     .start()?;
/// let greet = warren::Spawn::new("app:greet").host("app:guests").arg(7);
/// assert_eq!(runtime.exec::<String>(greet).await?, "hello, guest 7");
/// # Ok(()) }
/// ```
#[must_use = "nothing runs before `start`"]
pub struct Builder {
    app: Option<App>,
    definitions: Vec<Definition>,
    modules: Vec<(String, Source)>,
    hosts: Vec<(String, HostLimits)>,
    token_stores: Vec<TokenStore>,
    stores: Vec<StoreSettings>,
    databases: Vec<DatabaseSettings>,
    queues: Vec<QueueSettings>,
    volumes: Vec<VolumeSettings>,
    consumers: Vec<Consumer>,
    web: WebSettings,
    data: Option<PathBuf>,
    resolver: Option<Arc<dyn Resolver>>,
    capabilities: Vec<Arc<dyn Capability>>,
    output: Box<dyn Sink>,
    log: Option<LogHook>,
    mistakes: Option<mistakes::Hook>,
    coverage: Option<Coverage>,
    cache: Option<PathBuf>,
    interpreter: Option<Vec<u8>>,
    authorizer: Option<Arc<dyn Authorizer>>,
    policies: Option<Arc<Policies>>,
    workers: Option<NonZeroUsize>,
    trace_messages: bool,
    compile: CompileLimits,
    max_memory_total: Option<u64>,
    #[cfg(feature = "cluster")]
    cluster: Option<Cluster>,
    time: Time,
    park_after: Option<Option<Duration>>,
}

impl Runtime {
    /// Returns a new builder.
    pub fn builder() -> Builder {
        Builder {
            app: None,
            definitions: Vec::new(),
            modules: Vec::new(),
            hosts: Vec::new(),
            token_stores: Vec::new(),
            stores: Vec::new(),
            databases: Vec::new(),
            queues: Vec::new(),
            volumes: Vec::new(),
            consumers: Vec::new(),
            web: WebSettings::default(),
            data: None,
            resolver: None,
            capabilities: Vec::new(),
            output: Box::new(StandardStreams::default()),
            log: None,
            mistakes: None,
            coverage: None,
            cache: None,
            interpreter: None,
            authorizer: None,
            policies: None,
            workers: None,
            trace_messages: false,
            compile: CompileLimits::default(),
            max_memory_total: None,
            #[cfg(feature = "cluster")]
            cluster: None,
            time: Time::Real,
            park_after: None,
        }
    }
}

impl Builder {
    /// Adds a program on disk: its definitions, hosts and grants.
    pub fn app(mut self, app: App) -> Builder {
        self.app = Some(app);
        self
    }

    /// Adds a definition in Lua with this id. It takes precedence over a
    /// definition of the program.
    pub fn lua(self, id: impl AsRef<str>, source: impl Into<Vec<u8>>) -> Builder {
        self.definition(definitions::lua(id.as_ref(), source))
    }

    /// Adds a definition in WebAssembly, binary or text: a core module of the
    /// flat ABI or a component.
    pub fn wasm(self, id: impl AsRef<str>, code: impl Into<Vec<u8>>) -> Builder {
        self.definition(definitions::wasm(id.as_ref(), code))
    }

    /// Adds a definition whose code is a Rust function, called once for each
    /// process. Guests spawn it like any other definition.
    pub fn native<F, T>(
        self,
        id: impl AsRef<str>,
        code: impl Fn(Context) -> F + Send + Sync + 'static,
    ) -> Builder
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Serialize,
    {
        let id = id.as_ref();
        self.definition(plain(id, Code::Native(native::code(code))))
    }

    /// Adds a definition in full: its code, its method, the only host that may
    /// run it, its capabilities.
    pub fn definition(mut self, definition: Definition) -> Builder {
        self.definitions.push(definition);
        self
    }

    /// Adds a module for `require(name)` in Lua. It takes precedence over a
    /// module of the program.
    pub fn module(mut self, name: impl AsRef<str>, source: impl Into<Vec<u8>>) -> Builder {
        let name = name.as_ref();
        let source = source_of(format!("{name}.lua"), source);
        self.modules.push((name.to_owned(), source));
        self
    }

    /// Adds a host with these limits, in place of a host of the program with
    /// this name. [`DEFAULT_HOST`] is always there.
    pub fn host(mut self, name: impl AsRef<str>, limits: HostLimits) -> Builder {
        let name = name.as_ref();
        self.hosts.push((name.into(), limits));
        self
    }

    /// Adds a store of tokens, in place of a store of the program with this id. Processes
    /// use it whose definition is granted it ([`Grants::tokens`](crate::Grants::tokens)).
    pub fn token_store(mut self, store: TokenStore) -> Builder {
        self.token_stores.push(store);
        self
    }

    /// Adds a store of values, in place of a store of the program with this id. Processes use
    /// it whose definition is granted it:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use warren::capability::StoreSettings;
    /// use warren::{Code, Definition, Grants, Runtime, Source, Uses};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let code = b"return function() return store.get('cache'):incr('visits') end";
    /// let grants = Grants {
    ///     uses: Uses::default().with("store", "app:cache"),
    ///     ..Grants::default()
    /// };
    /// let runtime = Runtime::builder()
    ///     .store(StoreSettings::new("app:cache"))
    ///     .definition(Definition {
    ///         id: "app:visit".into(),
    ///         code: Code::Lua(Source { name: "visit.lua".into(), bytes: code.as_slice().into() }),
    ///         method: "main".into(),
    ///         host: None,
    ///         grants: Arc::new(grants),
    ///     })
    /// #    .cache(cache)
    ///     .start()?;
    /// assert_eq!(runtime.exec::<i64>("app:visit").await?, 1);
    /// assert_eq!(runtime.exec::<i64>("app:visit").await?, 2);
    /// # Ok(()) }
    /// ```
    pub fn store(mut self, store: StoreSettings) -> Builder {
        self.stores.push(store);
        self
    }

    /// Adds a database, in place of a database of the program with this id. Processes use it
    /// whose definition is granted it:
    ///
    /// ```
    /// use std::sync::Arc;
    /// use warren::capability::{DatabasePlace, DatabaseSettings};
    /// use warren::{Code, Definition, Grants, Runtime, Source, Uses};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let code = b"return function() return sql.get('shop'):query('SELECT 6 * 7 AS n')[1].n end";
    /// let grants = Grants {
    ///     uses: Uses::default().with("sql", "app:shop"),
    ///     ..Grants::default()
    /// };
    /// let runtime = Runtime::builder()
    ///     .database(DatabaseSettings::new("app:shop", DatabasePlace::Memory))
    ///     .definition(Definition {
    ///         id: "app:ask".into(),
    ///         code: Code::Lua(Source { name: "ask.lua".into(), bytes: code.as_slice().into() }),
    ///         method: "main".into(),
    ///         host: None,
    ///         grants: Arc::new(grants),
    ///     })
    /// #    .cache(cache)
    ///     .start()?;
    /// assert_eq!(runtime.exec::<i64>("app:ask").await?, 42);
    /// # Ok(()) }
    /// ```
    pub fn database(mut self, database: DatabaseSettings) -> Builder {
        self.databases.push(database);
        self
    }

    /// Adds a queue of messages, in place of a queue of the program with this id. Processes
    /// publish to it whose definition is granted it, as the right `queue` of
    /// [`Grants::uses`](crate::Grants::uses). A [consumer](Builder::consumer) takes the
    /// messages.
    pub fn queue(mut self, queue: QueueSettings) -> Builder {
        self.queues.push(queue);
        self
    }

    /// Adds a consumer of a queue, in place of a consumer of the program with this id: it
    /// starts a process for each message, with the value as its argument. Consumers start with
    /// [`Runtime::start_services`].
    ///
    /// ```
    /// use std::sync::Arc;
    /// use warren::app::Consumer;
    /// use warren::capability::QueueSettings;
    /// use warren::{Code, Definition, Grants, Runtime, Source, Uses};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let code = b"return function(reader) return queue.publish('tasks', reader) end";
    /// let grants = Grants {
    ///     uses: Uses::default().with_right("queue", "app:tasks", "publish"),
    ///     ..Grants::default()
    /// };
    /// let runtime = Runtime::builder()
    ///     .queue(QueueSettings::new("app:tasks"))
    ///     .consumer(Consumer::new("app:worker", "app:tasks", "app:work"))
    ///     .lua("app:work", "return function(reader) process.send(reader, 'done') end")
    ///     .lua("app:reader", "return function() process.listen('done'):receive() return 7 end")
    ///     .definition(Definition {
    ///         id: "app:ask".into(),
    ///         code: Code::Lua(Source { name: "ask.lua".into(), bytes: code.as_slice().into() }),
    ///         method: "main".into(),
    ///         host: None,
    ///         grants: Arc::new(grants),
    ///     })
    /// #    .cache(cache)
    ///     .start()?;
    /// runtime.start_services().await?;
    /// let reader = runtime.spawn("app:reader").await?;
    /// let ask = warren::Spawn::new("app:ask").arg(reader.pid().as_str());
    /// assert!(runtime.exec::<bool>(ask).await?);
    /// assert_eq!(reader.result::<i64>().await?, 7);
    /// # Ok(()) }
    /// ```
    pub fn consumer(mut self, consumer: Consumer) -> Builder {
        self.consumers.push(consumer);
        self
    }

    /// Adds a volume of files, in place of a volume of the program with this id. Processes use
    /// it whose definition is granted it, as the right `volumes` of
    /// [`Grants::uses`](crate::Grants::uses).
    ///
    /// ```
    /// use std::sync::Arc;
    /// use warren::capability::VolumeSettings;
    /// use warren::{Code, Definition, Grants, Runtime, Source, Uses};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// # let directory = std::env::temp_dir().join("warren-doctest-volume");
    /// # std::fs::create_dir_all(&directory)?;
    /// let code = b"return function()
    ///     local v = assert(fs.get('files'))
    ///     assert(v:writefile('/greeting.txt', 'hello'))
    ///     return v:readfile('greeting.txt')
    /// end";
    /// let grants = Grants {
    ///     uses: Uses::default().with("volumes", "app:files"),
    ///     ..Grants::default()
    /// };
    /// let runtime = Runtime::builder()
    ///     .volume(VolumeSettings::open("app:files", &directory, true)?)
    ///     .definition(Definition {
    ///         id: "app:greet".into(),
    ///         code: Code::Lua(Source { name: "greet.lua".into(), bytes: code.as_slice().into() }),
    ///         method: "main".into(),
    ///         host: None,
    ///         grants: Arc::new(grants),
    ///     })
    /// #    .cache(cache)
    ///     .start()?;
    /// assert_eq!(runtime.exec::<String>("app:greet").await?, "hello");
    /// # Ok(()) }
    /// ```
    pub fn volume(mut self, volume: VolumeSettings) -> Builder {
        self.volumes.push(volume);
        self
    }

    /// Adds listeners, routers, routes and directories of files, over those of the program:
    /// of two things with one id the embedder's counts. [`Runtime::serve`] opens the
    /// listeners.
    pub fn web(mut self, web: WebSettings) -> Builder {
        self.web = self.web.with(&web);
        self
    }

    /// Sets the directory of the program's data. Durable stores and queues and the files of
    /// databases lie in it; without it they end with the program. The runtime makes a missing directory for its user alone, and
    /// locks it: one runtime uses a directory at a time. No grant may let the program write
    /// to it. [`back_up`](crate::back_up) copies the databases while the runtime uses them.
    pub fn data(mut self, directory: impl Into<Option<PathBuf>>) -> Builder {
        self.data = directory.into();
        self
    }

    /// Sets the resolver of names for requests over HTTP. The default asks the operating
    /// system. The client judges the addresses that the resolver finds: those that are not
    /// public need a grant with the right `private`.
    ///
    /// ```
    /// use std::net::SocketAddr;
    /// use warren::{Resolver, Resolving, Runtime};
    ///
    /// /// Finds each name at one address.
    /// #[derive(Debug)]
    /// struct Gateway([u8; 4]);
    ///
    /// impl Resolver for Gateway {
    ///     fn resolve(&self, _name: &str, port: u16) -> Resolving {
    ///         let address = SocketAddr::from((self.0, port));
    ///         Box::pin(async move { Ok(vec![address]) })
    ///     }
    /// }
    ///
    /// let builder = Runtime::builder().resolver(Gateway([10, 0, 0, 1]));
    /// # drop(builder);
    /// ```
    pub fn resolver(mut self, resolver: impl Resolver) -> Builder {
        self.resolver = Some(Arc::new(resolver));
        self
    }

    /// Adds a capability: a service whose operations all guests call by name, in place of
    /// one of the runtime's with this name.
    ///
    /// ```
    /// use warren::capability::{Caller, Capability, Step};
    /// use warren::{Error, Runtime, values};
    ///
    /// struct Prices;
    ///
    /// impl Capability for Prices {
    ///     fn name(&self) -> &str {
    ///         "prices"
    ///     }
    ///
    ///     fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
    ///         match operation {
    ///             "of" => Step::Done(price(request)),
    ///             _ => Step::Unknown,
    ///         }
    ///     }
    /// }
    ///
    /// fn price(request: &[u8]) -> Result<Vec<u8>, Error> {
    ///     let (item,): (String,) =
    ///         values::from_value(request).map_err(|error| Error::invalid(error.to_string()))?;
    ///     let cents = item.len() * 100;
    ///     let price = values::to_value(&cents).map_err(|error| Error::internal(error.to_string()))?;
    ///     Ok(price.as_slice().to_vec())
    /// }
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let runtime = Runtime::builder()
    ///     .capability(Prices)
    ///     .lua("app:main", "return function() return capability.call('prices.of', 'tea') end")
    /// #    .cache(cache)
    ///     .start()?;
    /// assert_eq!(runtime.exec::<u32>("app:main").await?, 300);
    /// # Ok(()) }
    /// ```
    pub fn capability(mut self, capability: impl Capability) -> Builder {
        self.capabilities.push(Arc::new(capability));
        self
    }

    /// Sets the sink for the output of the processes. The default is the
    /// standard streams. A sink that panics is not called again, and later
    /// output is dropped.
    pub fn output(mut self, sink: impl Sink) -> Builder {
        self.output = Box::new(sink);
        self
    }

    /// Sets the hook for the log records of the processes. The default emits
    /// `tracing` events of the target `warren::process`. The hook runs on a
    /// thread of its own, some time after a record was written
    /// ([`LogRecord::time`]). It may block: records that find no room meanwhile
    /// are counted and lost. A record whose hook panics is lost as well.
    pub fn log(mut self, hook: impl Fn(&LogRecord<'_>) + Send + Sync + 'static) -> Builder {
        self.log = Some(Arc::new(hook));
        self
    }

    /// Sets the hook for likely mistakes in the code of processes: errors that nobody
    /// looks at, and numbers in another unit than was meant. Each place of the program
    /// is told once, for a thousand places at most, unless its line has the comment
    /// `-- lint: off`. The hook runs on threads that run processes, and must not block.
    /// The default drops the mistakes.
    pub fn mistakes(mut self, hook: impl Fn(&Mistake<'_>) + Send + Sync + 'static) -> Builder {
        self.mistakes = Some(Arc::new(hook));
        self
    }

    /// Counts how often each line of the program's Lua runs, in all its processes, also those
    /// of coroutines and of processes that fail or are terminated. Lua runs slower then.
    pub fn coverage(mut self, coverage: &Coverage) -> Builder {
        self.coverage = Some(coverage.clone());
        self
    }

    /// Sets a directory where compiled code is kept between runs. The default
    /// is none: every start compiles, which takes seconds. The runtime creates
    /// a missing directory for its user alone. A directory that another user
    /// owns or may write to is not used.
    pub fn cache(mut self, directory: impl Into<Option<PathBuf>>) -> Builder {
        self.cache = directory.into();
        self
    }

    /// Replaces the bundled Lua interpreter guest.
    pub fn interpreter(mut self, wasm: Vec<u8>) -> Builder {
        self.interpreter = Some(wasm);
        self
    }

    /// Sets the authorizer of the processes' requests. The default judges by
    /// the program's policies. Without policies, a process with an actor or a
    /// scope may do nothing that needs a permission, and every other process
    /// may do everything.
    pub fn authorizer(mut self, authorizer: Arc<dyn Authorizer>) -> Builder {
        self.authorizer = Some(authorizer);
        self
    }

    /// Sets the policies that judge the processes' requests, in place of those of the
    /// program. [`Runtime::apply`] can change them, which it cannot with an
    /// [authorizer](Builder::authorizer) of the embedder.
    pub fn policies(mut self, policies: Arc<Policies>) -> Builder {
        self.policies = Some(policies);
        self
    }

    /// Sets the number of threads that run processes. The default is one for
    /// each core.
    pub fn workers(mut self, workers: NonZeroUsize) -> Builder {
        self.workers = Some(workers);
        self
    }

    /// Sets the bytes of memory that all processes of all hosts may hold
    /// together. The program may set this too. The default is the memory that
    /// the machine, the control groups around this program and its resource
    /// limits allow, less a reserve of an eighth (64 MiB at least, 4 GiB at
    /// most). Once the memory is spent, growth of memory, spawns and messages
    /// are refused, and running processes go on.
    pub fn max_memory_total(mut self, bytes: u64) -> Builder {
        self.max_memory_total = Some(bytes);
        self
    }

    /// Sets whether the processes have a time of their own, for tests. It stands still while
    /// processes run, and jumps to the next deadline when every process waits: a process
    /// that sleeps for an hour takes a millisecond, and sees that an hour has passed. The
    /// default is the time of the machine.
    ///
    /// Clocks, timers, deadlines and restarts of services follow this time, and so does
    /// [`Runtime::sleep`]. Time limits of requests, statements and connections do not. A
    /// process that waits for something outside the program (a file, a request, a database,
    /// whatever a host function awaits but messages and events) keeps the time from jumping.
    /// A time that has stood still for a quarter of a second goes on with that of the machine
    /// until all processes wait.
    ///
    /// ```
    /// use std::time::{Duration, Instant};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let runtime = warren::Runtime::builder()
    ///     .virtual_time(true)
    ///     .lua("app:nap", "return function() time.sleep('8h') return 'rested' end")
    /// #    .cache(cache)
    ///     .start()?;
    /// let begun = Instant::now();
    /// assert_eq!(runtime.exec::<String>("app:nap").await?, "rested");
    /// assert!(begun.elapsed() < Duration::from_secs(3_600));
    /// # Ok(()) }
    /// ```
    pub fn virtual_time(mut self, is_virtual: bool) -> Builder {
        self.time = if is_virtual {
            Time::Virtual
        } else {
            Time::Real
        };
        self
    }

    /// Fixes by a seed what is left to chance: the order in which ready processes run, random
    /// numbers and the seeds of hashes. Two runs of a program with one seed do the same, as
    /// long as it waits for nothing outside of it, and no process computes for a second on
    /// end. There is one worker, in [virtual time](Builder::virtual_time) that begins at
    /// 2030-01-01T00:00:00Z.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// async fn number(seed: u64) -> Result<i64, Box<dyn std::error::Error>> {
    /// #   let cache = std::env::temp_dir().join("warren-doctest-cache");
    ///     let runtime = warren::Runtime::builder()
    ///         .seed(seed)
    ///         .lua("app:draw", "return function() return math.random(1 << 40) end")
    /// #       .cache(cache)
    ///         .start()?;
    ///     Ok(runtime.exec("app:draw").await?)
    /// }
    /// assert_eq!(number(1).await?, number(1).await?);
    /// # Ok(()) }
    /// ```
    pub fn seed(mut self, seed: u64) -> Builder {
        self.time = Time::Seeded {
            seed,
            delays: false,
        };
        self
    }

    /// Does as [`seed`](Builder::seed), and delays processes before operations on other
    /// processes and of capabilities, as the seed chooses. Runs with many seeds find orders
    /// of events that are rare otherwise.
    ///
    /// ```
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let code = "return function(pid) process.send(pid, 'news', 'late') end";
    /// let main = "return function()
    ///     local news = process.listen('news')
    ///     process.spawn('app:teller', nil, process.pid())
    ///     return news:receive()
    /// end";
    /// let runtime = warren::Runtime::builder()
    ///     .simulate(7)
    ///     .lua("app:main", main)
    ///     .lua("app:teller", code)
    /// #    .cache(cache)
    ///     .start()?;
    /// assert_eq!(runtime.exec::<String>("app:main").await?, "late");
    /// # Ok(()) }
    /// ```
    pub fn simulate(mut self, seed: u64) -> Builder {
        self.time = Time::Seeded { seed, delays: true };
        self
    }

    /// Sets the time for which a process waits before it is parked, or that none is:
    ///
    /// ```
    /// use std::time::Duration;
    /// use warren::Runtime;
    ///
    /// let sooner = Runtime::builder().park_after(Duration::from_millis(100));
    /// let never = Runtime::builder().park_after(None);
    /// # drop((sooner, never));
    /// ```
    ///
    /// A parked process has no slot, and its memory is kept compressed; a message, an event
    /// or a deadline wakes it. Only code that can return while it waits is parked: Lua, and
    /// modules that export `resume`. The program may set the time too. The default is
    /// [`DEFAULT_PARK_AFTER`](crate::DEFAULT_PARK_AFTER); with 0, processes are parked as soon
    /// as they wait.
    pub fn park_after(mut self, time: impl Into<Option<Duration>>) -> Builder {
        self.park_after = Some(time.into());
        self
    }

    /// Sets whether each message carries its cause. Everything a process sends
    /// while it handles a message belongs to the message's chain ([`TraceId`]),
    /// also across a spawn. Each send and each receive becomes a `tracing`
    /// event of the target `warren::process::message`, and log records name the
    /// chain they were written in. The default keeps no causes.
    ///
    /// [`TraceId`]: crate::TraceId
    pub fn trace_messages(mut self, trace: bool) -> Builder {
        self.trace_messages = trace;
        self
    }

    /// Bounds the contents of sources and modules, and the time and memory of
    /// compiling and preparing them.
    pub fn compile_limits(mut self, limits: CompileLimits) -> Builder {
        self.compile = limits;
        self
    }

    /// Makes the runtime a node of a cluster, which it has joined: its processes reach those of
    /// the other nodes, and are reached by them.
    #[cfg(feature = "cluster")]
    pub fn cluster(mut self, cluster: &Cluster) -> Builder {
        self.cluster = Some(cluster.clone());
        self
    }

    /// Starts the runtime. Its processes run on threads of its own. Native
    /// processes, and work that blocks (compiling, standard input, files), use
    /// the tokio runtime that calls this function. That tokio runtime needs
    /// `enable_all` and must outlive the processes. On return no process runs
    /// yet, and nothing is compiled.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start(self) -> Result<Runtime, StartError> {
        let own = OwnDirectories {
            cache: self.cache.clone(),
            data: self.data,
        };
        if let Some(app) = &self.app {
            own.check(app)?;
        }
        let data = own.data.as_deref().map(Data::open).transpose()?;
        let stores = Stores::open(stores(self.stores, self.app.as_ref()), data.as_ref())?;
        let databases = databases(self.databases, self.app.as_ref());
        let databases = Databases::open(databases, data.as_ref())?;
        let queues = Queues::open(queues(self.queues, self.app.as_ref()), data.as_ref())?;
        let all_queues = queues.clone();
        let volumes = Volumes::open(volumes(self.volumes, self.app.as_ref()))?;
        let own_consumers = self.consumers.into_iter().map(Arc::new);
        let own_consumers: Table<_> = own_consumers
            .map(|consumer| (Arc::clone(&consumer.id), consumer))
            .collect();
        let own_hosts = self.hosts.iter();
        let own_hosts: Table<_> = own_hosts
            .map(|(name, limits)| (name.as_str().into(), Arc::new(limits.clone())))
            .collect();
        let hosts = hosts(self.hosts, self.app.as_ref());
        let metrics = Metrics::default();
        let tokens = token_stores(self.token_stores, self.app.as_ref());
        let tokens = TokenStores::new(tokens, &stores)?;
        let mut capabilities = warren_capabilities::all(warren_capabilities::Settings {
            tokens: tokens.clone(),
            metrics: metrics.clone(),
            stores,
            resolver: self.resolver,
            queues: queues.clone(),
            volumes: volumes.clone(),
            databases,
        });
        let of_app = self.app.as_ref().and_then(App::policies).cloned();
        // Policies behind an authorizer of the embedder judge nothing.
        let policies = match &self.authorizer {
            Some(_) => None,
            None => self.policies.or(of_app),
        };
        let of_policies = policies
            .clone()
            .map(|policies| policies as Arc<dyn Authorizer>);
        let authorizer = self.authorizer.or(of_policies);
        let max_memory_total = self
            .max_memory_total
            .or(self.app.as_ref().and_then(App::max_memory_total));
        let park_after = self
            .park_after
            .or(self.app.as_ref().and_then(App::park_after))
            .unwrap_or(Some(DEFAULT_PARK_AFTER));
        let payload_objects = self.app.as_ref().is_some_and(App::payload_objects);
        let mut in_memory = Table::default();
        for definition in self.definitions {
            let id = Arc::clone(&definition.id);
            Id::parse(&id)?;
            let definition = Arc::new(definition);
            if in_memory.insert(Arc::clone(&id), definition).is_some() {
                return Err(StartError::Duplicate { id });
            }
        }
        let modules: HashMap<_, _> = self.modules.into_iter().collect();
        let files = LayeredFiles::new(Arc::new(modules), self.app.map(Arc::new), &in_memory);
        let definitions = Arc::new(LayeredDefinitions {
            own: in_memory,
            files: Arc::new(files),
        });
        let mut first = Version {
            number: 1,
            definitions: Arc::clone(&definitions),
            own_hosts,
            own_consumers,
            queues,
            own_web: Arc::new(self.web),
            ..Version::default()
        };
        first.sort_services()?;
        first.join_consumers();
        if let Some(consumer) = first.consumer_without_queue() {
            return Err(StartError::NoQueue {
                consumer: Arc::clone(&consumer.id),
                queue: Arc::clone(&consumer.queue),
            });
        }
        first.merge_web();
        check_web(&first).map_err(|lacking| StartError::Missing {
            object: lacking.object.as_str(),
            name: lacking.name,
            needs: lacking.needs.as_str(),
            needed: lacking.needed,
        })?;
        let server = Server::new(tokens, volumes, authorizer.clone());
        let versions = Versions::new(first, policies, own, (server, metrics));
        let versions = Arc::new(versions);
        capabilities.push(Arc::new(Mistakes::new(
            Arc::clone(&versions),
            self.mistakes,
        )));
        let counts_lines = self.coverage.is_some();
        if let Some(coverage) = self.coverage {
            capabilities.push(Arc::new(CountsLines::new(Arc::clone(&versions), coverage)));
        }
        capabilities.extend(self.capabilities);
        #[cfg(feature = "cluster")]
        let cluster = self.cluster.as_ref().map(Cluster::membership);
        #[cfg(not(feature = "cluster"))]
        let cluster = None;
        let config = NodeConfig {
            capabilities,
            hosts,
            definitions,
            authorizer,
            cache: self.cache,
            output: self.output,
            log: self.log,
            interpreter: self.interpreter,
            workers: self.workers,
            tick: DEFAULT_TICK,
            park_after,
            payload_objects,
            counts_lines,
            trace_messages: self.trace_messages,
            compile: self.compile,
            max_memory_total,
            cluster,
            memory: None,
            time: self.time,
        };
        let node = Node::start(config)?;
        if self.time != Time::Real {
            let clock: Arc<dyn QueueClock> = Arc::new(ClockOfNode::new(&node));
            all_queues.follow(&clock);
        }
        #[cfg(feature = "cluster")]
        if let Some(cluster) = &self.cluster {
            cluster.attach(&node);
        }
        let runtime = Runtime::new(node, versions);
        #[cfg(feature = "cluster")]
        let runtime = runtime.in_cluster(self.cluster);
        Ok(runtime)
    }
}

/// Returns the given hosts, then those of the program that were not given, and
/// [`DEFAULT_HOST`].
fn hosts(mut hosts: Vec<(String, HostLimits)>, app: Option<&App>) -> Vec<(String, HostLimits)> {
    let of_app = app.into_iter().flat_map(App::hosts);
    for (name, host) in of_app {
        if hosts.iter().all(|(given, _)| **given != **name) {
            hosts.push((name.to_string(), limits(host)));
        }
    }
    if hosts.iter().all(|(given, _)| given != DEFAULT_HOST) {
        hosts.push((DEFAULT_HOST.to_owned(), HostLimits::default()));
    }
    hosts
}

/// Returns the stores of tokens of the program, then the given ones, of which the last of
/// an id counts.
fn token_stores(given: Vec<TokenStore>, app: Option<&App>) -> Vec<TokenStore> {
    let of_app = app.map(App::token_stores).unwrap_or_default().to_vec();
    of_app.into_iter().chain(given).collect()
}

/// Returns the stores of values of the program, then the given ones, of which the last of an
/// id counts.
fn stores(given: Vec<StoreSettings>, app: Option<&App>) -> Vec<StoreSettings> {
    let of_app = app.map(App::stores).unwrap_or_default().to_vec();
    of_app.into_iter().chain(given).collect()
}

/// Returns the databases of the program, then the given ones, of which the last of an id
/// counts.
fn databases(given: Vec<DatabaseSettings>, app: Option<&App>) -> Vec<DatabaseSettings> {
    let of_app = app.map(App::databases).unwrap_or_default().to_vec();
    of_app.into_iter().chain(given).collect()
}

/// Returns the volumes of the program, then the given ones, of which the last of an id counts.
fn volumes(given: Vec<VolumeSettings>, app: Option<&App>) -> Vec<VolumeSettings> {
    let of_app = app.map(App::volumes).unwrap_or_default().to_vec();
    of_app.into_iter().chain(given).collect()
}

/// Returns the queues of the program, then the given ones, of which the last of an id counts.
fn queues(given: Vec<QueueSettings>, app: Option<&App>) -> Vec<QueueSettings> {
    let of_app = app.map(App::queues).unwrap_or_default().to_vec();
    of_app.into_iter().chain(given).collect()
}
