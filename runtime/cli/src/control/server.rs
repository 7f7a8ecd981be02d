//! The server at the control socket of a running program, on threads of its
//! own.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde::Serialize;
use serde_json::Value;
use warren::cluster::Cluster;
use warren::introspection::{ProcessInfo, Query};
use warren::{
    ApplyError, Change, Error, Inspector, Kind, Planned, RefusedFile, ReloadError, Runtime,
};

use super::seats::{MAX_PLANS, PATIENCE, PlanPlace, Seat, Seats};
use super::socket::Socket;
use super::{Answer, Greeting, MAX_LINE, MAX_REQUEST, PROTOCOL, Request};
use crate::arguments;
use crate::prompt::{Link, Prompts, Session};
use crate::report::apply::InPlace;
use crate::report::failure::Failure;

/// Maximum number of processes in one answer.
const MAX_ROWS: usize = 10_000;

/// Time that an answer waits for the ends of a host's processes: less than the client's
/// patience.
const MAX_WAIT_FOR_HOST: Duration = Duration::from_secs(10);

/// The longest time that a client waits for what the process of its prompt says.
const MAX_HEARING: Duration = Duration::from_secs(1);

/// Time for clients to read their answers at the end of the program.
const LAST_ANSWERS: Duration = Duration::from_secs(1);

/// Serves clients until the program ends. Dropping the server removes the
/// socket once the clients that are being answered have their answers: one of
/// them may have ended the program, and hears that it worked.
pub(crate) struct Server {
    desk: Arc<Desk>,
    _socket: Socket,
}

impl Server {
    /// Starts to serve.
    ///
    /// # Errors
    ///
    /// The operating system's, if it refuses a thread.
    pub(crate) fn start(
        socket: Socket,
        runtime: Runtime,
        prompts: Arc<Prompts>,
        program: String,
    ) -> io::Result<Server> {
        let listener = socket.listener()?;
        let desk = Arc::new(Desk {
            inspector: runtime.inspector(),
            runtime: Mutex::new(Some(runtime)),
            prompts,
            greeting: Greeting {
                protocol: PROTOCOL,
                version: env!("CARGO_PKG_VERSION").to_owned(),
                program,
                pid: std::process::id(),
            },
            seats: Arc::default(),
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
        self.desk.seats.wait(LAST_ANSWERS);
        // The thread that listens outlives the runtime.
        self.desk.runtime.lock().take();
    }
}

/// State shared by the clients' threads.
struct Desk {
    inspector: Inspector,
    /// Absent at the end of the program.
    runtime: Mutex<Option<Runtime>>,
    prompts: Arc<Prompts>,
    greeting: Greeting,
    seats: Arc<Seats>,
}

impl Desk {
    fn serve(self: &Arc<Self>, listener: &UnixListener) {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => self.accept(stream),
                // Out of descriptors, for example: the next may succeed.
                Err(error) => {
                    tracing::warn!(%error, "a client of the control socket was lost");
                    thread::sleep(Duration::from_millis(100));
                }
            }
        }
    }

    fn accept(self: &Arc<Self>, stream: UnixStream) {
        if let Err(error) = stream.set_write_timeout(Some(PATIENCE)) {
            tracing::debug!(%error, "a client of the control socket is gone");
            return;
        }
        let seat = match self.seats.take(stream) {
            Ok(seat) => seat,
            Err(stream) => {
                let refusal = refused(Kind::RateLimited, "too many clients of the control socket");
                // A client that does not take the line finds the connection
                // closed.
                let _ = write_line(&stream, &refusal);
                return;
            }
        };
        let desk = Arc::clone(self);
        let served = thread::Builder::new()
            .name("warren-client".into())
            .spawn(move || {
                if let Err(error) = desk.talk(&seat) {
                    tracing::debug!(%error, "a client of the control socket is gone");
                }
            });
        if let Err(error) = served {
            tracing::warn!(%error, "no thread for a client of the control socket");
        }
    }

