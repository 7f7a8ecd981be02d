//! Erlang, which runs `guests/warren_bench.erl`.

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::str::FromStr;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};

use crate::links::Shape;

const PROGRAM: &str = include_str!("../guests/warren_bench.erl");

/// The text of a row on a machine without Erlang.
pub(crate) const MISSING: &str = "erl is not installed; on Debian: apt-get install erlang-base";

/// A running virtual machine. Ends when dropped.
pub(crate) struct Erlang {
    child: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

impl Erlang {
    /// Starts a virtual machine; `None` if this machine has no Erlang. The
    /// program is compiled in this directory, once. `options` are those of
    /// `erl`: `+S 1` for one scheduler.
    ///
    /// # Errors
    /// The program does not compile, or the virtual machine does not start.
    pub(crate) fn start(scratch: &Path, options: &[&str]) -> Result<Option<Erlang>> {
        if !scratch.join("warren_bench.beam").exists() && !compile(scratch)? {
            return Ok(None);
        }
        let mut child = Command::new("erl")
            .args(options)
            .args(["-noshell", "-s", "warren_bench", "serve"])
            .current_dir(scratch)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("erl does not start")?;
        let (Some(commands), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            bail!("erl has no streams");
        };
        Ok(Some(Erlang {
            child,
            commands: Some(commands),
            answers: BufReader::new(answers),
        }))
    }

    /// Returns the virtual machine's OS process.
    pub(crate) fn os_pid(&mut self) -> Result<u32> {
        number(&self.call("os_pid")?)
    }

    /// Runs a command that measures itself; returns its nanoseconds.
    /// `guests/warren_bench.erl` lists the commands.
    pub(crate) fn nanoseconds(&mut self, command: &str) -> Result<f64> {
        number(&self.call(command)?)
    }

    /// Starts `count` processes that have each answered `messages` messages and wait for
    /// more.
    pub(crate) fn crowd(&mut self, count: u32, messages: u32) -> Result<()> {
        let answer = self.call(&format!("crowd {count} {messages}"))?;
        ensure!(answer == "ok", "Erlang answers {answer}");
        Ok(())
    }

    /// Returns the nanoseconds by which a sleeper of 2 ms woke too late, each
    /// time.
    pub(crate) fn sleeps(&mut self, count: u32, busy: usize) -> Result<Vec<f64>> {
        let answer = self.call(&format!("sleep {count} {busy}"))?;
        let list = answer.strip_prefix('[').and_then(|a| a.strip_suffix(']'));
        let list = list.with_context(|| format!("Erlang answers {answer}"))?;
        list.split(',').map(number).collect()
    }

    /// Returns the time from the failure of one of `count` linked processes
    /// until all are known to have ended.
    pub(crate) fn fall(&mut self, shape: Shape, count: usize) -> Result<Duration> {
        let shape = match shape {
            Shape::Chain => 0,
            Shape::Star => 1,
            Shape::Mesh => 2,
        };
        let nanoseconds = number(&self.call(&format!("fall {shape} {count}"))?)?;
        Ok(Duration::from_nanos(nanoseconds))
    }

    fn call(&mut self, command: &str) -> Result<String> {
        let commands = self.commands.as_mut().context("Erlang has ended")?;
        writeln!(commands, "{command}").context("Erlang takes no command")?;
        let mut answer = String::new();
        let read = self.answers.read_line(&mut answer);
        ensure!(
            read.context("Erlang gives no answer")? > 0,
            "Erlang ended at: {command}"
        );
        Ok(answer.trim().to_owned())
    }
}

impl Drop for Erlang {
    fn drop(&mut self) {
        // The virtual machine ends at the end of its input. Its status does not
        // matter.
        drop(self.commands.take());
        let _ = self.child.wait();
    }
}

/// Compiles the program. Returns false if there is no compiler.
fn compile(scratch: &Path) -> Result<bool> {
    let source = scratch.join("warren_bench.erl");
    fs::write(&source, PROGRAM).with_context(|| format!("{} is not written", source.display()))?;
    let output = Command::new("erlc")
        .arg("warren_bench.erl")
        .current_dir(scratch)
        .output();
    match output {
        Ok(output) if output.status.success() => Ok(true),
        Ok(output) => Err(anyhow!(
            "erlc does not compile warren_bench.erl: {}",
            String::from_utf8_lossy(&output.stdout)
        )),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error).context("erlc does not start"),
    }
}

fn number<T: FromStr>(text: &str) -> Result<T>
where
    T::Err: std::error::Error + Send + Sync + 'static,
{
    let text = text.trim();
    text.parse()
        .with_context(|| format!("Erlang answers {text}"))
}
