//! Crowds: many processes that have each answered one message and wait. Each
//! is held by a process of the operating system of its own, which so starts
//! with nothing left over from what was measured before.

use std::fmt::{self, Display};
use std::path::PathBuf;
use std::process::{self, Command};

use anyhow::{Context, Result, ensure};
use clap::ValueEnum;
use serde_json::{Value, json};
use tokio::sync::mpsc;

use crate::guests::arguments;
use crate::node::BenchNode;
use crate::resident::{Resident, Share};

/// What a crowd consists of.
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
    /// Where compiled code is kept.
    pub(crate) cache: PathBuf,
}

/// A crowd that comes first, so that what is needed once (code, threads, the
/// first pool of places) is there before anything is measured.
pub(crate) const FIRST: u32 = 16;

impl Crowd {
    /// Has another process hold the crowd, and says what one of it takes.
    ///
    /// # Errors
    /// The crowd does not come together.
    pub(crate) fn measure(&self) -> Result<Share> {
        let own = std::env::current_exe().context("where this program is")?;
        let output = Command::new(own)
            .args(["--crowd", &self.kind.to_string()])
            .args(["--processes", &self.processes.to_string()])
            .arg("--cache")
            .arg(&self.cache)
            .output()
            .context("no other process can be started")?;
        ensure!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
        let answer: Value = serde_json::from_slice(&output.stdout).context("its answer")?;
        let part = |name: &str| answer[name].as_f64().with_context(|| format!("no {name}"));
        Ok(Share {
            pages: part("pages")?,
            tables: part("tables")?,
        })
    }

    /// Holds the crowd in this process, and says what one of it takes: JSON.
    ///
    /// # Errors
    /// As for [`Crowd::measure`].
    pub(crate) fn hold(&self) -> Result<Value> {
        let share = match self.kind {
            Kind::Flat => self.hold_guests("bench:echo-flat.wat"),
            Kind::Component => self.hold_guests("bench:echo-component.wat"),
            Kind::Lua => self.hold_guests("bench:echo.lua"),
            Kind::Tokio => self.hold_tasks(),
        }?;
        Ok(json!({ "pages": share.pages, "tables": share.tables }))
    }

    fn hold_guests(&self, definition: &str) -> Result<Share> {
        let node = BenchNode::start(&self.cache)?;
        node.run("bench:crowd.wat", &arguments(FIRST, definition))?;
        let before = Resident::of(process::id())?;
        node.run("bench:crowd.wat", &arguments(self.processes, definition))?;
        let after = Resident::of(process::id())?;
        let expected = (FIRST + self.processes) as usize;
        ensure!(
            node.live() == expected,
            "{} processes live, not {expected}",
            node.live()
        );
        Ok(after.each_since(before, self.processes))
    }

    fn hold_tasks(&self) -> Result<Share> {
        let threads = tokio::runtime::Runtime::new().context("no threads")?;
        threads.block_on(async {
            let first = tasks(FIRST).await?;
            let before = Resident::of(process::id())?;
            let rest = tasks(self.processes).await?;
            let after = Resident::of(process::id())?;
            drop((first, rest));
            Ok(after.each_since(before, self.processes))
        })
    }
}

type Inbox = mpsc::UnboundedSender<[u8; 64]>;

/// Starts tasks that have each answered one message; they end when what is
/// returned is dropped.
async fn tasks(number: u32) -> Result<Vec<Inbox>> {
    let (answer, mut answers) = mpsc::unbounded_channel();
    let mut inboxes = Vec::new();
    for _ in 0..number {
        let (inbox, mut messages) = mpsc::unbounded_channel::<[u8; 64]>();
        let answer = answer.clone();
        tokio::spawn(async move {
            while let Some(message) = messages.recv().await {
                if answer.send(message).is_err() {
                    return;
                }
            }
        });
        inbox.send([1; 64]).context("a task has ended")?;
        answers.recv().await.context("no task answers")?;
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