    fn talk(&self, seat: &Seat) -> io::Result<()> {
        let stream = seat.stream();
        write_line(stream, &self.greeting)?;
        let mut reader = BufReader::new(stream);
        let mut own = Own::default();
        loop {
            let mut line = Vec::new();
            let read = (&mut reader)
                .take(MAX_REQUEST)
                .read_until(b'\n', &mut line)?;
            if read == 0 {
                return Ok(());
            }
            if line.last() != Some(&b'\n') && read as u64 == MAX_REQUEST {
                // The rest of the line would be taken for requests.
                return write_line(stream, &refused(Kind::Invalid, "the line is too long"));
            }
            let _answering = seat.begin();
            let answer = answer(&line, self, seat, &mut own);
            write_line(stream, &answer)?;
        }
    }
}

impl Desk {
    /// Returns a new prompt.
    fn session(&self) -> Result<Session, Error> {
        Ok(Session::new(self.runtime()?, Arc::clone(&self.prompts)))
    }

    fn runtime(&self) -> Result<Runtime, Error> {
        let runtime = self.runtime.lock().clone();
        runtime.ok_or_else(|| Error::new(Kind::Unavailable, "the program is ending"))
    }
}

fn of_failure(failure: &Failure) -> Error {
    Error::new(Kind::Unavailable, failure.message.clone())
}

fn write_line(mut stream: impl Write, value: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(value)?;
    line.push(b'\n');
    stream.write_all(&line)
}

/// The things of a client, as long as it is connected.
#[derive(Default)]
struct Own<'a> {
    /// The plan that is not applied yet, in its place.
    planned: Option<(Planned, PlanPlace<'a>)>,
    prompt: Option<Session>,
}

fn answer<'a>(line: &[u8], desk: &Desk, seat: &'a Seat, own: &mut Own<'a>) -> Answer {
    let request = match serde_json::from_slice(line) {
        Ok(request) => request,
        Err(error) => return refused(Kind::Invalid, &format!("not a request: {error}")),
    };
    let answer = obey(request, desk, seat, own);
    answer.unwrap_or_else(|error| refused(error.kind, &error.message))
}

fn refused(kind: Kind, message: &str) -> Answer {
    Answer::Error {
        kind,
        message: message.to_owned(),
        problems: Vec::new(),
    }
}

