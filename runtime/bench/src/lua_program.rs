//! Lua programs that need nothing but Lua, run as a process of warren.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use crate::another;
use crate::guests::{Arguments, DENSE_HOST, HOST};
use crate::node::BenchNode;

/// The class of slots a program runs in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Without bounds checks.
    Fast,
    /// With bounds checks.
    Dense,
}

/// Runs a program of `guests/cpu`. Returns the lifetime of its process, and the
/// number it returned.
///
/// # Errors
/// It fails, or returns no integer.
pub(crate) fn run(node: &BenchNode, class: Class, name: &str, n: u32) -> Result<(Duration, i64)> {
    let host = match class {
        Class::Fast => HOST,
        Class::Dense => DENSE_HOST,
    };
    let definition = format!("bench:cpu/{name}.lua");
    let run = node.run_in(host, &definition, &Arguments::new().number(n))?;
    Ok((run.elapsed, run.integer()?))
}

/// A program to be run by another OS process, which was started with
/// `RUST_BACKTRACE=1`.
#[derive(Clone, Debug)]
pub(crate) struct WithBacktraces {
    pub(crate) name: String,
    pub(crate) n: u32,
    /// The directory for compiled code.
    pub(crate) cache: PathBuf,
}

impl WithBacktraces {
    /// Runs the program in another process.
    ///
    /// # Errors
    /// It fails.
    pub(crate) fn measure(name: &str, n: u32, cache: &Path) -> Result<Duration> {
        let output = another::run(|command| {
            command
                .args(["--lua", name, &n.to_string()])
                .arg("--cache")
                .arg(cache)
                .env("RUST_BACKTRACE", "1");
        })?;
        let text = String::from_utf8_lossy(&output);
        let nanoseconds = text.trim().parse();
        Ok(Duration::from_nanos(
            nanoseconds.with_context(|| format!("its answer is {text}"))?,
        ))
    }

    /// Runs the program in this process, twice. Returns the nanoseconds of the
    /// second run.
    ///
    /// # Errors
    /// As for [`run`].
    pub(crate) fn run(&self) -> Result<u128> {
        let node = BenchNode::start(&self.cache)?;
        run(&node, Class::Fast, &self.name, 1)?;
        Ok(run(&node, Class::Fast, &self.name, self.n)?.0.as_nanos())
    }
}
