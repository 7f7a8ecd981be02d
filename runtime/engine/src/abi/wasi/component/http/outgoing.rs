//! Bodies that a component writes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, header};
use warren_kernel::{Error, Kind};
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::Failed;
use super::pipe::{Pipe, Reader};
use super::resources::{Fields, OutgoingBody};
use super::{Http, Open};
use crate::guest::Guest;

/// The direction of a body, which its error codes tell.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    Request,
    Response,
}

/// The body of a request or a response that was not sent yet.
pub(super) struct Unsent {
    direction: Direction,
    /// Present once the component has asked for the body.
    reader: Option<Reader>,
}

/// The body of a request or a response, as the component writes it.
pub(super) struct Written {
    pipe: Arc<Pipe>,
    direction: Direction,
    /// The number of bytes that the header fields promise.
    length: Option<u64>,
    /// True once the component has its stream.
    is_streamed: bool,
    /// Counts the body against the limit of bodies.
    open: Arc<Open>,
}

impl Direction {
    fn wrong_size(self, bytes: u64) -> ErrorCode {
        match self {
            Direction::Request => ErrorCode::HttpRequestBodySize(Some(bytes)),
            Direction::Response => ErrorCode::HttpResponseBodySize(Some(bytes)),
        }
    }
}

impl Unsent {
    pub(super) fn new(direction: Direction) -> Unsent {
        Unsent {
            direction,
            reader: None,
        }
    }

    /// Makes the body that the component writes. `None` if it has it, if the length in the
    /// header fields is none, or at the limit of bodies.
    pub(super) fn body(&mut self, headers: &HeaderMap, http: &Http) -> Option<Written> {
        if self.reader.is_some() {
            return None;
        }
        let length = length(headers).ok()?;
        let open = http.body()?;
        let pipe = Arc::new(Pipe::default());
        self.reader = Some(Reader::new(Arc::clone(&pipe), length));
        Some(Written {
            pipe,
            direction: self.direction,
            length,
            is_streamed: false,
            open,
        })
    }

    /// Returns the body to send.
    ///
    /// # Errors
    ///
    /// The code for header fields whose length is none, or is that of another body.
    pub(super) fn into_reader(self, headers: &HeaderMap) -> Result<Reader, ErrorCode> {
        let length = length(headers).map_err(|()| ErrorCode::HttpProtocolError)?;
        match (self.reader, self.direction, length) {
            (Some(reader), _, _) => Ok(reader),
            // A response to HEAD has the length of the body that it does not have.
            (None, Direction::Response, _) | (None, _, None | Some(0)) => Ok(Reader::empty()),
            (None, Direction::Request, Some(_)) => Err(self.direction.wrong_size(0)),
        }
    }
}

/// Returns the length of the body that header fields promise.
fn length(headers: &HeaderMap) -> Result<Option<u64>, ()> {
    let mut values = headers.get_all(header::CONTENT_LENGTH).iter();
    let Some(value) = values.next() else {
        return Ok(None);
    };
    let digits = value.to_str().map_err(drop)?;
    let are_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    if !are_digits || values.next().is_some() {
        return Err(());
    }
    digits.parse().map(Some).map_err(drop)
}

impl Drop for Written {
    fn drop(&mut self) {
        // Ignored if the body was finished.
        let message = "the component ended before its body was complete";
        self.pipe.finish(Err(Error::new(Kind::Canceled, message)));
    }
}

/// The stream of such a body.
struct BodyOutput {
    pipe: Arc<Pipe>,
    direction: Direction,
    length: Option<u64>,
    _open: Arc<Open>,
}

#[async_trait]
impl Pollable for BodyOutput {
    async fn ready(&mut self) {
        self.pipe.has_room().await;
    }
}

#[async_trait]
impl OutputStream for BodyOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let Some(room) = self.pipe.room() else {
            return Err(StreamError::Closed);
        };
        if bytes.len() > room {
            return Err(StreamError::trap(
                "write: more bytes than check-write permits",
            ));
        }
        let written = self.pipe.written().saturating_add(bytes.len() as u64);
        if self.length.is_some_and(|length| written > length) {
            let message = "the body of the component is longer than its Content-Length";
            self.pipe.finish(Err(Error::invalid(message)));
            let failed = Failed(self.direction.wrong_size(written));
            return Err(StreamError::LastOperationFailed(wasmtime::Error::new(
                failed,
            )));
        }
        self.pipe.write(bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        self.pipe.room().ok_or(StreamError::Closed)
    }
}

