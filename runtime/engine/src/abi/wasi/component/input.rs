//! An input stream of a file, read on the counted threads of its host.

use std::io;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use super::held::Held;
use crate::files::HostFiles;

/// The most bytes of one read.
const MAX_READ: usize = 64 * 1024;

/// Bytes that are read for a component that waits without having asked for any.
const READ_AHEAD: usize = 4 * 1024;

pub(super) struct FileInput {
    held: Arc<Held>,
    position: u64,
    files: Arc<HostFiles>,
    tokio: Handle,
    state: State,
    /// Counts the stream against the limit of streams.
    _stream: Arc<()>,
}

enum State {
    Idle,
    Reading(JoinHandle<Option<io::Result<Bytes>>>),
    Available(Bytes),
    Failed(io::Error),
    Closed,
}

impl State {
    fn of(read: Option<io::Result<Bytes>>) -> State {
        match read {
            Some(Ok(bytes)) if bytes.is_empty() => State::Closed,
            Some(Ok(bytes)) => State::Available(bytes),
            Some(Err(error)) => State::Failed(error),
            // The tokio runtime is shutting down.
            None => State::Closed,
        }
    }
}

impl FileInput {
    pub(super) fn new(
        held: Arc<Held>,
        position: u64,
        files: Arc<HostFiles>,
        tokio: Handle,
        stream: Arc<()>,
    ) -> FileInput {
        FileInput {
            held,
            position,
            files,
            tokio,
            state: State::Idle,
            _stream: stream,
        }
    }

    /// Reads on a thread of the host's. A read that began ends, also without this
    /// stream.
    fn reading(
        &self,
        size: usize,
    ) -> impl Future<Output = Option<io::Result<Bytes>>> + Send + use<> {
        let (held, position) = (Arc::clone(&self.held), self.position);
        let read = move || held.read(size.min(MAX_READ), position);
        Arc::clone(&self.files).run(self.tokio.clone(), read)
    }

    fn begin(&mut self, size: usize) {
        self.state = State::Reading(self.tokio.spawn(self.reading(size)));
    }

    /// Waits for the read in progress.
    async fn done(&mut self) {
        if let State::Reading(read) = &mut self.state {
            self.state = State::of(read.await.ok().flatten());
        }
    }
}

#[async_trait]
impl Pollable for FileInput {
    async fn ready(&mut self) {
        if let State::Idle = self.state {
            self.begin(READ_AHEAD);
        }
        self.done().await;
    }
}

#[async_trait]
impl InputStream for FileInput {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        match &mut self.state {
            State::Idle if size > 0 => self.begin(size),
            State::Idle | State::Reading(_) => {}
            State::Available(bytes) => {
                let taken = bytes.split_to(bytes.len().min(size));
                self.position = self.position.saturating_add(taken.len() as u64);
                if bytes.is_empty() {
                    self.state = State::Idle;
                }
                return Ok(taken);
            }
            State::Failed(_) => {
                return Err(match mem::replace(&mut self.state, State::Closed) {
                    State::Failed(error) => StreamError::LastOperationFailed(error.into()),
                    _ => StreamError::Closed,
                });
            }
            State::Closed => return Err(StreamError::Closed),
        }
        Ok(Bytes::new())
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        self.done().await;
        if let (State::Idle, 1..) = (&self.state, size) {
            self.state = State::of(self.reading(size).await);
        }
        self.read(size)
    }

    async fn cancel(&mut self) {
        self.done().await;
        self.state = State::Closed;
    }
}
