//! `incoming-body` and `future-trailers`: bodies that a component reads.

use std::sync::Arc;

use bytes::Bytes;
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynPollable, InputStream, Pollable, StreamError, StreamResult, subscribe,
};

use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::{Failed, code_of};
use super::counted::Counted;
use super::pipe::Part;
use super::reading::Reading;
use super::resources::{Fields, FutureTrailers, IncomingBody};
use crate::guest::Guest;

/// The stream of a body.
struct BodyInput {
    reading: Arc<Reading>,
    /// True once the stream has reported the error of the body.
    has_failed: bool,
}

#[async_trait]
impl Pollable for BodyInput {
    async fn ready(&mut self) {
        self.reading.pipe.is_readable().await;
    }
}

#[async_trait]
impl InputStream for BodyInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match self.reading.pipe.read(size) {
            None => Ok(Bytes::new()),
            Some(Part::Bytes(bytes)) => Ok(bytes),
            Some(Part::End(Err(error))) if !self.has_failed => {
                self.has_failed = true;
                let failed = wasmtime::Error::new(Failed(code_of(&error)));
                Err(StreamError::LastOperationFailed(failed))
            }
            Some(Part::End(_)) => Err(StreamError::Closed),
        }
    }
}

#[async_trait]
impl Pollable for FutureTrailers {
    async fn ready(&mut self) {
        self.reading.pipe.drained().await;
    }
}

impl types::HostIncomingBody for Guest {
    fn stream(
        &mut self,
        this: Resource<IncomingBody>,
    ) -> wasmtime::Result<Result<Resource<DynInputStream>, ()>> {
        let shared = Arc::clone(&self.shared);
        let table = self.http().0;
        let body = table.get_mut(&this)?;
        if std::mem::replace(&mut body.is_streamed, true) {
            return Ok(Err(()));
        }
        body.reading.begin(&shared);
        let stream: DynInputStream = Box::new(BodyInput {
            reading: Arc::clone(&body.reading),
            has_failed: false,
        });
        Ok(Ok(table.push(stream)?))
    }

    fn finish(
        &mut self,
        this: Resource<IncomingBody>,
    ) -> wasmtime::Result<Resource<FutureTrailers>> {
        let shared = Arc::clone(&self.shared);
        let table = self.http().0;
        let body = table.delete(this)?;
        body.reading.begin(&shared);
        Ok(table.push(FutureTrailers {
            reading: body.reading,
            is_taken: false,
        })?)
    }

    fn drop(&mut self, this: Resource<IncomingBody>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}

impl types::HostFutureTrailers for Guest {
    fn subscribe(
        &mut self,
        this: Resource<FutureTrailers>,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        subscribe(self.http().0, this)
    }

    fn get(
        &mut self,
        this: Resource<FutureTrailers>,
    ) -> wasmtime::Result<Option<Result<Result<Option<Resource<Fields>>, ErrorCode>, ()>>> {
        let (table, http) = self.http();
        let trailers = table.get_mut(&this)?;
        let Some(end) = trailers.reading.pipe.end() else {
            return Ok(None);
        };
        if std::mem::replace(&mut trailers.is_taken, true) {
            return Ok(Some(Err(())));
        }
        let fields = match end {
            Err(error) => return Ok(Some(Ok(Err(code_of(&error))))),
            Ok(None) => return Ok(Some(Ok(Ok(None)))),
            Ok(Some(map)) => Counted::of(map, &http.headers),
        };
        let fields = match fields {
            Ok(fields) => Fields::fixed(&Arc::new(fields)),
            Err(_) => {
                let code = ErrorCode::HttpResponseTrailerSectionSize(None);
                return Ok(Some(Ok(Err(code))));
            }
        };
        Ok(Some(Ok(Ok(Some(table.push(fields)?)))))
    }

    fn drop(&mut self, this: Resource<FutureTrailers>) -> wasmtime::Result<()> {
        self.http().0.delete(this)?;
        Ok(())
    }
}
