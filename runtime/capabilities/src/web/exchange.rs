//! A request and its answer, between the server and the process.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren_engine::capability::http as component;
use warren_kernel::{Error, Kind, Outcome};

use super::head::Head;
use super::request_body::RequestBody;
use crate::streams::{Reader, Writer, pipe};

/// The state of a process that answers a request.
pub(crate) struct OfProcess(pub(crate) Arc<Exchange>);

/// A request that waits for its process, and the answer that the process makes.
pub(crate) struct Exchange {
    head: Head,
    /// Absent once somebody has taken it.
    body: Mutex<Option<RequestBody>>,
    answer: Mutex<Answer>,
    /// True while a write waits for room.
    is_busy: Arc<AtomicBool>,
    /// True once a component has taken the request.
    is_of_component: AtomicBool,
}

/// The answer of a process to its request.
enum Answer {
    /// Nothing was sent.
    Open {
        draft: Draft,
        sender: oneshot::Sender<Answered>,
    },
    /// The head was sent, and the body is being written.
    Writing(Writer),
    /// Nothing more can be sent.
    Done,
}

/// The head of an answer that was not sent.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) status: Option<StatusCode>,
    pub(crate) headers: HeaderMap,
}

/// An answer that a process has begun before its end.
pub(crate) enum Answered {
    /// The head, and the bytes that the process goes on to write.
    Begun(Draft, Reader),
    /// The answer of a component.
    Component(Result<Response<component::Body>, Error>),
}

/// The answer of a process at its end.
pub(crate) enum Ended {
    /// Nothing was sent: the outcome is the answer, with this head.
    Unanswered(Draft),
    /// The answer was begun.
    Answered,
}

/// Returns true for a header field that belongs to the connection or to the length of the
/// answer.
fn is_of_server(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "content-length"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-connection"
            | "te"
            | "trailer"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// The most header fields of an answer.
const MAX_HEADERS: usize = 256;

/// The most bytes of one header field of an answer.
const MAX_HEADER: usize = 32 << 10;

impl Draft {
    /// Sets the values of a header field, in place of earlier ones.
    ///
    /// # Errors
    ///
    /// `Invalid` for a name or a value that no header has, and for a field that is the
    /// server's.
    pub(crate) fn set(&mut self, name: &[u8], values: &[&[u8]]) -> Result<(), Error> {
        let shown = || warren_kernel::text::clipped(name, 60);
        let name = HeaderName::from_bytes(name)
            .map_err(|_| Error::invalid(format!("`{}` is not a header field", shown())))?;
        if is_of_server(&name) {
            return Err(Error::invalid(format!(
                "the header field {name} is the server's own"
            )));
        }
        if self.headers.len() + values.len() > MAX_HEADERS {
            return Err(beyond_headers("max_headers", MAX_HEADERS));
        }
        let mut given = Vec::with_capacity(values.len());
        for value in values {
            if value.len() > MAX_HEADER {
                return Err(beyond_headers("max_header", MAX_HEADER));
            }
            given.push(HeaderValue::from_bytes(value).map_err(|_| {
                let message =
                    format!("the value of the header field {name} has control characters");
                Error::invalid(message)
            })?);
        }
        self.headers.remove(&name);
        for value in given {
            self.headers.append(name.clone(), value);
        }
        Ok(())
    }

    /// Sets the type of the body, unless there is one.
    pub(crate) fn set_type_if_absent(&mut self, media_type: &'static str) {
        let headers = &mut self.headers;
        headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static(media_type));
    }
}

/// Refuses more values of one header field than an answer has fields.
///
/// # Errors
///
/// `Invalid`, with the limit.
pub(crate) fn check_values(count: u32) -> Result<(), Error> {
    match count as usize <= MAX_HEADERS {
        true => Ok(()),
        false => Err(beyond_headers("max_headers", MAX_HEADERS)),
    }
}

