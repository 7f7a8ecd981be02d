//! A running command.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::memory::{self, MemoryWatch};
use crate::outcome::Outcome;

/// Far more than any of the programs takes on a busy machine, the first start
/// included.
pub const TIMEOUT: Duration = Duration::from_secs(1200);

/// The error of a command that exceeds its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

/// A running command, killed when dropped before its end.
#[derive(Debug)]
pub struct Session {
    child: Child,
    /// Lines of standard output as they come, each with its line end.
    lines: Option<Receiver<Vec<u8>>>,
    /// Lines of standard error, each with its line end.
    errors: Receiver<Vec<u8>>,
    read: Vec<u8>,
    read_errors: Vec<u8>,
    deadline: Instant,
}

impl Session {
    /// Starts a command.
    #[track_caller]
    pub fn start(mut command: Command) -> Session {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        // Unread lines stop the command at its standard output only.
        let (line, lines) = mpsc::sync_channel(1024);
        read_lines(stdout, move |read| line.send(read).is_ok());
        let (line, errors) = mpsc::channel();
        read_lines(stderr, move |read| line.send(read).is_ok());
        Session {
            child,
            lines: Some(lines),
            errors,
            read: Vec::new(),
            read_errors: Vec::new(),
            deadline: Instant::now() + TIMEOUT,
        }
    }

    /// Limits the time to less than [`TIMEOUT`], counted from now.
    pub fn within(mut self, limit: Duration) -> Session {
        self.deadline = Instant::now() + limit;
        self
    }

    /// Waits until exactly this line was printed.
    #[track_caller]
    pub fn wait_for_line(&mut self, wanted: &str) {
        loop {
            let Some(line) = self.next_line() else {
                panic!("the command ended without printing the line {wanted:?}");
            };
            self.read.extend_from_slice(&line);
            if is(&line, wanted) {
                return;
            }
        }
    }

    /// Waits for exactly this line on standard error.
    #[track_caller]
    pub fn wait_for_error(&mut self, wanted: &str) {
        loop {
            let Some(line) = self.next_error() else {
                panic!("the command ended without the error {wanted:?}");
            };
            self.read_errors.extend_from_slice(&line);
            if is(&line, wanted) {
                return;
            }
        }
    }

    /// Waits for a line on standard error that begins so, and returns the rest of it.
    #[track_caller]
    pub fn wait_for_error_with(&mut self, start: &str) -> String {
        loop {
            let Some(line) = self.next_error() else {
                panic!(
                    "the command ended without an error that begins with {start:?}: {}",
                    String::from_utf8_lossy(&self.read_errors)
                );
            };
            self.read_errors.extend_from_slice(&line);
            let line = String::from_utf8_lossy(&line);
            if let Some(rest) = line.strip_prefix(start) {
                return rest.trim_end().to_owned();
            }
        }
    }

    /// Sends a signal, by its name without SIG.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        self.signals(name, 1);
    }

    /// Sends a signal several times at once.
    #[track_caller]
    pub fn signals(&self, name: &str, times: usize) {
        let sent = Command::new("sh")
            .args(["-c", "for _ in $2; do kill -s \"$0\" \"$1\"; done", name])
            .arg(self.child.id().to_string())
            .arg("x ".repeat(times))
            .status()
            .expect("a shell");
        assert!(sent.success(), "signal {name} was not sent");
    }

    /// Stops reading standard output and closes its end of the pipe, so that
    /// the command's next write fails.
    pub fn close_stdout(&mut self) {
        // The reading thread ends with the next line it cannot hand over.
        self.lines = None;
    }

    /// Kills the command, as the system does for want of memory.
    pub fn kill(mut self) {
        self.child.kill().expect("the command is killed");
        self.child.wait().expect("the command is waited for");
    }

    /// Returns the command's PID.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the bytes of memory that the command occupies.
    #[track_caller]
    pub fn resident(&self) -> u64 {
        self.memory("VmRSS:")
    }

    /// Returns the peak of that memory, in bytes.
    #[track_caller]
    pub fn largest_resident(&self) -> u64 {
        self.memory("VmHWM:")
    }

    /// Returns the bytes of memory that the command has for itself.
    #[track_caller]
    pub fn own_memory(&self) -> u64 {
        self.memory(memory::OWN)
    }

    /// Begins to watch the memory that the command has for itself.
    #[track_caller]
    pub fn watch_memory(&self) -> MemoryWatch {
        MemoryWatch::start(self.child.id())
    }

    #[track_caller]
    fn memory(&self, field: &str) -> u64 {
        memory::of(self.child.id(), field).expect("it has not ended")
    }

    /// Returns whether the command has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the end of the command.
    #[track_caller]
    pub fn end(mut self) -> Outcome {
        while let Some(line) = self.next_line() {
            self.read.extend_from_slice(&line);
        }
        while let Some(line) = self.next_error() {
            self.read_errors.extend_from_slice(&line);
        }
        let status = self.child.wait().expect("the command is waited for");
        Outcome {
            status: status.code(),
            stdout: std::mem::take(&mut self.read),
            stderr: String::from_utf8_lossy(&self.read_errors).into_owned(),
        }
    }

    /// Returns the next line of standard output with its line end; `None` at
    /// its end.
    ///
    /// # Errors
    /// No line came in time.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>, TimedOut> {
        match &self.lines {
            Some(lines) => self.next_of(lines),
            None => Ok(None),
        }
    }

    #[track_caller]
    fn next_line(&mut self) -> Option<Vec<u8>> {
        match self.line() {
            Ok(line) => line,
            Err(TimedOut) => self.give_up(),
        }
    }

    #[track_caller]
    fn next_error(&mut self) -> Option<Vec<u8>> {
        match self.next_of(&self.errors) {
            Ok(line) => line,
            Err(TimedOut) => self.give_up(),
        }
    }

    fn next_of(&self, lines: &Receiver<Vec<u8>>) -> Result<Option<Vec<u8>>, TimedOut> {
        let left = self.deadline.saturating_duration_since(Instant::now());
        match lines.recv_timeout(left) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(TimedOut),
        }
    }

    /// Fails the test; dropping the session kills the command.
    #[track_caller]
    fn give_up(&self) -> ! {
        panic!(
            "not done in time; so far: {:?}, on standard error {:?}",
            String::from_utf8_lossy(&self.read),
            String::from_utf8_lossy(&self.read_errors)
        );
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Both fail if the command has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Returns whether a line has this text.
fn is(line: &[u8], wanted: &str) -> bool {
    line.strip_suffix(b"\n").unwrap_or(line) == wanted.as_bytes()
}

/// Reads lines on a thread of its own, so that waiting for a line can time out,
/// until the receiver is dropped.
fn read_lines(
    pipe: impl Read + Send + 'static,
    mut hand_over: impl FnMut(Vec<u8>) -> bool + Send + 'static,
) {
    thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut line = Vec::new();
            match pipe.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if !hand_over(line) => return,
                Ok(_) => {}
            }
        }
    });
}
