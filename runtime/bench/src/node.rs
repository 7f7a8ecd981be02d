//! A node that runs the embedded guests.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};
use warren_engine::{HostLimits, Node, NodeConfig, Running, Sink, Stream};
use warren_kernel::Outcome;

use crate::guests::{Guests, HOST};

/// A node and the threads its processes run on, both with the settings of
/// `warren run`.
pub(crate) struct BenchNode {
    threads: tokio::runtime::Runtime,
    node: Arc<Node>,
}

/// How a program went.
pub(crate) struct Run {
    /// From the call that spawned its first process until that process's end
    /// was known.
    pub(crate) elapsed: Duration,
    /// What it returned, encoded.
    pub(crate) value: Option<Arc<[u8]>>,
}

impl BenchNode {
    /// Starts a node that keeps compiled code in this directory.
    pub(crate) fn start(cache: &Path) -> Result<BenchNode> {
        let threads = warren::threads().context("no threads")?;
        let config = NodeConfig {
            definitions: Arc::new(Guests::new()),
            hosts: vec![(HOST.to_owned(), HostLimits::default())],
            cache: Some(cache.to_owned()),
            output: Box::new(ToStandardError),
            interpreter: None,
        };
        let inside = threads.enter();
        let node = Node::start(config).context("no node")?;
        drop(inside);
        Ok(BenchNode { threads, node })
    }

    /// Runs a program to the end of its first process.
    ///
    /// # Errors
    /// It does not start, or fails.
    pub(crate) fn run(&self, definition: &str, arguments: &[u8]) -> Result<Run> {
        self.threads.block_on(async {
            let began = Instant::now();
            let mut running = self.spawn(definition, arguments).await?;
            let ended = running.wait().await;
            let elapsed = began.elapsed();
            match &*ended.outcome {
                Outcome::Returned(value) => Ok(Run {
                    elapsed,
                    value: value.clone(),
                }),
                Outcome::Failed(error) => Err(anyhow!("{definition} failed: {error}")),
            }
        })
    }

    /// Runs a program while this many processes of another definition run,
    /// which would not end by themselves.
    ///
    /// # Errors
    /// As for [`BenchNode::run`]; one of the others ended.
    pub(crate) fn run_beside(
        &self,
        busy: &str,
        number: usize,
        definition: &str,
        arguments: &[u8],
    ) -> Result<Run> {
        let mut others = self.threads.block_on(async {
            let mut others = Vec::new();
            for _ in 0..number {
                others.push(self.spawn(busy, &[]).await?);
            }
            anyhow::Ok(others)
        })?;
        let run = self.run(definition, arguments);
        self.threads.block_on(async {
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

    /// Starts so many processes that wait, links them as told, by number, and
    /// has the first fail. Returns how long it took until all had ended: each
    /// must have fallen.
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
        self.threads.block_on(async {
            let mut all = Vec::with_capacity(count);
            for _ in 0..count {
                let running = self.spawn(definition, &[]).await?;
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

    /// Processes that live.
    pub(crate) fn live(&self) -> usize {
        self.node.kernel().live()
    }

    async fn spawn(&self, definition: &str, arguments: &[u8]) -> Result<Running> {
        let spawned = self.node.run(definition, HOST, arguments).await;
        spawned.map_err(|error| anyhow!("{definition} does not start: {error}"))
    }
}

impl Drop for BenchNode {
    fn drop(&mut self) {
        self.threads.block_on(self.node.terminate_all());
    }
}

/// Standard output is the table's alone.
struct ToStandardError;

impl Sink for ToStandardError {
    fn write(&mut self, _stream: Stream, bytes: &[u8]) {
        // Nobody is left to tell when standard error itself is gone.
        let _ = std::io::stderr().write_all(bytes);
    }
}