#[cold]
fn beyond_headers(limit: &'static str, most: usize) -> Error {
    let message = format!("the header of the answer is beyond {limit} = {most}");
    crate::limit::beyond(limit, most, message)
}

impl Exchange {
    /// Makes the exchange of a request. The receiver gets an answer that is begun before the
    /// end of the process.
    pub(crate) fn new(
        head: Head,
        body: RequestBody,
    ) -> (Arc<Exchange>, oneshot::Receiver<Answered>) {
        let (sender, answered) = oneshot::channel();
        let exchange = Exchange {
            head,
            body: Mutex::new(Some(body)),
            answer: Mutex::new(Answer::Open {
                draft: Draft::default(),
                sender,
            }),
            is_busy: Arc::default(),
            is_of_component: AtomicBool::new(false),
        };
        (Arc::new(exchange), answered)
    }

    pub(crate) fn head(&self) -> &Head {
        &self.head
    }

    /// Takes the body of the request.
    ///
    /// # Errors
    ///
    /// `Invalid` if it was taken before.
    pub(crate) fn take_body(&self) -> Result<RequestBody, Error> {
        let body = self.body.lock().take();
        body.ok_or_else(|| Error::invalid("the body of the request was read before"))
    }

    /// Changes the head of the answer.
    ///
    /// # Errors
    ///
    /// `Invalid` once the head is sent, and the errors of `change`.
    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Draft) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match &mut *self.answer.lock() {
            Answer::Open { draft, .. } => change(draft),
            Answer::Writing(_) | Answer::Done => Err(is_sent()),
        }
    }

    /// Writes to the body, and sends the head before, unless it is sent. `prepare` changes the
    /// head before that. Returns what waits for room, if not all bytes have any.
    ///
    /// # Errors
    ///
    /// `Invalid` after the end of the answer; `Unavailable` if the client has gone; `Conflict`
    /// while another write waits.
    pub(crate) fn write(
        &self,
        prepare: impl FnOnce(&mut Draft),
        bytes: &[u8],
    ) -> Result<Option<Rest>, Error> {
        let mut answer = self.answer.lock();
        if matches!(&*answer, Answer::Open { .. })
            && let Answer::Open { mut draft, sender } =
                std::mem::replace(&mut *answer, Answer::Done)
        {
            prepare(&mut draft);
            let (writer, reader) = pipe();
            *answer = Answer::Writing(writer);
            if sender.send(Answered::Begun(draft, reader)).is_err() {
                return Err(client_is_gone());
            }
        }
        let Answer::Writing(writer) = &*answer else {
            return Err(is_sent());
        };
        let claim = Claim::of(&self.is_busy)?;
        let written = writer.try_write(bytes).unwrap_or(0);
        if written == bytes.len() {
            return Ok(None);
        }
        let writing = writer.write(bytes[written..].to_vec());
        Ok(Some(Box::pin(async move {
            let _claim = claim;
            writing.await.map_err(|_| client_is_gone())
        })))
    }

    /// Ends the answer with the outcome of the process: bytes that were written go to the
    /// client, and those of a process that failed end with an error.
    pub(crate) fn end(&self, outcome: &Outcome) -> Ended {
        let answer = std::mem::replace(&mut *self.answer.lock(), Answer::Done);
        match answer {
            Answer::Open { draft, .. } => Ended::Unanswered(draft),
            Answer::Writing(writer) => {
                match outcome {
                    Outcome::Returned(_) => writer.finish(),
                    Outcome::Failed(error) => writer.fail((**error).clone()),
                }
                Ended::Answered
            }
            Answer::Done => Ended::Answered,
        }
    }

    /// Returns true if a component has taken the request: its outcome is no answer.
    pub(crate) fn is_of_component(&self) -> bool {
        self.is_of_component.load(Ordering::Relaxed)
    }
}

