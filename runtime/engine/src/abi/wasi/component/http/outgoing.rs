//! `outgoing-body`: bodies that a component writes.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use warren_kernel::Error;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{DynOutputStream, OutputStream, Pollable, StreamError, StreamResult};

use super::Open;
use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::Failed;
use super::pipe::{Pipe, Reader};
use super::resources::{Fields, OutgoingBody};
use super::written::{Direction, Unsent, length};
use crate::guest::Guest;

impl Direction {
    fn wrong_size(self, bytes: u64) -> ErrorCode {
        match self {
            Direction::Request => ErrorCode::HttpRequestBodySize(Some(bytes)),
            Direction::Response => ErrorCode::HttpResponseBodySize(Some(bytes)),
        }
    }
}

impl Unsent {
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

/// The stream of a body that the component writes.
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
    use http::{HeaderValue, header};

    use super::super::Http;
    use super::*;

    fn of(length: &'static str) -> HeaderMap {
        let length = HeaderValue::from_static(length);
        HeaderMap::from_iter([(header::CONTENT_LENGTH, length)])
    }

    #[test]
    fn a_body_is_as_long_as_it_was_promised() {
        let request = |headers: &HeaderMap| {
            let unsent = Unsent::new(Direction::Request);
            unsent.into_reader(headers).is_ok()
        };
        assert!(request(&HeaderMap::new()));
        assert!(request(&of("0")));
        assert!(!request(&of("3")));
        assert!(!request(&of("a")));
        let response = Unsent::new(Direction::Response).into_reader(&of("3"));
        assert!(response.is_ok());

        let http = Http::default();
        let mut unsent = Unsent::new(Direction::Request);
        let headers = of("3");
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
}