fn obey<'a>(
    request: Request,
    desk: &Desk,
    seat: &'a Seat,
    own: &mut Own<'a>,
) -> Result<Answer, Error> {
    let inspector = &desk.inspector;
    let planned = &mut own.planned;
    let value = match request {
        Request::List { query } => {
            let query = Query {
                limit: query.limit.min(MAX_ROWS),
                ..query
            };
            let mut listing = inspector.processes(&query);
            let fitting = fitting(&listing.processes);
            listing.processes.truncate(fitting);
            json(&listing)?
        }
        Request::Show { process } => json(&inspector.process(meant(inspector, process))?)?,
        // Only this client waits: the thread is its own.
        Request::Stack { process } => json(&futures::executor::block_on(
            inspector.stack(meant(inspector, process)),
        )?)?,
        Request::Cancel { process, within_ms } => {
            inspector.cancel(meant(inspector, process), Duration::from_millis(within_ms))?;
            Value::Null
        }
        Request::Terminate { process } => {
            inspector.terminate(meant(inspector, process))?;
            Value::Null
        }
        Request::CancelHosts { hosts, within_ms } => {
            let within = Duration::from_millis(within_ms);
            let ending = inspector.cancel_hosts(&texts(&hosts), within)?;
            ending.processes().into()
        }
        Request::TerminateHosts { hosts } => {
            let mut ending = inspector.terminate_hosts(&texts(&hosts))?;
            let waits = ending.wait_for(MAX_WAIT_FOR_HOST);
            if !futures::executor::block_on(waits) {
                return Err(Error::new(Kind::Timeout, STILL_ENDING));
            }
            ending.processes().into()
        }
        Request::Metrics => desk.runtime()?.metrics().into(),
        Request::Nodes => json(&cluster(inspector)?.nodes())?,
        // Only this client waits.
        Request::Names { after, limit } => json(&futures::executor::block_on(
            cluster(inspector)?.names(&after, limit),
        )?)?,
        Request::Groups => json(&inspector.groups(MAX_ROWS))?,
        Request::Reload => match futures::executor::block_on(inspector.reload()) {
            Ok(reloaded) => {
                desk.prompts.reloaded(&reloaded);
                json(&reloaded)?
            }
            Err(error) => return Ok(not_reloaded(error)),
        },
        Request::Plan {
            path,
            rollback,
            grace_ms,
        } => {
            // One plan at a time: the one before holds code.
            *planned = None;
            if path.is_some() == rollback {
                return Err(Error::invalid("a plan has either a path or `rollback`"));
            }
            let place = seat.place_for_plan().ok_or_else(too_many_plans)?;
            let grace = Duration::from_millis(grace_ms);
            match plan(inspector, path, rollback, grace) {
                Ok(made) => {
                    let shown = json(made.plan())?;
                    *planned = Some((made, place));
                    shown
                }
                Err(error) => return Ok(not_applied(error)),
            }
        }
        Request::Apply => {
            // The place is the client's until it is answered.
            let Some((planned, _place)) = planned.take() else {
                return Err(Error::invalid("nothing was planned on this connection"));
            };
            match apply(planned) {
                Ok(in_place) => json(&in_place)?,
                Err(error) => return Ok(not_applied(error)),
            }
        }
        Request::Run { code, columns } => {
            let prompt = match &mut own.prompt {
                Some(prompt) => prompt,
                none => none.insert(desk.session()?),
            };
            prompt
                .run(&code, columns)
                .map_err(|failure| of_failure(&failure))?;
            Value::Null
        }
        Request::Hear { within_ms } => {
            let within = Duration::from_millis(within_ms).min(MAX_HEARING);
            let heard = own.prompt.as_mut().map(|prompt| prompt.heard(within));
            json(
                &heard
                    .transpose()
                    .map_err(|failure| of_failure(&failure))?
                    .unwrap_or_default(),
            )?
        }
        Request::Interrupt { kill } => {
            if let Some(prompt) = &mut own.prompt {
                let obeyed = match kill {
                    true => prompt.kill(),
                    false => prompt.interrupt(),
                };
                obeyed.map_err(|failure| of_failure(&failure))?;
            }
            Value::Null
        }
        Request::Complete { text } => {
            let prompt = match &mut own.prompt {
                Some(prompt) => prompt,
                none => none.insert(desk.session()?),
            };
            prompt
                .complete(&text)
                .map_err(|failure| of_failure(&failure))?;
            Value::Null
        }
        Request::Send {
            process,
            topic,
            value,
        } => {
            let values = arguments::of_message(value)
                .ok_or_else(|| Error::invalid("the value nests too deep"))?;
            inspector.send(meant(inspector, process), &topic, values)?;
            Value::Null
        }
    };
    Ok(Answer::Ok(value))
}

/// Returns the cluster that the program is a node of.
fn cluster(inspector: &Inspector) -> Result<&Cluster, Error> {
    let cluster = inspector.cluster();
    cluster.ok_or_else(|| Error::not_found("the program is no node"))
}

/// Returns the destination that a client means by a word: a PID, a name, or the number of a
/// PID alone, which no shell takes for its own.
fn meant(inspector: &Inspector, word: String) -> String {
    let digits = word.strip_prefix("0x").unwrap_or(&word);
    let number = u64::from_str_radix(digits, 16).ok();
    let numbered = number.and_then(|number| inspector.pid_of_number(number));
    match numbered {
        // A name that looks like a number is a name.
        Some(pid) if inspector.process(&word).is_err() => pid.to_string(),
        _ => word,
    }
}

