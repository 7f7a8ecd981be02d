//! A command that is running.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;

/// Far more than any of the programs takes on a busy machine, the first start
/// included.
pub const TIMEOUT: Duration = Duration::from_secs(300);

/// The command took longer than it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimedOut;

/// A command that is running. Killed when it is dropped before its end.
#[derive(Debug)]
pub struct Session {
    child: Child,
    /// Lines of standard output as they come, each with its line end.
    lines: Option<Receiver<Vec<u8>>>,
    /// All of standard error, at its end.
    stderr: Receiver<Vec<u8>>,
    read: Vec<u8>,
    deadline: Instant,
}

impl Session {
    pub(crate) fn start(mut command: Command) -> Session {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let stdout = child.stdout.take().expect("standard output is piped");
        let stderr = child.stderr.take().expect("standard error is piped");
        Session {
            child,
            lines: Some(lines_of(stdout)),
            stderr: all_of(stderr),
            read: Vec::new(),
            deadline: Instant::now() + TIMEOUT,
        }
    }

    /// Gives it less time than [`TIMEOUT`], counted from now.
    pub fn within(mut self, limit: Duration) -> Session {
        self.deadline = Instant::now() + limit;
        self
    }

    /// Waits until a line was printed that is exactly this.
    #[track_caller]
    pub fn wait_for_line(&mut self, wanted: &str) {
        loop {
            let Some(line) = self.next_line() else {
                panic!("the command ended without printing the line {wanted:?}");
            };
            self.read.extend_from_slice(&line);
            if line.strip_suffix(b"\n").unwrap_or(&line) == wanted.as_bytes() {
                return;
            }
        }
    }

    /// Sends a signal, by its name without SIG.
    #[track_caller]
    pub fn signal(&self, name: &str) {
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name])
            .arg(self.child.id().to_string())
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

    /// Ends the command at once, as the system does for want of memory.
    pub fn kill(mut self) {
        self.child.kill().expect("the command is killed");
        self.child.wait().expect("the command is waited for");
    }

    /// The number of its process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Bytes of memory that it occupies.
    #[track_caller]
    pub fn resident(&self) -> u64 {
        let path = format!("/proc/{}/status", self.child.id());
        let status = std::fs::read_to_string(path).expect("it has not ended");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
        1024 * kib
            .and_then(|kib| kib.parse::<u64>().ok())
            .expect("it is in KiB")
    }

    /// Whether the command has ended.
    pub fn has_ended(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(Some(_)))
    }

    /// Waits for the end of the command.
    #[track_caller]
    pub fn end(mut self) -> Outcome {
        while let Some(line) = self.next_line() {
            self.read.extend_from_slice(&line);
        }
        let stderr = match self.stderr.recv_timeout(self.left()) {
            Ok(bytes) => bytes,
            Err(_) => self.give_up(),
        };
        let status = self.child.wait().expect("the command is waited for");
        Outcome {
            status: status.code(),
            stdout: std::mem::take(&mut self.read),
            stderr: String::from_utf8_lossy(&stderr).into_owned(),
        }
    }

    /// The next line of standard output with its line end; none at its end.
    ///
    /// # Errors
    /// There was none in time.
    pub fn line(&mut self) -> Result<Option<Vec<u8>>, TimedOut> {
        let Some(lines) = &self.lines else {
            return Ok(None);
        };
        match lines.recv_timeout(self.left()) {
            Ok(line) => Ok(Some(line)),
            Err(RecvTimeoutError::Disconnected) => Ok(None),
            Err(RecvTimeoutError::Timeout) => Err(TimedOut),
        }
    }

    #[track_caller]
    fn next_line(&mut self) -> Option<Vec<u8>> {
        match self.line() {
            Ok(line) => line,
            Err(TimedOut) => self.give_up(),
        }
    }

    fn left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// Fails the test; dropping the session kills the command.
    #[track_caller]
    fn give_up(&self) -> ! {
        panic!(
            "not done in time; standard output so far: {:?}",
            String::from_utf8_lossy(&self.read)
        );
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Both fail where it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on a thread of its own, so that waiting for one can time out.
fn lines_of(stdout: ChildStdout) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1024);
    thread::spawn(move || {
        let mut stdout = BufReader::new(stdout);
        loop {
            let mut line = Vec::new();
            match stdout.read_until(b'\n', &mut line) {
                Ok(0) | Err(_) => return,
                Ok(_) if sender.send(line).is_err() => return,
                Ok(_) => {}
            }
        }
    });
    receiver
}

/// Reads everything on a thread of its own.
fn all_of(mut stderr: ChildStderr) -> Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // Where reading fails, what came before is what there is.
        let _ = stderr.read_to_end(&mut bytes);
        let _ = sender.send(bytes);
    });
    receiver
}
