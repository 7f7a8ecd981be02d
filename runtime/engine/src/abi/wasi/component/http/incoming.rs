//! Bodies that a component reads.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use futures::future::{self, Either};
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_kernel::{Error, Kind};
use wasmtime::component::Resource;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{
    DynInputStream, DynPollable, InputStream, Pollable, StreamError, StreamResult, subscribe,
};

use super::Open;
use super::bindings::wasi::http::types::{self, ErrorCode};
use super::code::{Failed, code_of};
use super::fields::Counted;
use super::pipe::{Part, Pipe, Writer};
use super::resources::{Fields, FutureTrailers, IncomingBody};
use crate::capability::http::{Body, reason};
use crate::guest::Guest;
use crate::guest::shared::Shared;

/// A body that the component reads, or may read.
pub(super) struct Reading {
    pipe: Arc<Pipe>,
    /// Present until the component begins to read.
    unread: Mutex<Option<Unread>>,
    /// The task that reads ahead, up to the capacity of the pipe.
    task: OnceLock<AbortHandle>,
    /// Counts the body against the limit of bodies.
    _open: Arc<Open>,
}

struct Unread {
    body: Body,
    /// The longest wait for a part of the body.
    between_bytes: Option<Duration>,
}

impl Reading {
    /// Makes a body that nobody reads yet; `open` counts it.
    pub(super) fn new(
        body: Body,
        between_bytes: Option<Duration>,
        open: Arc<Open>,
    ) -> Arc<Reading> {
        let unread = Unread {
            body,
            between_bytes,
        };
        Arc::new(Reading {
            pipe: Arc::default(),
            unread: Mutex::new(Some(unread)),
            task: OnceLock::new(),
            _open: open,
        })
    }

    /// Begins to read, unless that has begun.
    fn begin(&self, shared: &Arc<Shared>) {
        let Some(unread) = self.unread.lock().take() else {
            return;
        };
        let writer = Writer::new(Arc::clone(&self.pipe));
        let reading = read(unread, writer, Arc::clone(shared));
        self.task
            .get_or_init(|| shared.tokio.spawn(reading).abort_handle());
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Drops the body: its client or server learns that nobody reads any more.
        if let Some(task) = self.task.get() {
            task.abort();
        }
    }
}

/// Reads a body to its end.
async fn read(unread: Unread, writer: Writer, shared: Arc<Shared>) {
    let Unread {
        mut body,
        between_bytes,
    } = unread;
    let end = loop {
        writer.pipe().has_room().await;
        let frame = poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx));
        let frame = match between_bytes {
            None => frame.await,
            Some(limit) => match future::select(pin!(frame), pin!(shared.sleep(limit))).await {
                Either::Left((frame, _)) => frame,
                Either::Right(_) => break Err(too_slow(limit)),
            },
        };
        match frame {
            None => break Ok(None),
            Some(Err(error)) => break Err(error),
            Some(Ok(frame)) => match frame.into_data() {
                Ok(bytes) => writer.pipe().write(bytes),
                Err(frame) => break Ok(frame.into_trailers().ok()),
            },
        }
    };
    writer.pipe().finish(end);
}

fn too_slow(limit: Duration) -> Error {
    let message = format!("no part of the body came within {limit:?}");
    Error::new(Kind::Timeout, message).with(reason::NAME, reason::READ_TIMEOUT)
}

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
