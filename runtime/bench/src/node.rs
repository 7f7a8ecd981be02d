//! A node that runs the embedded guests.

use std::env;
use std::fs;
use std::io::Write;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail, ensure};
use warren_capabilities::{Data, Settings, Stores};
use warren_engine::capability::StoreSettings;
use warren_engine::{
    CompileLimits, DEFAULT_TICK, HostLimits, Node, NodeConfig, Running, Sink, Stream, Time,
};
use warren_kernel::Outcome;

use crate::allows_all::AllowsAll;
use crate::guests::{Arguments, DENSE_HOST, DURABLE, Guests, HOST, IN_MEMORY};
use crate::operations::Operations;

/// A node with the settings of `warren run`.
pub(crate) struct BenchNode {
    tokio: tokio::runtime::Runtime,
    node: Arc<Node>,
}

/// Differences of a node from one of `warren run`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Setup {
    /// Threads for processes; one for each core if absent.
    pub(crate) workers: Option<NonZeroUsize>,
    /// The `max_processes` of [`HOST`].
    pub(crate) max_processes: usize,
    /// Time that a guest runs before it yields.
    pub(crate) tick: Duration,
    /// The time for which a process waits before it is parked; none is if absent.
    pub(crate) park_after: Option<Duration>,
    /// True if every operation that needs a permission asks for it.
    pub(crate) judged: bool,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup {
            workers: None,
            max_processes: HostLimits::default().max_processes,
            tick: DEFAULT_TICK,
            park_after: None,
            judged: false,
        }
    }
}

/// The result of a program.
pub(crate) struct Run {
    /// Time from the call that spawned its first process until that process's
    /// end was known.
    pub(crate) elapsed: Duration,
    /// The encoded value it returned.
    pub(crate) value: Option<Arc<[u8]>>,
}

impl Run {
    /// Returns the integer that the program returned.
    ///
    /// # Errors
    /// It returned something else.
    pub(crate) fn integer(&self) -> Result<i64> {
        let mut bytes = self.value.as_deref().context("a program without result")?;
        let value = rmpv::decode::read_value(&mut bytes).context("a result")?;
        let integer = value.as_i64();
        integer.with_context(|| format!("a result that is no integer: {value}"))
    }
}

/// The environment variable of a Lua interpreter guest that replaces the
/// bundled one, as for the command.
const INTERPRETER: &str = "WARREN_LUA_GUEST";

fn interpreter() -> Result<Option<Vec<u8>>> {
    let Some(path) = env::var_os(INTERPRETER).map(PathBuf::from) else {
        return Ok(None);
    };
    let guest = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(guest))
}

impl BenchNode {
    /// Starts a node that keeps compiled code in this directory.
    pub(crate) fn start(cache: &Path) -> Result<BenchNode> {
        BenchNode::set_up(cache, Setup::default())
    }

    /// Starts a node with the stores [`IN_MEMORY`] and [`DURABLE`], which lies in `data`.
    pub(crate) fn with_stores(cache: &Path, data: &Path) -> Result<BenchNode> {
        let data = Data::open(data).context("no directory for data")?;
        let durable = StoreSettings {
            durable: true,
            ..StoreSettings::new(DURABLE)
        };
        let stores = Stores::open(vec![StoreSettings::new(IN_MEMORY), durable], Some(&data));
        let stores = stores.context("the stores cannot be opened")?;
        BenchNode::with(cache, Setup::default(), stores)
    }

    /// Starts a node with other settings.
    pub(crate) fn set_up(cache: &Path, setup: Setup) -> Result<BenchNode> {
        BenchNode::with(cache, setup, Stores::default())
    }

    fn with(cache: &Path, setup: Setup, stores: Stores) -> Result<BenchNode> {
        let mut capabilities = warren_capabilities::all(Settings {
            stores,
            ..Settings::default()
        });
        capabilities.push(Arc::new(Operations));
        let tokio = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .context("cannot start the async runtime")?;
        // A thousand senders to one receiver are no overload here.
        let limits = HostLimits::default()
            .max_queue_messages(1 << 20)
            .max_queue_bytes(1 << 30);
        let config = NodeConfig {
            authorizer: setup.judged.then(|| Arc::new(AllowsAll) as _),
            definitions: Arc::new(Guests::new()?),
            capabilities,
            hosts: vec![
                (
                    HOST.to_owned(),
                    limits.clone().max_processes(setup.max_processes),
                ),
                (DENSE_HOST.to_owned(), limits.max_processes(1_000_000)),
            ],
            cache: Some(cache.to_owned()),
            output: Box::new(ToStandardError),
            log: None,
            interpreter: interpreter()?,
            workers: setup.workers,
            tick: setup.tick,
            park_after: setup.park_after,
            payload_objects: false,
            counts_lines: false,
            trace_messages: false,
            compile: CompileLimits::default(),
            max_memory_total: None,
            cluster: None,
            memory: None,
            time: Time::Real,
        };
        let inside = tokio.enter();
        let node = Node::start(config).context("no node")?;
        drop(inside);
        Ok(BenchNode { tokio, node })
    }