impl component::Exchange for Exchange {
    fn take(&self) -> Option<Request<component::Body>> {
        let body = self.body.lock().take()?;
        self.is_of_component.store(true, Ordering::Relaxed);
        let body: component::Body = Box::pin(body);
        let mut request = Request::new(body);
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.absolute_uri();
        *request.headers_mut() = self.head.headers.clone();
        Some(request)
    }

    fn respond(&self, response: Result<Response<component::Body>, Error>) {
        let answer = std::mem::replace(&mut *self.answer.lock(), Answer::Done);
        if let Answer::Open { sender, .. } = answer {
            // Fails only if the client has gone.
            let _ = sender.send(Answered::Component(response));
        }
    }
}

/// A write that waits for room.
pub(crate) type Rest = Pin<Box<dyn Future<Output = Result<(), Error>> + Send>>;

/// A write. Its drop lets the next one begin.
struct Claim(Arc<AtomicBool>);

impl Claim {
    fn of(is_busy: &Arc<AtomicBool>) -> Result<Claim, Error> {
        if is_busy.swap(true, Ordering::Acquire) {
            let message = "another coroutine writes the answer";
            return Err(Error::new(Kind::Conflict, message));
        }
        Ok(Claim(Arc::clone(is_busy)))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// Returns the error of a change of a head that is sent.
fn is_sent() -> Error {
    Error::invalid("the head of the answer is sent").with("reason", reason::INVALID_STATE)
}

/// Returns the error of a write to a client that has gone.
pub(crate) fn client_is_gone() -> Error {
    Error::new(Kind::Unavailable, "the client has gone")
        .retryable(false)
        .with("reason", reason::WRITE_FAILED)
}

/// Values of the detail `reason` of errors, which the module `http` of Lua has as
/// `http.ERROR`.
pub(crate) mod reason {
    pub(crate) const INVALID_STATE: &str = "invalid_state";
    pub(crate) const PARSE_FAILED: &str = "parse_failed";
    pub(crate) const WRITE_FAILED: &str = "write_failed";
}

/// Bytes that an answer has when its process ends at once: all that was written.
pub(crate) fn written(reader: &Reader) -> Option<Bytes> {
    match reader.try_read(usize::MAX) {
        Some(Ok(bytes)) => Some(bytes.unwrap_or_default()),
        Some(Err(_)) | None => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(name: &str, value: &str) -> Result<Draft, Error> {
        let mut draft = Draft::default();
        draft.set(name.as_bytes(), &[value.as_bytes()])?;
        Ok(draft)
    }

    #[test]
    fn a_header_cannot_split_the_answer() {
        for value in ["a\r\nSet-Cookie: b", "a\nb", "a\0", "\u{7f}"] {
            let error = draft("X-A", value).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid, "{value:?}");
        }
        for name in ["", "X A", "X:A", "X\r\nA", "ä"] {
            assert!(draft(name, "a").is_err(), "{name:?}");
        }
        assert!(draft("X-A", "ä tab\t").is_ok());
    }

    #[test]
    fn fields_of_the_connection_are_the_servers() {
        for name in [
            "Content-Length",
            "transfer-encoding",
            "Connection",
            "Upgrade",
            "Keep-Alive",
        ] {
            let error = draft(name, "1").unwrap_err();
            assert!(error.message.ends_with("is the server's own"), "{error}");
        }
    }

    #[test]
    fn later_values_take_the_place_of_earlier_ones() {
        let mut draft = draft("X-A", "1").unwrap();
        draft.set(b"x-a", &[b"2", b"3"]).unwrap();
        let values: Vec<_> = draft.headers.get_all("x-a").iter().collect();
        assert_eq!(values, ["2", "3"]);
        draft.set(b"x-a", &[]).unwrap();
        assert!(draft.headers.is_empty());
        let many = vec![&b"v"[..]; MAX_HEADERS + 1];
        assert!(draft.set(b"x-b", &many).is_err());
        let large = vec![b'v'; MAX_HEADER + 1];
        assert!(draft.set(b"x-b", &[&large]).is_err());
    }
}
