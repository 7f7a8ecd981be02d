//! Bare tokio tasks with unbounded channels: the parts of warren's processes,
//! and so a bound of their speed.

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};

type Message = Box<[u8]>;

/// Threads as tokio sets them up.
pub(crate) struct Tasks {
    threads: Runtime,
}

impl Tasks {
    /// Returns one worker for each core.
    ///
    /// # Errors
    /// The operating system gives no threads.
    pub(crate) fn new() -> Result<Tasks> {
        let threads = Runtime::new().context("no threads")?;
        Ok(Tasks { threads })
    }

    /// Starts a runtime of `workers` worker threads.
    ///
    /// # Errors
    /// As for [`Tasks::new`].
    pub(crate) fn on(workers: usize) -> Result<Tasks> {
        let mut builder = Builder::new_multi_thread();
        let threads = builder.worker_threads(workers).build();
        Ok(Tasks {
            threads: threads.context("no threads")?,
        })
    }

    /// Runs `pairs` pairs that each send `count` messages of `size` bytes there and back.
    /// Each way copies the message once.
    pub(crate) fn round_trips(&self, count: u32, pairs: usize, size: usize) -> Result<Duration> {
        self.timed(async move {
            let pairs: Vec<_> = (0..pairs)
                .map(|_| tokio::spawn(pair(count, size)))
                .collect();
            for pair in pairs {
                pair.await??;
            }
            Ok(())
        })
    }

    /// Sends `count` messages to each of 1,000 receivers.
    pub(crate) fn fan_out(&self, count: u32) -> Result<Duration> {
        self.timed(async move {
            let (done, mut all_done) = mpsc::unbounded_channel::<()>();
            let receivers: Vec<_> = (0..1_000)
                .map(|_| {
                    let (to, mut inbox) = mpsc::unbounded_channel::<Message>();
                    let done = done.clone();
                    tokio::spawn(async move {
                        while inbox.recv().await.is_some() {}
                        done.send(())
                    });
                    to
                })
                .collect();
            for _ in 0..count {
                for receiver in &receivers {
                    receiver.send([1; 64].into()).context("a task has ended")?;
                }
            }
            drop((receivers, done));
            while all_done.recv().await.is_some() {}
            Ok(())
        })
    }

    /// Sends `count` messages from each of 1,000 senders to one receiver.
    pub(crate) fn fan_in(&self, count: u32) -> Result<Duration> {
        self.timed(async move {
            let (to, mut inbox) = mpsc::unbounded_channel::<Message>();
            for _ in 0..1_000 {
                let to = to.clone();
                tokio::spawn(async move { (0..count).try_for_each(|_| to.send([1; 64].into())) });
            }
            drop(to);
            while inbox.recv().await.is_some() {}
            Ok(())
        })
    }

    /// Starts and awaits tasks one after the other.
    pub(crate) fn spawns(&self, count: u32) -> Result<Duration> {
        self.timed(async move {
            for _ in 0..count {
                tokio::spawn(async {}).await?;
            }
            Ok(())
        })
    }

    /// Starts tasks that are all alive at once, then each get a message and
    /// end.
    pub(crate) fn herd(&self, count: u32) -> Result<Duration> {
        self.timed(async move {
            let members: Vec<_> = (0..count)
                .map(|_| {
                    let (go, gone) = oneshot::channel::<()>();
                    (go, tokio::spawn(gone))
                })
                .collect();
            let mut tasks = Vec::new();
            for (go, task) in members {
                // Fails only if the task has ended.
                let _ = go.send(());
                tasks.push(task);
            }
            for task in tasks {
                task.await??;
            }
            Ok(())
        })
    }

    /// Passes a token around 503 tasks.
    pub(crate) fn ring(&self, laps: u32) -> Result<Duration> {
        self.timed(async move {
            let (to_self, mut inbox) = mpsc::unbounded_channel::<Message>();
            let mut next = to_self;
            for _ in 0..502 {
                let (to_member, mut inbox) = mpsc::unbounded_channel::<Message>();
                tokio::spawn(async move {
                    while let Some(token) = inbox.recv().await {
                        if next.send(token).is_err() {
                            return;
                        }
                    }
                });
                next = to_member;
            }
            for _ in 0..laps {
                next.send([1; 2].into()).context("the ring is broken")?;
                inbox.recv().await.context("the ring is broken")?;
            }
            Ok(())
        })
    }

    /// Runs a tree of tasks with `size` leaves, which sums their numbers.
    pub(crate) fn skynet(&self, size: u64, at_once: u64) -> Result<Duration> {
        self.timed(async move {
            let (to, result) = oneshot::channel();
            tokio::spawn(node(0, size, at_once, to));
            ensure!(result.await? == size * (size - 1) / 2, "a wrong sum");
            Ok(())
        })
    }

    fn timed(&self, work: impl Future<Output = Result<()>> + Send + 'static) -> Result<Duration> {
        let began = Instant::now();
        let work = self.threads.spawn(work);
        self.threads
            .block_on(work)
            .context("a task panicked")
            .flatten()?;
        Ok(began.elapsed())
    }
}

async fn pair(count: u32, size: usize) -> Result<()> {
    let (to_echo, mut echo_inbox) = mpsc::unbounded_channel::<Message>();
    let (to_ping, mut ping_inbox) = mpsc::unbounded_channel::<Message>();
    tokio::spawn(async move {
        while let Some(message) = echo_inbox.recv().await {
            if to_ping.send(message.clone()).is_err() {
                return;
            }
        }
    });
    let payload: Message = vec![1; size].into();
    for _ in 0..count {
        let sent = to_echo.send(payload.clone());
        sent.context("the echo has ended")?;
        ping_inbox.recv().await.context("the echo has ended")?;
    }
    Ok(())
}

fn node(
    number: u64,
    size: u64,
    at_once: u64,
    parent: oneshot::Sender<u64>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    Box::pin(async move {
        let mut sum = number;
        if size > 1 {
            sum = 0;
            let mut waiting = Vec::new();
            for i in 0..10 {
                let (to, result) = oneshot::channel();
                tokio::spawn(node(number + i * (size / 10), size / 10, at_once, to));
                if size <= at_once {
                    waiting.push(result);
                } else {
                    sum += result.await.unwrap_or_default();
                }
            }
            for result in waiting {
                sum += result.await.unwrap_or_default();
            }
        }
        // The parent waits.
        let _ = parent.send(sum);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_baseline_ends() {
        for tasks in [Tasks::new(), Tasks::on(1)] {
            let tasks = tasks.expect("threads");
            let all = [
                tasks.round_trips(3, 2, 64),
                tasks.fan_out(2),
                tasks.fan_in(2),
                tasks.spawns(3),
                tasks.herd(3),
                tasks.ring(2),
                tasks.skynet(100, 100),
                tasks.skynet(100, 10),
            ];
            for result in all {
                result.expect("it ends");
            }
        }
    }
}