    /// Returns an inspector of its processes.
    pub(crate) fn inspector(&self) -> warren::Inspector {
        warren::Inspector::of_node(Arc::clone(&self.node))
    }

    /// Runs a program to the end of its first process.
    ///
    /// # Errors
    /// It does not start, or fails.
    pub(crate) fn run(&self, definition: &str, arguments: &Arguments) -> Result<Run> {
        self.run_in(HOST, definition, arguments)
    }

    /// Runs a program in another host.
    ///
    /// # Errors
    /// As for [`BenchNode::run`].
    pub(crate) fn run_in(
        &self,
        host: &str,
        definition: &str,
        arguments: &Arguments,
    ) -> Result<Run> {
        self.tokio.block_on(async {
            let began = Instant::now();
            let mut running = self.spawn(host, definition, arguments).await?;
            finish(definition, began, &mut running).await
        })
    }

    /// Runs a program `number` times at once. Returns the result of the last to end.
    ///
    /// # Errors
    /// As for [`BenchNode::run`].
    pub(crate) fn run_many(
        &self,
        definition: &str,
        arguments: &Arguments,
        number: usize,
    ) -> Result<Run> {
        ensure!(number > 0, "nothing is to be run");
        self.tokio.block_on(async {
            let began = Instant::now();
            let mut all = Vec::new();
            for _ in 1..number {
                all.push(self.spawn(HOST, definition, arguments).await?);
            }
            let mut last = self.spawn(HOST, definition, arguments).await?;
            for running in &mut all {
                finish(definition, began, running).await?;
            }
            finish(definition, began, &mut last).await
        })
    }

    /// Runs a program beside this many endless processes of another definition.
    ///
    /// # Errors
    /// As for [`BenchNode::run`]; one of the others ended.
    pub(crate) fn run_beside(
        &self,
        busy: &str,
        number: usize,
        definition: &str,
        arguments: &Arguments,
    ) -> Result<Run> {
        let mut others = self.tokio.block_on(async {
            let mut others = Vec::new();
            for _ in 0..number {
                others.push(self.spawn(HOST, busy, &Arguments::new()).await?);
            }
            anyhow::Ok(others)
        })?;
        let run = self.run(definition, arguments);
        self.tokio.block_on(async {
            for other in &others {
                if self.node.kernel().terminate(other.process()).is_err() {
                    bail!("{busy} ended by itself");
                }
            }
            for other in &mut others {
                other.wait().await;
            }
            Ok(())
        })?;
        run
    }

    /// Starts `count` waiting processes, links them by number, and fails the
    /// first. Returns the time until all had ended: each must have fallen.
    ///
    /// # Errors
    /// A process does not start; some process did not fall.
    pub(crate) fn fall(
        &self,
        definition: &str,
        count: usize,
        links: impl Iterator<Item = (usize, usize)>,
    ) -> Result<Duration> {
        let kernel = self.node.kernel();
        self.tokio.block_on(async {
            let mut all = Vec::with_capacity(count);
            for _ in 0..count {
                let running = self.spawn(HOST, definition, &Arguments::new()).await?;
                kernel.send(None, running.process(), "wake up", b"\x90")?;
                all.push(running);
            }
            for running in &all {
                while running.process().depth().messages > 0 {
                    tokio::task::yield_now().await;
                }
            }
            for (one, other) in links {
                kernel.link(all[one].process(), all[other].process())?;
            }
            let began = Instant::now();
            kernel.terminate(all[0].process())?;
            for running in &mut all {
                if let Outcome::Returned(_) = &*running.wait().await.outcome {
                    bail!("{definition} ended by itself");
                }
            }
            Ok(began.elapsed())
        })
    }

    /// Returns the number of live processes.
    pub(crate) fn live(&self) -> usize {
        self.node.kernel().live()
    }

    async fn spawn(&self, host: &str, definition: &str, arguments: &Arguments) -> Result<Running> {
        let spawned = self.node.run(definition, host, arguments.bytes()).await;
        spawned.map_err(|error| anyhow!("{definition} does not start: {error}"))
    }
}

async fn finish(definition: &str, began: Instant, running: &mut Running) -> Result<Run> {
    let ended = running.wait().await;
    let elapsed = began.elapsed();
    match &*ended.outcome {
        Outcome::Returned(value) => Ok(Run {
            elapsed,
            value: value.clone(),
        }),
        Outcome::Failed(error) => Err(anyhow!("{definition} failed: {error}")),
    }
}

impl Drop for BenchNode {
    fn drop(&mut self) {
        self.tokio
            .block_on(self.node.terminate_all(std::time::Duration::from_secs(60)));
    }
}

/// A sink to standard error: standard output has only the table.
struct ToStandardError;

impl Sink for ToStandardError {
    fn write(&mut self, _stream: Stream, bytes: &[u8]) {
        // If standard error is gone, nobody reads the output.
        let _ = std::io::stderr().write_all(bytes);
    }
}