impl types::HostOutgoingBody for Guest {
    fn write(
        &mut self,
        this: Resource<OutgoingBody>,
    ) -> wasmtime::Result<Result<Resource<DynOutputStream>, ()>> {
        let table = self.http().0;
        let body = &mut table.get_mut(&this)?.body;
        if std::mem::replace(&mut body.is_streamed, true) {
            return Ok(Err(()));
        }
        let stream: DynOutputStream = Box::new(BodyOutput {
            pipe: Arc::clone(&body.pipe),
            direction: body.direction,
            length: body.length,
            _open: Arc::clone(&body.open),
        });
        Ok(Ok(table.push(stream)?))
    }

    fn finish(
        &mut self,
        this: Resource<OutgoingBody>,
        trailers: Option<Resource<Fields>>,
    ) -> wasmtime::Result<Result<(), ErrorCode>> {
        let table = self.http().0;
        let body = table.delete(this)?.body;
        let trailers = trailers.map(|fields| table.delete(fields)).transpose()?;
        let written = body.pipe.written();
        if body.length.is_some_and(|length| written != length) {
            // The body is dropped, and its reader gets an error.
            return Ok(Err(body.direction.wrong_size(written)));
        }
        let trailers = trailers.map(|fields| fields.counted.into_map());
        body.pipe.finish(Ok(trailers));
        Ok(Ok(()))
    }

    fn drop(&mut self, this: Resource<OutgoingBody>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn of(lengths: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for length in lengths {
            headers.append(header::CONTENT_LENGTH, HeaderValue::from_static(length));
        }
        headers
    }

    #[test]
    fn a_length_is_one_number() {
        assert_eq!(length(&of(&[])), Ok(None));
        assert_eq!(length(&of(&["12"])), Ok(Some(12)));
        for wrong in [&["1", "1"][..], &[""], &["-1"], &["+1"], &["1,1"], &["0x1"]] {
            assert_eq!(length(&of(wrong)), Err(()), "{wrong:?}");
        }
        let beyond = "18446744073709551616";
        assert_eq!(length(&of(&[beyond])), Err(()));
    }

    #[test]
    fn a_body_is_as_long_as_it_was_promised() {
        let request = |lengths: &[&'static str]| {
            let headers = of(lengths);
            Unsent::new(Direction::Request)
                .into_reader(&headers)
                .is_ok()
        };
        assert!(request(&[]));
        assert!(request(&["0"]));
        assert!(!request(&["3"]));
        assert!(!request(&["a"]));
        let response = Unsent::new(Direction::Response).into_reader(&of(&["3"]));
        assert!(response.is_ok());

        let http = Http::default();
        let mut unsent = Unsent::new(Direction::Request);
        let headers = of(&["3"]);
        let body = unsent.body(&headers, &http).unwrap();
        assert!(unsent.body(&headers, &http).is_none());
        let mut stream = BodyOutput {
            pipe: Arc::clone(&body.pipe),
            direction: body.direction,
            length: body.length,
            _open: Arc::clone(&body.open),
        };
        assert!(stream.write("ab".into()).is_ok());
        assert!(matches!(
            stream.write("cd".into()),
            Err(StreamError::LastOperationFailed(_))
        ));
        assert!(matches!(stream.check_write(), Err(StreamError::Closed)));
    }

    #[test]
    fn bodies_are_limited() {
        let http = Http::default();
        let mut unsent: Vec<_> = (0..=super::super::MAX_BODIES)
            .map(|_| Unsent::new(Direction::Response))
            .collect();
        let bodies: Vec<_> = unsent
            .iter_mut()
            .map_while(|unsent| unsent.body(&HeaderMap::new(), &http))
            .collect();
        assert_eq!(bodies.len(), super::super::MAX_BODIES);
        drop(bodies);
        let mut one = Unsent::new(Direction::Response);
        assert!(one.body(&HeaderMap::new(), &http).is_some());
    }
}
