//! The other end of the control socket.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::de::DeserializeOwned;
use warren::text;

use super::{Answer, Greeting, MAX_LINE, PROTOCOL, Request};
use crate::diagnostics::Failure;
use crate::exit::Exit;

/// A program that does not answer for so long has no time for us.
const PATIENCE: Duration = Duration::from_secs(30);

/// A connection to a running program.
pub(crate) struct Client {
    path: PathBuf,
    stream: BufReader<UnixStream>,
    greeting: Greeting,
}

/// Why a request failed.
#[derive(Debug)]
pub(crate) enum Lost {
    /// The program refused it.
    Refused {
        /// The kind of the error.
        kind: String,
        /// What is wrong.
        message: String,
    },
    /// The program does not answer: it has ended, mostly.
    Gone(io::Error),
}

impl Client {
    /// Connects to the program at a socket.
    pub(crate) fn connect(path: &Path) -> Result<Client, Box<Failure>> {
        let connected = UnixStream::connect(path).and_then(|stream| {
            stream.set_read_timeout(Some(PATIENCE))?;
            stream.set_write_timeout(Some(PATIENCE))?;
            let mut stream = BufReader::new(stream);
            let line = read_line(&mut stream)?;
            Ok((stream, line))
        });
        let (stream, line) = connected.map_err(|error| Box::new(not_connected(path, &error)))?;
        if let Some(owner) = foreign_owner(stream.get_ref()) {
            return Err(Box::new(Failure {
                help: Some("whoever it is would be sent what you send to your program".to_owned()),
                ..Failure::new(
                    Exit::Failed,
                    format!("{}: user {owner} listens there", text::path(path)),
                )
            }));
        }
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

    /// Who is at the other end.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// The socket.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Asks for something.
    pub(crate) fn ask<T: DeserializeOwned>(&mut self, request: &Request) -> Result<T, Lost> {
        let mut line = serde_json::to_vec(request).map_err(io::Error::from)?;
        line.push(b'\n');
        self.stream.get_mut().write_all(&line)?;
        let answer = read_line(&mut self.stream)?;
        match serde_json::from_slice(&answer).map_err(io::Error::from)? {
            Answer::Ok(value) => Ok(serde_json::from_value(value).map_err(io::Error::from)?),
            Answer::Error { kind, message } => Err(Lost::Refused { kind, message }),
        }
    }

    /// The same, for a command that ends when it fails.
    pub(crate) fn demand<T: DeserializeOwned>(
        &mut self,
        request: &Request,
    ) -> Result<T, Box<Failure>> {
        self.ask(request)
            .map_err(|lost| Box::new(lost.failure(&self.path)))
    }
}

impl Lost {
    /// What is told about it.
    pub(crate) fn failure(&self, path: &Path) -> Failure {
        match self {
            Lost::Refused { kind, message } => Failure {
                help: (kind == "NotFound").then(|| {
                    "`warren ps` shows the processes; quote a PID: '{app:processes|0x00002}'"
                        .to_owned()
                }),
                ..Failure::new(Exit::Failed, format!("{message} ({kind})"))
            },
            Lost::Gone(error) => Failure::new(
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

/// The user at the other end, where that is neither this one nor root: in a
/// directory that others may write to, a socket can be anybody's. Root talks to
/// everybody's programs.
#[cfg(target_os = "linux")]
fn foreign_owner(stream: &UnixStream) -> Option<u32> {
    let me = rustix::process::geteuid();
    let other = rustix::net::sockopt::socket_peercred(stream).ok()?.uid;
    (!me.is_root() && !other.is_root() && me != other).then(|| other.as_raw())
}

/// This system does not tell.
#[cfg(not(target_os = "linux"))]
fn foreign_owner(_stream: &UnixStream) -> Option<u32> {
    None
}

fn read_line(stream: &mut BufReader<UnixStream>) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    stream.take(MAX_LINE).read_until(b'\n', &mut line)?;
    if line.last() == Some(&b'\n') {
        Ok(line)
    } else {
        Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            "the connection was closed",
        ))
    }
}

fn not_connected(path: &Path, error: &io::Error) -> Failure {
    let help = match error.kind() {
        io::ErrorKind::NotFound => "start the program with `warren run --control SOCKET`",
        io::ErrorKind::ConnectionRefused => "nobody listens there: the program has ended",
        io::ErrorKind::PermissionDenied => {
            "the socket belongs to whoever runs the program: become that user"
        }
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            "the program does not answer: it may be stopped"
        }
        _ => "give the socket of `warren run --control SOCKET`",
    };
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(Exit::Failed, format!("{}: {error}", text::path(path)))
    }
}

/// The first line is no greeting: a refusal, or another program.
fn no_greeting(path: &Path, line: &[u8]) -> Failure {
    match serde_json::from_slice(line) {
        Ok(Answer::Error { kind, message }) => Lost::Refused { kind, message }.failure(path),
        _ => Failure::new(
            Exit::Failed,
            format!("{}: who listens there is no warren", text::path(path)),
        ),
    }
}
