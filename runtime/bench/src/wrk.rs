//! `wrk`, which sends requests over many connections and measures the answers.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Context, Result, ensure};

/// The text of a row on a machine without `wrk`.
pub(crate) const MISSING: &str = "wrk is not installed; on Debian: apt-get install wrk";

/// Prints the figures in one line.
const SCRIPT: &str = include_str!("wrk.lua");

/// The most threads of the clients.
const THREADS: usize = 8;

/// The command, with its script.
pub(crate) struct Wrk {
    script: PathBuf,
}

/// The requests of one sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    /// Connections, each with one request at a time.
    pub(crate) connections: usize,
    pub(crate) seconds: u32,
    /// Mean pause of a connection before its next request, in milliseconds.
    pub(crate) pause: Option<u32>,
}

/// The figures of one sample.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Answers {
    /// Number of answers.
    pub(crate) count: f64,
    pub(crate) per_second: f64,
    /// Microseconds from a request to its answer, which 50 and 99 of 100 do not exceed.
    pub(crate) p50: f64,
    pub(crate) p99: f64,
}

impl Wrk {
    /// Returns the command with its script in this directory; `None` if this machine does not
    /// have the command.
    pub(crate) fn find(scratch: &Path) -> Result<Option<Wrk>> {
        let mut wrk = Command::new("wrk");
        let shown = wrk.arg("--version").stdin(Stdio::null()).output();
        if shown.is_err() {
            return Ok(None);
        }
        let script = scratch.join("wrk.lua");
        fs::write(&script, SCRIPT).context("wrk.lua is not written")?;
        Ok(Some(Wrk { script }))
    }

    /// Sends requests of `/` to this address.
    ///
    /// # Errors
    /// A request was not answered, or its answer is no success.
    pub(crate) fn send(&self, address: &str, load: Load) -> Result<Answers> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let threads = cores.min(THREADS).min(load.connections);
        let mut wrk = Command::new("wrk");
        wrk.args(["--threads", &threads.to_string()])
            .args(["--connections", &load.connections.to_string()])
            .args(["--duration", &format!("{}s", load.seconds)])
            .args(["--timeout", "5s", "--script"])
            .arg(&self.script)
            .arg(format!("http://{address}/"));
        if let Some(pause) = load.pause {
            wrk.args(["--", &pause.to_string()]);
        }
        let output = wrk.stdin(Stdio::null()).output();
        let output = output.context("wrk does not start")?;
        let printed = String::from_utf8_lossy(&output.stdout);
        ensure!(
            output.status.success(),
            "wrk ended with {}: {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        let (answers, failed) =
            parsed(&printed).with_context(|| format!("wrk printed {printed}"))?;
        ensure!(
            failed == 0.0 && answers.count > 0.0,
            "{failed} requests failed, and {} were answered",
            answers.count
        );
        Ok(answers)
    }
}

/// Reads the line of the script. Returns the figures and the number of failures.
fn parsed(printed: &str) -> Option<(Answers, f64)> {
    let mut lines = printed.lines();
    let numbers = lines.find_map(|line| line.strip_prefix("measured: "))?;
    let numbers: Vec<f64> = numbers
        .split(' ')
        .map(|number| number.parse().ok())
        .collect::<Option<_>>()?;
    let [count, failed, microseconds, p50, p99] = numbers[..] else {
        return None;
    };
    let answers = Answers {
        count,
        per_second: count / microseconds * 1e6,
        p50,
        p99,
    };
    Some((answers, failed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_script_is_read() {
        let printed = "Running 2s test\n  2 threads\nmeasured: 3000 0 2000000 120 950\n";
        let (answers, failed) = parsed(printed).expect("it has the line");
        let expected = Answers {
            count: 3000.0,
            per_second: 1500.0,
            p50: 120.0,
            p99: 950.0,
        };
        assert_eq!((answers, failed), (expected, 0.0));
        for other in ["", "measured: 1 2 3 4\n", "measured: 1 2 3 4 x\n"] {
            assert_eq!(parsed(other), None);
        }
    }
}
