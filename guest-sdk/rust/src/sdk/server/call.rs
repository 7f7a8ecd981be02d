//! The side of a call that asks.

use core::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{CALL, CAST, TIMEOUT, watches};
use crate::time::Instant;
use crate::{
    Error, Message, Outcome, Pending, Pid, Queue, Select, Value, kind, listen, names, random, send,
};

/// The topic of all answers. A number tells the answers of different calls apart.
const REPLY: &str = "server.reply";

/// Asks a server and waits for its reply, five seconds at most.
///
/// # Errors
///
/// As [`call_timeout`].
pub fn call<T: DeserializeOwned>(
    server: impl AsRef<str>,
    request: impl Serialize,
) -> Result<T, Error> {
    call_timeout(server, request, TIMEOUT)
}

/// Asks a server and waits for its reply, for `timeout` at most. The wait is over as soon as
/// the server ends. The server may be written in any language.
///
/// The first call of a server needs the permission `process.monitor`, besides
/// `process.send`. A reply that comes too late is dropped by the next call. The topic
/// `server.reply` belongs to this function.
///
/// # Errors
///
/// - The error that the server refused the request with.
/// - As [`send`]. `Invalid` also if the server is the caller itself.
/// - The error that the server ended with; `Unavailable`, retryable, if it ended normally.
///   The details are `{pid}`.
/// - `Timeout`, retryable. The server may still carry out the request.
/// - `Invalid`: the reply is not of this type.
pub fn call_timeout<T: DeserializeOwned>(
    server: impl AsRef<str>,
    request: impl Serialize,
    timeout: Duration,
) -> Result<T, Error> {
    let pid = pid_of(server.as_ref())?;
    let ending = watches::of(&pid)?;
    let replies = listen(REPLY)?;
    let number = unguessable();
    let until = Instant::now() + timeout;
    if let Err(error) = send(&pid, CALL, ((REPLY, number), request)) {
        if error.is(kind::NOT_FOUND) {
            watches::forget(&pid);
        }
        return Err(error);
    }
    match wait(&replies, &ending, number, until)? {
        Some(Got::Answer(true, value)) => {
            value.to().map_err(|error| Error::from(error).wrap("reply"))
        }
        Some(Got::Answer(false, Value::Error(error))) => Err(*error),
        Some(Got::Answer(false, value)) => Err(Error::new(kind::UNKNOWN, format!("{value:?}"))),
        Some(Got::End(outcome)) => {
            watches::forget(&pid);
            Err(ended(&pid, outcome))
        }
        None => {
            let message = format!("server {pid} did not answer within {timeout:?}");
            Err(Error::timeout(message)
                .with_retryable(true)
                .with_details(&Details { pid: &pid }))
        }
    }
}

/// Sends a server a request without waiting for a reply.
///
/// # Errors
///
/// As [`send`].
pub fn cast(server: impl AsRef<str>, request: impl Serialize) -> Result<(), Error> {
    // One value, even if the request is a tuple.
    send(server, CAST, (request,))
}

/// Returns the PID behind a destination: a name may belong to another process by the time
/// of the watch.
fn pid_of(server: &str) -> Result<Pid, Error> {
    if server.starts_with('{') {
        Ok(Pid::from(server.to_owned()))
    } else {
        names::lookup(server)
    }
}

/// Returns a number that no other process can guess, and so none can answer in the place of
/// the server.
fn unguessable() -> i64 {
    i64::from_le_bytes(random::bytes()) & i64::MAX
}

/// The end of a wait.
enum Got {
    /// True for a reply, false for a refusal; and its value.
    Answer(bool, Value),
    /// The end of the server.
    End(Outcome),
}

/// Waits for the answer with a number, or for the end of the server.
fn wait(
    replies: &Queue,
    ending: &Pending,
    number: i64,
    until: Instant,
) -> Result<Option<Got>, Error> {
    enum Came {
        Message(Message),
        End(Outcome),
    }
    loop {
        let left = until - Instant::now();
        // An answer that was sent before the end comes before the end.
        let came = Select::new()
            .on(replies, Came::Message)
            .on(ending, Came::End)
            .wait_timeout(left)?;
        match came {
            None => return Ok(None),
            Some(Came::End(outcome)) => return Ok(Some(Got::End(outcome))),
            Some(Came::Message(message)) => match message.get::<(bool, Value, i64)>() {
                Ok((is_reply, value, of)) if of == number => {
                    return Ok(Some(Got::Answer(is_reply, value)));
                }
                // The answer to a call that was given up, or no answer.
                _ if left.is_zero() => return Ok(None),
                _ => {}
            },
        }
    }
}

/// The details of an error that names the server.
#[derive(Serialize)]
struct Details<'a> {
    pid: &'a Pid,
}

