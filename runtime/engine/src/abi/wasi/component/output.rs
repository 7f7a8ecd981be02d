//! An output stream of a file. The growth of the file is charged to its host.

use std::io;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use super::held::Held;
use crate::abi::wasi::errno::Errno;
use crate::files::HostFiles;

/// The most bytes of one write.
const MAX_WRITE: usize = 64 * 1024;

pub(super) struct FileOutput {
    held: Arc<Held>,
    /// The next position; the end of the file if absent.
    position: Option<u64>,
    files: Arc<HostFiles>,
    tokio: Handle,
    state: State,
    /// Counts the stream against the limit of streams.
    _stream: Arc<()>,
}

enum State {
    Ready,
    Writing(JoinHandle<Option<Result<usize, Errno>>>),
    Failed(Errno),
    Closed,
}

impl FileOutput {
    pub(super) fn new(
        held: Arc<Held>,
        position: Option<u64>,
        files: Arc<HostFiles>,
        tokio: Handle,
        stream: Arc<()>,
    ) -> FileOutput {
        FileOutput {
            held,
            position,
            files,
            tokio,
            state: State::Ready,
            _stream: stream,
        }
    }

    /// Waits for the write in progress.
    async fn written(&mut self) {
        let State::Writing(write) = &mut self.state else {
            return;
        };
        self.state = match write.await {
            Ok(Some(Ok(written))) => {
                self.position = self.position.map(|at| at.saturating_add(written as u64));
                State::Ready
            }
            Ok(Some(Err(errno))) => State::Failed(errno),
            // The tokio runtime is shutting down.
            Ok(None) | Err(_) => State::Closed,
        };
    }
}

#[async_trait]
impl Pollable for FileOutput {
    async fn ready(&mut self) {
        self.written().await;
    }
}

#[async_trait]
impl OutputStream for FileOutput {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        let State::Ready = self.state else {
            return Err(StreamError::trap("write: check-write did not permit it"));
        };
        if bytes.len() > MAX_WRITE {
            return Err(StreamError::trap(
                "write: more bytes than check-write permits",
            ));
        }
        let (held, position) = (Arc::clone(&self.held), self.position);
        let files = Arc::clone(&self.files);
        let write = move || {
            let mut done = 0;
            while done < bytes.len() {
                let at = position.map(|at| at.saturating_add(done as u64));
                match held.write(&files, &bytes[done..], at) {
                    Ok(0) => return Err(Errno::IO),
                    Ok(written) => done += written,
                    Err(Errno::INTR) => {}
                    Err(errno) => return Err(errno),
                }
            }
            Ok(done)
        };
        let write = Arc::clone(&self.files).run(self.tokio.clone(), write);
        self.state = State::Writing(self.tokio.spawn(write));
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        match &self.state {
            State::Ready => Ok(MAX_WRITE),
            State::Writing(_) => Ok(0),
            State::Closed => Err(StreamError::Closed),
            State::Failed(_) => match mem::replace(&mut self.state, State::Closed) {
                State::Failed(errno) => Err(StreamError::LastOperationFailed(
                    wasmtime::Error::new(of_system(errno)),
                )),
                _ => Err(StreamError::Closed),
            },
        }
    }

    async fn cancel(&mut self) {
        self.written().await;
        self.state = State::Closed;
    }
}

/// The error that wasmtime turns into one of `wasi:filesystem`.
fn of_system(errno: Errno) -> io::Error {
    io::Error::from_raw_os_error(match errno {
        Errno::DQUOT => libc::EDQUOT,
        Errno::FBIG => libc::EFBIG,
        Errno::NOSPC => libc::ENOSPC,
        Errno::INVAL => libc::EINVAL,
        _ => libc::EIO,
    })
}
