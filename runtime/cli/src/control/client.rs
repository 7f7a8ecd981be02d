//! The client of the control socket.

use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use warren::{Kind, RefusedFile, text};

use super::{Answer, Greeting, MAX_LINE, PROTOCOL, Request, place};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::processes::Stack;

/// Time for a whole answer, after which the client gives up.
const MAX_WAIT: Duration = Duration::from_secs(30);

/// Time for the answer to a request that compiles.
const MAX_WAIT_TO_COMPILE: Duration = Duration::from_secs(600);

/// A connection to a running program.
pub(crate) struct Client {
    path: PathBuf,
    stream: BufReader<UnixStream>,
    greeting: Greeting,
}

/// The reason why a request failed.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The program refused the request.
    Refused {
        /// The kind of the error.
        kind: Kind,
        /// The error's message.
        message: String,
        /// The definitions and files that a reload refuses.
        problems: Vec<RefusedFile>,
    },
    /// The program did not take the request: it has ended, or has closed the connection.
    Unsent(io::Error),
    /// The program does not answer: mostly because it has ended.
    Gone(io::Error),
}

impl Client {
    /// Connects to the program at a socket.
    pub(crate) fn connect(path: &Path) -> Result<Client, Box<Failure>> {
        let stream = place::connect(path, MAX_WAIT)
            .map_err(|error| Box::new(not_connected(path, &error)))?;
        if let Some(owner) = foreign_owner(&stream) {
            return Err(Box::new(Failure {
                help: Some(
                    "that user would receive your requests: give the socket of your own program"
                        .to_owned(),
                ),
                ..Failure::new(
                    Exit::Failed,
                    format!(
                        "{}: the socket belongs to a program of user {owner}",
                        text::path(path)
                    ),
                )
            }));
        }
        let mut stream = BufReader::new(stream);
        let line = read_line(&mut stream, MAX_WAIT)
            .map_err(|error| Box::new(not_connected(path, &error)))?;
        let greeting: Greeting =
            serde_json::from_slice(&line).map_err(|_| Box::new(no_greeting(path, &line)))?;
        if greeting.protocol != PROTOCOL {
            return Err(Box::new(Failure {
                help: Some("use the `warren` that runs the program".to_owned()),
                ..Failure::new(
                    Exit::Failed,
                    format!(
                        "{}: the program speaks version {} of the control protocol (warren {}), \
                         this command version {PROTOCOL} (warren {})",
                        text::path(path),
                        greeting.protocol,
                        greeting.version,
                        env!("CARGO_PKG_VERSION"),
                    ),
                )
            }));
        }
        Ok(Client {
            path: path.to_owned(),
            stream,
            greeting,
        })
    }

    /// Returns the server's greeting.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Returns the socket's path.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Sends a request and reads its answer.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, Lost> {
        let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
        line.push(b'\n');
        let sent = self.stream.get_mut().write_all(&line);
        sent.map_err(Lost::Unsent)?;
        let patience = match request {
            Request::Reload | Request::Plan { .. } => MAX_WAIT_TO_COMPILE,
            _ => MAX_WAIT,
        };
        let answer = read_line(&mut self.stream, patience)?;
        match serde_json::from_slice(&answer).map_err(io::Error::from)? {
            Answer::Ok(value) => Ok(serde_json::from_value(value).map_err(io::Error::from)?),
            Answer::Error {
                kind,
                message,
                problems,
            } => Err(Lost::Refused {
                kind,
                message,
                problems,
            }),
        }
    }

    /// Sends a request as [`Client::ask`] does, for a command that ends on a
    /// failure.
    pub(crate) fn demand<T: DeserializeOwned>(
        &mut self,
        request: &Request,
    ) -> Result<T, Box<Failure>> {
        self.ask(request)
            .map_err(|lost| Box::new(lost.failure(&self.path)))
    }

    /// Asks the program for a process's stack.
    pub(crate) fn stack(&mut self, process: &str) -> Result<Stack, Lost> {
        let process = process.to_owned();
        match self.ask(&Request::Stack { process }) {
            Ok(stack) => Ok(Stack::Stack(stack)),
            Err(Lost::Refused { message, .. }) => Ok(Stack::NoStack(message)),
            Err(lost) => Err(lost),
        }
    }
}

