//! Crowds: many processes that have each answered some messages and wait. Each
//! crowd is held by an OS process of its own, so that earlier measurements
//! leave no remains in it.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use warren::introspection::State;

use crate::another;
use crate::guests::Arguments;
use crate::node::{BenchNode, Setup};
use crate::resident::{Resident, Share, available};

/// The kind of a crowd's processes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    Flat,
    Component,
    Lua,
    /// Bare tokio tasks.
    Tokio,
}

/// A crowd to be held.
#[derive(Clone, Debug)]
pub(crate) struct Crowd {
    pub(crate) kind: Kind,
    pub(crate) processes: u32,
    /// Number of messages each process answers before it waits.
    pub(crate) messages: u32,
    /// The directory for compiled code.
    pub(crate) cache: PathBuf,
    /// True if the processes are parked as soon as they wait.
    pub(crate) parks: bool,
}

/// The measurements of a held crowd.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Held {
    /// One process's share.
    pub(crate) share: Share,
    /// Time from before the first start until the last answer.
    pub(crate) elapsed: Duration,
}

/// Size of a first crowd, so that shared parts (code, threads, the first pool)
/// exist before anything is measured.
pub(crate) const FIRST: u32 = 16;

/// Bytes of free memory below which a crowd stops growing.
const SPARE: u64 = 1 << 30;

impl Crowd {
    /// Holds the crowd in another OS process.
    ///
    /// # Errors
    /// The crowd does not come together.
    pub(crate) fn measure(&self) -> Result<Held> {
        let output = another::run(|command| {
            command
                .args(["--crowd", &self.kind.to_string()])
                .args(["--processes", &self.processes.to_string()])
                .args(["--messages", &self.messages.to_string()])
                .arg("--cache")
                .arg(&self.cache);
            if self.parks {
                command.arg("--parks");
            }
        })?;
        let answer: Value = serde_json::from_slice(&output).context("its answer")?;
        let part = |name: &str| answer[name].as_f64().with_context(|| format!("no {name}"));
        Ok(Held {
            share: Share {
                pages: part("pages")?,
                tables: part("tables")?,
            },
            elapsed: Duration::from_secs_f64(part("seconds")?),
        })
    }

    /// Holds the crowd in this process. Returns the measurements as JSON.
    ///
    /// # Errors
    /// As for [`Crowd::measure`].
    pub(crate) fn hold(&self) -> Result<Value> {
        let held = match self.kind {
            Kind::Flat => self.hold_guests("bench:flat/echo"),
            Kind::Component => self.hold_guests("bench:echo-component.wat"),
            Kind::Lua => self.hold_guests("bench:echo.lua"),
            Kind::Tokio => self.hold_tasks(),
        }?;
        Ok(json!({
            "pages": held.share.pages,
            "tables": held.share.tables,
            "seconds": held.elapsed.as_secs_f64(),
        }))
    }

    fn hold_guests(&self, definition: &str) -> Result<Held> {
        let setup = Setup {
            max_processes: self.processes as usize + 10_000,
            park_after: self.parks.then_some(Duration::ZERO),
            ..Setup::default()
        };
        let node = BenchNode::set_up(&self.cache, setup)?;
        let gather = |number: u32| {
            let arguments = Arguments::new().number(number).number(self.messages);
            node.run("bench:flat/crowd", &arguments.text(definition))
        };
        gather(FIRST)?;
        self.wait_for_parking(&node, FIRST);
        let before = Resident::of(process::id())?;
        let began = Instant::now();
        let mut left = self.processes;
        while left > 0 {
            let some = left.min(self.processes.div_ceil(10));
            gather(some)?;
            left -= some;
            ensure!(
                available()? >= SPARE,
                "the machine ran out of memory at {} processes",
                node.live()
            );
        }
        let elapsed = began.elapsed();
        self.wait_for_parking(&node, FIRST + self.processes);
        let after = Resident::of(process::id())?;
        let expected = (FIRST + self.processes) as usize;
        ensure!(
            node.live() == expected,
            "{} processes live, not {expected}",
            node.live()
        );
        Ok(Held {
            share: after.each_since(before, self.processes),
            elapsed,
        })
    }

    /// Waits until so many processes are parked, if they are to be.
    fn wait_for_parking(&self, node: &BenchNode, processes: u32) {
        let parked = || node.inspector().totals().states[State::Parked as usize];
        while self.parks && parked() < processes as usize {
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn hold_tasks(&self) -> Result<Held> {
        let threads = tokio::runtime::Runtime::new().context("no threads")?;
        threads.block_on(async {
            let first = tasks(FIRST, self.messages).await?;
            let before = Resident::of(process::id())?;
            let began = Instant::now();
            let rest = tasks(self.processes, self.messages).await?;
            let elapsed = began.elapsed();
            let after = Resident::of(process::id())?;
            drop((first, rest));
            Ok(Held {
                share: after.each_since(before, self.processes),
                elapsed,
            })
        })
    }
}

type Inbox = mpsc::UnboundedSender<[u8; 64]>;

/// Starts `number` tasks that have each answered `messages` messages; they end when the
/// returned inboxes are dropped.
async fn tasks(number: u32, messages: u32) -> Result<Vec<Inbox>> {
    let (answer, mut answers) = mpsc::unbounded_channel();
    let mut inboxes = Vec::new();
    for _ in 0..number {
        let (inbox, mut messages_in) = mpsc::unbounded_channel::<[u8; 64]>();
        let answer = answer.clone();
        tokio::spawn(async move {
            while let Some(message) = messages_in.recv().await {
                if answer.send(message).is_err() {
                    return;
                }
            }
        });
        for _ in 0..messages {
            inbox.send([1; 64]).context("a task has ended")?;
            answers.recv().await.context("no task answers")?;
        }
        inboxes.push(inbox);
    }
    // The tasks hold their own ends: their answers go nowhere from now on.
    Ok(inboxes)
}

impl Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Kind::Flat => "flat",
            Kind::Component => "component",
            Kind::Lua => "lua",
            Kind::Tokio => "tokio",
        })
    }
}
