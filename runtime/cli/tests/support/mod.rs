//! Runs the built command on programs made for one test.

// A test binary uses part of this. What fails here has no test to go on with.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used)]

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

/// Far more than any of these programs takes, the first start included.
const TIMEOUT: Duration = Duration::from_secs(300);

/// A directory with these files.
pub(crate) fn program(files: &[(&str, &str)]) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = dir.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    dir
}

/// What the command printed, and how it ended.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Outcome {
    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn ends_with(self, status: i32) -> Self {
        assert_eq!(self.status, Some(status), "{self:#?}");
        self
    }

    /// Asserts that standard error contains each of these texts, and no trace
    /// of a panic or of colour.
    #[track_caller]
    pub(crate) fn says(self, texts: &[&str]) -> Self {
        for text in texts {
            assert!(self.stderr.contains(text), "{text:?} is missing: {self:#?}");
        }
        for text in ["panicked", "\u{1b}["] {
            assert!(!self.stderr.contains(text), "{text:?} is there: {self:#?}");
        }
        self
    }

    /// Asserts what standard output holds.
    #[track_caller]
    pub(crate) fn prints(self, stdout: &str) -> Self {
        assert_eq!(self.stdout, stdout, "{self:#?}");
        self
    }
}

/// `warren` with these arguments, in this directory.
pub(crate) fn warren(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warren"));
    command
        .args(args)
        .current_dir(dir)
        // All tests share what was compiled once, and nothing else on the machine.
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env_remove("WARREN_LOG")
        .stdin(Stdio::null());
    command
}

/// Runs `warren run` with these arguments to its end.
#[track_caller]
pub(crate) fn run(dir: &Path, args: &[&str]) -> Outcome {
    let args: Vec<&str> = ["run"].into_iter().chain(args.iter().copied()).collect();
    outcome(warren(dir, &args))
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn outcome(command: Command) -> Outcome {
    Session::start(command).end()
}

/// A command that is running.
pub(crate) struct Session {
    child: Child,
    stdout: Option<BufReader<ChildStdout>>,
    stderr: Option<BufReader<ChildStderr>>,
    read: String,
    read_errors: String,
}

impl Session {
    /// Starts a command.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let stderr = BufReader::new(child.stderr.take().unwrap());
        Session {
            child,
            stdout: Some(stdout),
            stderr: Some(stderr),
            read: String::new(),
            read_errors: String::new(),
        }
    }

    /// Waits until a line was printed that is exactly this.
    #[track_caller]
    pub(crate) fn wait_for_line(&mut self, line: &str) {
        let stdout = self.stdout.take().unwrap();
        let (stdout, text, found) = self.read_up_to(stdout, line);
        self.stdout = Some(stdout);
        self.read.push_str(&text);
        assert!(found, "ended without the line {line:?}: {:?}", self.read);
    }

    /// Waits for such a line on standard error.
    #[track_caller]
    pub(crate) fn wait_for_error(&mut self, line: &str) {
        let stderr = self.stderr.take().unwrap();
        let (stderr, text, found) = self.read_up_to(stderr, line);
        self.stderr = Some(stderr);
        self.read_errors.push_str(&text);
        assert!(
            found,
            "ended without the error {line:?}: {:?}",
            self.read_errors
        );
    }

    #[track_caller]
    fn read_up_to<R: BufRead + Send + 'static>(
        &mut self,
        mut reader: R,
        line: &str,
    ) -> (R, String, bool) {
        let wanted = line.to_owned();
        self.within_timeout(move || {
            let mut text = String::new();
            loop {
                let mut next = String::new();
                let end = reader.read_line(&mut next).unwrap() == 0;
                text.push_str(&next);
                if end || next.trim_end() == wanted {
                    return (reader, text, !end);
                }
            }
        })
    }

    /// Sends a signal, by its name without SIG.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let sent = Command::new("sh")
            .args(["-c", "kill -s \"$0\" \"$1\"", name, &pid])
            .status()
            .unwrap();
        assert!(sent.success());
    }

    /// Closes the reading end of standard output.
    pub(crate) fn close_stdout(&mut self) {
        self.stdout = None;
    }

    /// Waits for the end of the command.
    #[track_caller]
    pub(crate) fn end(mut self) -> Outcome {
        let stdout = self.stdout.take();
        let mut stderr = self.stderr.take().unwrap();
        let (rest, errors) = self.within_timeout(move || {
            // Both at once: a full pipe would hold the command up.
            let errors = thread::spawn(move || {
                let mut errors = Vec::new();
                stderr.read_to_end(&mut errors).map(|_| errors)
            });
            let mut rest = Vec::new();
            if let Some(mut stdout) = stdout {
                stdout.read_to_end(&mut rest).unwrap();
            }
            (rest, errors.join().unwrap().unwrap())
        });
        let mut stderr = std::mem::take(&mut self.read_errors);
        stderr.push_str(&String::from_utf8_lossy(&errors));
        let status = self.child.wait().unwrap();
        let mut stdout = std::mem::take(&mut self.read);
        stdout.push_str(&String::from_utf8_lossy(&rest));
        Outcome {
            status: status.code(),
            stdout,
            stderr,
        }
    }

    #[track_caller]
    fn within_timeout<T: Send + 'static>(
        &mut self,
        wait: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let (sender, receiver) = mpsc::channel();
        thread::spawn(move || sender.send(wait()));
        match receiver.recv_timeout(TIMEOUT) {
            Ok(value) => value,
            Err(error) => {
                let _ = self.child.kill();
                panic!(
                    "not done after {TIMEOUT:?} ({error}); read so far: {:?}",
                    self.read
                );
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // Fails where it has ended, as it should have.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