impl Lost {
    /// Returns the failure for the user.
    pub(crate) fn failure(&self, path: &Path) -> Failure {
        match self {
            Lost::Refused { kind, message, .. } => Failure {
                help: (*kind == Kind::NotFound).then(|| {
                    "`warren ps` shows processes and hosts; of a PID `{app:processes|0x00002}` \
                     its number, 2, is enough"
                        .to_owned()
                }),
                kind: Some(kind.clone()),
                ..Failure::new(Exit::Failed, format!("{message} ({})", kind.as_str()))
            },
            Lost::Unsent(error) | Lost::Gone(error) => Failure::new(
                Exit::Failed,
                format!("{}: the program does not answer: {error}", text::path(path)),
            ),
        }
    }
}

impl From<io::Error> for Lost {
    fn from(error: io::Error) -> Self {
        Lost::Gone(error)
    }
}

/// Returns the user at the other end, if it is neither this one nor root. In a
/// directory that others may write to, a socket can be anybody's. Root talks to
/// everybody's programs.
#[cfg(target_os = "linux")]
fn foreign_owner(stream: &UnixStream) -> Option<u32> {
    let me = rustix::process::geteuid();
    let other = rustix::net::sockopt::socket_peercred(stream).ok()?.uid;
    (!me.is_root() && !other.is_root() && me != other).then(|| other.as_raw())
}

/// This system does not tell the user.
#[cfg(not(target_os = "linux"))]
fn foreign_owner(_stream: &UnixStream) -> Option<u32> {
    None
}

/// Reads a whole line within `patience`, however slowly its bytes arrive.
fn read_line(stream: &mut BufReader<UnixStream>, patience: Duration) -> io::Result<Vec<u8>> {
    let until = Instant::now() + patience;
    let mut line = Vec::new();
    loop {
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        stream.get_ref().set_read_timeout(Some(left))?;
        let bytes = match stream.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            bytes => bytes?,
        };
        if bytes.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::UnexpectedEof,
                "the connection was closed",
            ));
        }
        let end = bytes.iter().position(|byte| *byte == b'\n');
        let taken = end.map_or(bytes.len(), |end| end + 1);
        if (line.len() + taken) as u64 > MAX_LINE {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!("it sent a line of more than {MAX_LINE} bytes"),
            ));
        }
        line.extend_from_slice(&bytes[..taken]);
        stream.consume(taken);
        if end.is_some() {
            return Ok(line);
        }
    }
}

fn not_connected(path: &Path, error: &io::Error) -> Failure {
    const GIVE: &str = "give the SOCKET of `warren run --control SOCKET`";
    let shown = text::path(path);
    // The system refuses a connection to a file as it does if nobody listens.
    let found = std::fs::metadata(path).ok();
    if let Some(other) = found.and_then(|found| place::other_than_socket(found.file_type())) {
        return Failure {
            help: Some(GIVE.to_owned()),
            ..Failure::new(
                Exit::Failed,
                format!("{shown}: cannot connect: this is {other}, not a control socket"),
            )
        };
    }
    let help = match error.kind() {
        io::ErrorKind::NotFound => "start the program with `warren run --control SOCKET`",
        io::ErrorKind::ConnectionRefused => "the program has ended: start it again",
        io::ErrorKind::PermissionDenied => {
            "only the user who runs the program may use its socket: become that user"
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            "the program does not answer: it may be stopped"
        }
        io::ErrorKind::InvalidFilename => place::TOO_LONG,
        _ => GIVE,
    };
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(Exit::Failed, format!("{shown}: cannot connect: {error}"))
    }
}

/// Returns the failure for a first line that is not a greeting: a refusal, or
/// another program.
fn no_greeting(path: &Path, line: &[u8]) -> Failure {
    match serde_json::from_slice(line) {
        Ok(Answer::Error {
            kind,
            message,
            problems,
        }) => Lost::Refused {
            kind,
            message,
            problems,
        }
        .failure(path),
        _ => Failure::new(
            Exit::Failed,
            format!(
                "{}: the server at this socket is not warren",
                text::path(path)
            ),
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use super::*;

    const SOON: Duration = Duration::from_millis(100);

    #[test]
    fn a_line_that_drips_is_not_waited_for_byte_by_byte() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let dripping = thread::spawn(move || {
            // Ends when this side has given up.
            while theirs.write_all(b"x").is_ok() {
                thread::sleep(SOON / 20);
            }
        });
        let mut ours = BufReader::new(ours);
        let error = read_line(&mut ours, SOON).unwrap_err();
        let late = [io::ErrorKind::TimedOut, io::ErrorKind::WouldBlock];
        assert!(late.contains(&error.kind()), "{error}");
        drop(ours);
        dripping.join().unwrap();
    }
}