/// Returns the error of a call whose server has ended.
fn ended(pid: &Pid, outcome: Outcome) -> Error {
    match outcome {
        Err(cause) => cause.wrap(format_args!("server {pid} ended")),
        Ok(_) => Error::unavailable(format!("server {pid} ended before it replied"))
            .with_retryable(true)
            .with_details(&Details { pid }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock::{self, Signal};

    const SECOND: u64 = 1_000_000_000;

    fn is_message(sent: &mock::Sent) -> bool {
        matches!(sent.signal, Signal::Message { .. })
    }

    fn value(encoded: &[u8]) -> mock::Outcome {
        mock::Outcome::Finished(Some(encoded.to_vec()))
    }

    #[test]
    fn a_reply_and_a_refusal_are_results() {
        mock::reset();
        mock::play("store", |store, sent| {
            let Ok((_, request)) = sent.get::<(Value, String)>() else {
                return;
            };
            match request.as_str() {
                "no" => store.refuse(sent, &Error::conflict("no")),
                _ => store.reply(sent, format!("{request}!")),
            }
        });
        assert_eq!(call::<String>("store", "a").unwrap(), "a!");
        assert!(
            call::<String>("store", "no")
                .unwrap_err()
                .is(kind::CONFLICT)
        );
        let error = call::<u8>("store", "b").unwrap_err();
        assert!(error.is(kind::INVALID) && error.message.starts_with("reply: "));
        let watches = mock::with(|runtime| {
            let sent = runtime.sent.iter();
            sent.filter(|sent| sent.signal == Signal::Watch).count()
        });
        assert_eq!(watches, 1, "of three calls");
    }

    #[test]
    fn the_end_of_the_server_ends_the_call_at_once() {
        for (outcome, kind, message) in [
            (value(b"\xc0"), kind::UNAVAILABLE, "ended before it replied"),
            (
                mock::Outcome::Failed(Error::conflict("broken")),
                kind::CONFLICT,
                "ended: broken",
            ),
        ] {
            mock::reset();
            let mut outcome = Some(outcome);
            let store = mock::play("store", move |store, sent| {
                if is_message(sent)
                    && let Some(outcome) = outcome.take()
                {
                    store.end(outcome);
                }
            });
            let error = call::<Value>("store", "Get").unwrap_err();
            assert!(error.is(kind), "{error:?}");
            assert_eq!(error.message, format!("server {} {message}", store.pid()));
            assert!(mock::with(|runtime| runtime.monotonic) < SECOND);
            assert!(call::<Value>("store", 1).unwrap_err().is(kind::NOT_FOUND));
        }
    }

    #[test]
    fn a_reply_that_was_sent_before_the_end_counts() {
        mock::reset();
        mock::play("store", |store, sent| {
            if is_message(sent) {
                store.reply(sent, 7);
                store.end(value(b"\xc0"));
            }
        });
        assert_eq!(call::<i64>("store", "Get").unwrap(), 7);
    }

    #[test]
    fn late_answers_and_others_are_dropped() {
        mock::reset();
        let mut late = None;
        mock::play("store", move |store, sent| {
            if !is_message(sent) {
                return;
            }
            let Some(earlier) = late.replace(sent.clone()) else {
                return;
            };
            store.reply(&earlier, 1);
            store.send(REPLY, "no answer");
            store.send(REPLY, (true, 2, 3));
            store.reply(sent, 4);
        });
        let timeout = Duration::from_secs(2);
        let error = call_timeout::<i64>("store", "Get", timeout).unwrap_err();
        assert!(error.is(kind::TIMEOUT), "{error}");
        assert!(error.message.ends_with("did not answer within 2s"));
        assert_eq!(mock::with(|runtime| runtime.monotonic), 2 * SECOND);
        assert_eq!(call::<i64>("store", "Get").unwrap(), 4);
        assert_eq!(mock::with(|runtime| runtime.unread()), 0);
    }

    #[test]
    fn nobody_and_the_caller_itself_are_no_servers() {
        mock::reset();
        assert!(call::<i64>("nobody", 1).unwrap_err().is(kind::NOT_FOUND));
        let gone = "{app:test|0x00009}";
        assert!(call::<i64>(gone, 1).unwrap_err().is(kind::NOT_FOUND));
        assert!(call::<i64>(mock::PID, 1).unwrap_err().is(kind::INVALID));
    }

    #[test]
    fn few_watches_are_kept() {
        mock::reset();
        let names: Vec<String> = (0..watches::MOST + 1).map(|n| format!("s{n}")).collect();
        for name in &names {
            mock::play(name, |store, sent| store.reply(sent, ()));
            call::<()>(name, ()).unwrap();
        }
        assert_eq!(watches::count(), watches::MOST);
        call::<()>(&names[0], ()).unwrap();
    }
}