fn plan(
    inspector: &Inspector,
    path: Option<String>,
    rollback: bool,
    grace: Duration,
) -> Result<Planned, ApplyError> {
    // Only this client waits.
    if rollback {
        return futures::executor::block_on(inspector.plan_rollback(grace));
    }
    let app = inspector.reopen(path.unwrap_or_default())?;
    let change = Change::new().app(app).grace(grace);
    futures::executor::block_on(inspector.plan(change))
}

fn apply(planned: Planned) -> Result<InPlace, ApplyError> {
    let applied = futures::executor::block_on(planned.apply())?;
    let version = applied.version;
    let settled = applied.settled_within(MAX_WAIT_FOR_HOST);
    let settled = futures::executor::block_on(settled);
    Ok(InPlace {
        version,
        settled: matches!(settled, Some(Ok(()))),
        service_error: settled.and_then(Result::err).map(|error| error.to_string()),
    })
}

fn not_applied(error: ApplyError) -> Answer {
    let problems = error.refused();
    let error = match error {
        ApplyError::Ending(error) => error,
        ApplyError::Conflict { .. } | ApplyError::PoliciesChanged => {
            Error::new(Kind::Conflict, error.to_string())
        }
        ApplyError::NothingBefore => Error::not_found(error.to_string()),
        other => Error::invalid(other.to_string()),
    };
    of_error(error, problems)
}

fn not_reloaded(error: ReloadError) -> Answer {
    let problems = error.refused();
    let error = match error {
        ReloadError::Ending(error) => error,
        other => Error::invalid(other.to_string()),
    };
    of_error(error, problems)
}

fn of_error(error: Error, problems: Vec<RefusedFile>) -> Answer {
    Answer::Error {
        kind: error.kind,
        message: error.message,
        problems,
    }
}

/// Returns the error of a plan without a place.
fn too_many_plans() -> Error {
    let message = format!(
        "{MAX_PLANS} other plans wait for an answer: answer them, or end their commands, and \
         plan again"
    );
    Error::new(Kind::RateLimited, message)
}

/// Answer while a process has not ended, such as a host function that does not return.
const STILL_ENDING: &str =
    "not all processes have ended yet; the hosts refuse new ones until they have";

fn texts(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

/// Returns how many of these processes fit into a line: programs choose the
/// length of their names.
fn fitting(processes: &[ProcessInfo]) -> usize {
    // Bytes of a process beside its texts, with its keys; also those of the
    // answer's head.
    const OTHER: usize = 512;
    const AROUND: usize = 64 << 10;
    // A control character takes six characters in JSON.
    const ESCAPED: usize = 6;
    let mut room = usize::try_from(MAX_LINE).unwrap_or(usize::MAX) - AROUND;
    let fits = |process: &&ProcessInfo| {
        let lists = process.names.iter().chain(&process.linked_to);
        let texts = [&process.host]
            .into_iter()
            .chain(&process.definition)
            .chain(&process.parent)
            .chain(lists)
            .map(String::len);
        let lengths = texts.chain([process.pid.as_str().len()]);
        let size = OTHER + lengths.map(|length| ESCAPED * length + 4).sum::<usize>();
        let left = room.checked_sub(size);
        room = left.unwrap_or(room);
        left.is_some()
    };
    processes.iter().take_while(fits).count()
}

fn json(value: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(value).map_err(|error| Error::internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::processes::tests::process;

    #[test]
    fn an_answer_fits_into_a_line_whatever_processes_are_called() {
        let small = process("{app:processes|0x00001}", None);
        let small = vec![small; MAX_ROWS];
        assert_eq!(fitting(&small), MAX_ROWS);
        let mut large = small;
        for process in &mut large {
            process.names = vec!["\u{1}".repeat(1_000); 100];
        }
        let count = fitting(&large);
        assert!(count > 0);
        let size = serde_json::to_vec(&large[..count]).unwrap().len();
        assert!(size as u64 <= MAX_LINE, "{size}");
    }
}
