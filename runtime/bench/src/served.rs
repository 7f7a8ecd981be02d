//! Servers of HTTP, each an OS process of its own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

/// The text on standard error before the address, for the command and for this program.
pub(crate) const LISTENING: &str = "listening on http://";

/// Longer than a server takes to compile its program on a busy machine, or to answer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(300);

/// A running server. Killed when dropped.
pub(crate) struct Served {
    child: Child,
    /// IP address and port.
    address: String,
}

impl Served {
    /// Starts a server, and waits until standard error has its address behind this text.
    ///
    /// # Errors
    /// The server does not start, or ends.
    pub(crate) fn start(mut command: Command, before: &str) -> Result<Served> {
        let child = command
            // The variable would set the threads of some servers and not of others.
            .env_remove("TOKIO_WORKER_THREADS")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("{command:?} does not start"))?;
        let mut served = Served {
            child,
            address: String::new(),
        };
        served.address = served
            .told_address(before)
            .with_context(|| format!("{command:?}"))?;
        Ok(served)
    }

    fn told_address(&mut self, before: &str) -> Result<String> {
        let stderr = self.child.stderr.take().context("no standard error")?;
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            let mut stderr = BufReader::new(stderr);
            let mut read = Vec::new();
            // A full pipe would stop the server, so this goes on when nobody waits any more.
            while stderr.read_until(b'\n', &mut read).is_ok_and(|len| len > 0) {
                let _ = line.send(String::from_utf8_lossy(&read).into_owned());
                read.clear();
            }
        });
        let deadline = Instant::now() + PATIENCE;
        let mut said = String::new();
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match lines.recv_timeout(left) {
                Ok(line) => match line.strip_prefix(before) {
                    Some(address) => {
                        return Ok(address.trim_end().trim_end_matches('/').to_owned());
                    }
                    None => said.push_str(&line),
                },
                Err(RecvTimeoutError::Disconnected) => {
                    bail!("it ended before it listened: {}", said.trim_end())
                }
                Err(RecvTimeoutError::Timeout) => {
                    bail!("it does not listen: {}", said.trim_end())
                }
            }
        }
    }

    /// Returns the IP address and port.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Returns the PID of the OS process.
    pub(crate) fn os_pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a request on a connection of its own. Its answer is not read.
    ///
    /// # Errors
    /// The server takes no connection.
    pub(crate) fn ask(&self, path: &str) -> Result<TcpStream> {
        let address = &self.address;
        let mut stream =
            TcpStream::connect(address).with_context(|| format!("{address} does not answer"))?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
        stream
            .write_all(request.as_bytes())
            .with_context(|| format!("{path} is not asked for"))?;
        Ok(stream)
    }

    /// Returns the whole answer to a request, head and body as they come.
    ///
    /// # Errors
    /// There is no answer, or its status is no success.
    pub(crate) fn answer(&self, path: &str) -> Result<String> {
        let mut answer = String::new();
        self.ask(path)?
            .read_to_string(&mut answer)
            .with_context(|| format!("{path} is not answered"))?;
        ensure!(
            answer.starts_with("HTTP/1.1 2"),
            "the answer to {path} is {answer:?}"
        );
        Ok(answer)
    }

    /// Checks that the server says what is measured.
    ///
    /// # Errors
    /// It says something else.
    pub(crate) fn check_hello(&self) -> Result<()> {
        let answer = self.answer("/")?;
        ensure!(answer.contains("hello"), "the answer to / is {answer:?}");
        Ok(())
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // Both fail only if the server has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", script]);
        shell
    }

    #[test]
    fn the_address_is_behind_its_text() {
        let script = "echo a warning >&2; echo 'at http://127.0.0.1:1/' >&2; exec sleep 1000";
        let served = Served::start(shell(script), "at http://").expect("it tells an address");
        assert_eq!(served.address(), "127.0.0.1:1");
    }

    #[test]
    fn a_server_that_ends_is_an_error_with_its_words() {
        let started = Served::start(shell("echo no room >&2"), "at http://");
        let error = started.err().expect("it has ended");
        assert!(format!("{error:#}").ends_with("no room"), "{error:#}");
    }
}
