//! The body of a request or a response on its way to the component that reads it.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::future::{self, Either};
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_kernel::{Error, Kind};

use super::Open;
use super::pipe::{Pipe, Writer};
use crate::capability::http::{Body, reason};
use crate::guest::shared::Shared;

/// A body that the component reads, or may read.
pub(super) struct Reading {
    pub(super) pipe: Arc<Pipe>,
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
    pub(super) fn begin(&self, shared: &Arc<Shared>) {
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
            Some(limit) => {
                match future::select(pin!(frame), pin!(shared.real_sleep(limit))).await {
                    Either::Left((frame, _)) => frame,
                    Either::Right(_) => break Err(too_slow(limit)),
                }
            }
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
