//! Answers on the control socket of a running program, on threads of its own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde_json::Value;
use warren::introspection::Query;
use warren::{Error, Inspector};

use super::socket::Socket;
use super::{Answer, Greeting, MAX_REQUEST, PROTOCOL, Request};
use crate::arguments;

/// Clients at one time; more are turned away.
const MAX_CLIENTS: usize = 16;

/// A client that reads nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(10);

/// Processes in one answer, at most.
const MAX_ROWS: usize = 10_000;

/// At the end of the program, who reads its answer within so long has it.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Serves clients until the program ends. Dropped, it removes the socket, after
/// those who are being answered have their answer: they may be who ended the
/// program, and are to hear that it worked.
pub(crate) struct Server {
    desk: Arc<Desk>,
    _socket: Socket,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no thread.
    pub(crate) fn start(
        socket: Socket,
        inspector: Inspector,
        program: String,
    ) -> io::Result<Server> {
        let listener = socket.listener()?;
        let desk = Arc::new(Desk {
            inspector,
            greeting: Greeting {
                protocol: PROTOCOL,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                program,
                pid: std::process::id(),
            },
            clients: AtomicUsize::new(0),
            answering: Answering::default(),
        });
        let serving = Arc::clone(&desk);
        thread::Builder::new()
            .name("warren-control".into())
            .spawn(move || serving.serve(&listener))?;
        Ok(Server {
            desk,
            _socket: socket,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.desk.answering.wait(LAST_ANSWERS);
    }
}

/// How many clients are being answered.
#[derive(Default)]
struct Answering {
    count: Mutex<usize>,
    fewer: Condvar,
}

/// One that is.
struct BeingAnswered<'a>(&'a Answering);

impl Answering {
    fn begin(&self) -> BeingAnswered<'_> {
        *self.lock() += 1;
        BeingAnswered(self)
    }

    /// Waits until there is none. False where that takes longer.
    fn wait(&self, patience: Duration) -> bool {
        let waited = self
            .fewer
            .wait_timeout_while(self.lock(), patience, |count| *count > 0);
        let (count, _) = waited.unwrap_or_else(PoisonError::into_inner);
        *count == 0
    }

    fn lock(&self) -> MutexGuard<'_, usize> {
        self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for BeingAnswered<'_> {
    fn drop(&mut self) {
        *self.0.lock() -= 1;
        self.0.fewer.notify_all();
    }
}

/// What clients are served with.
struct Desk {
    inspector: Inspector,
    greeting: Greeting,
    clients: AtomicUsize,
    answering: Answering,
}

/// A client: counted while it is there.
struct Client(Arc<Desk>);

impl Drop for Client {
    fn drop(&mut self) {
        self.0.clients.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Desk {
    fn serve(self: &Arc<Self>, listener: &UnixListener) {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => self.accept(stream),
                // Out of descriptors, for instance: the next may do better.
                Err(error) => {
                    tracing::warn!(%error, "a client of the control socket was lost");
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn accept(self: &Arc<Self>, stream: UnixStream) {
        let before = self.clients.fetch_add(1, Ordering::Relaxed);
        let client = Client(Arc::clone(self));
        if before >= MAX_CLIENTS {
            let refusal = refused("RateLimited", "too many clients of the control socket");
            // One that does not take it finds the connection closed.
            let _ = stream
                .set_write_timeout(Some(PATIENCE))
                .and_then(|()| write_line(&stream, &refusal));
            return;
        }
        let served = thread::Builder::new()
            .name("warren-client".into())
            .spawn(move || {
                if let Err(error) = client.0.talk(&stream) {
                    tracing::debug!(%error, "a client of the control socket is gone");
                }
            });
        if let Err(error) = served {
            tracing::warn!(%error, "no thread for a client of the control socket");
        }
    }

    fn talk(&self, stream: &UnixStream) -> io::Result<()> {
        stream.set_write_timeout(Some(PATIENCE))?;
        write_line(stream, &self.greeting)?;
        let mut reader = BufReader::new(stream);
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = (&mut reader)
                .take(MAX_REQUEST)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            if line.last() != Some(&b'\n') && read as u64 == MAX_REQUEST {
                // The rest of the line would be taken for requests.
                return write_line(stream, &refused("Invalid", "the line is too long"));
            }
            let _answering = self.answering.begin();
            write_line(stream, &answer(&line, &self.inspector))?;
        }
    }
}

fn write_line(mut stream: &UnixStream, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

fn answer(line: &[u8], inspector: &Inspector) -> Answer {
    let request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return refused("Invalid", &format!("not a request: {error}")),
    };
    match obey(request, inspector) {
        Ok(value) => Answer::Ok(value),
        Err(error) => refused(error.kind.as_str(), &error.message),
    }
}

fn refused(kind: &str, message: &str) -> Answer {
    Answer::Error {
        kind: kind.to_owned(),
        message: message.to_owned(),
    }
}

fn obey(request: Request, inspector: &Inspector) -> Result<Value, Error> {
    match request {
        Request::List { query } => {
            let query = Query {
                limit: query.limit.min(MAX_ROWS),
                ..query
            };
            json(&inspector.processes(&query))
        }
        Request::Show { process } => json(&inspector.process(&process)?),
        // The client waits, and nobody else does: this thread is its own.
        Request::Stack { process } => {
            json(&futures::executor::block_on(inspector.stack(&process))?)
        }
        Request::Cancel { process, within_ms } => inspector
            .cancel(&process, Duration::from_millis(within_ms))
            .map(|()| Value::Null),
        Request::Terminate { process } => inspector.terminate(&process).map(|()| Value::Null),
        Request::Send {
            process,
            topic,
            value,
        } => {
            let values = arguments::of_message(value)
                .ok_or_else(|| Error::invalid("the value nests too deep"))?;
            inspector.send(&process, &topic, &values)?;
            Ok(Value::Null)
        }
    }
}

fn json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_waits_for_those_who_are_being_answered() {
        let answering = Answering::default();
        assert!(answering.wait(Duration::ZERO), "there is none");
        let one = answering.begin();
        assert!(!answering.wait(Duration::ZERO), "there is one");
        thread::scope(|scope| {
            let waiting = scope.spawn(|| answering.wait(Duration::from_secs(60)));
            drop(one);
            assert!(waiting.join().expect("it does not panic"));
        });
    }
}
