//! The standard input of a component that is the program's first process. That of other
//! components is at its end.

use std::future::poll_fn;
use std::io;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::io::AsyncRead;
use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinHandle};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdinStream};
use wasmtime_wasi::p2::{InputStream, Pollable, StreamError, StreamResult};

use crate::blocking;
use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::guest::stdio::read_input;
use crate::output::{Output, Stream};

/// Bytes that are read for a component that waits without having asked for any.
const READ_AHEAD: usize = 4 * 1024;

/// Standard input, which the component may open any number of times. All handles share the
/// bytes that were read and not taken.
#[derive(Clone)]
pub(super) struct Input(Arc<Source>);

struct Source {
    tokio: Handle,
    output: Arc<Output>,
    control: Arc<Control>,
    state: Mutex<State>,
}

enum State {
    Idle,
    Reading(JoinHandle<io::Result<Vec<u8>>>),
    Available(Bytes),
    Failed(io::Error),
    Closed,
}

impl State {
    fn of(read: Result<io::Result<Vec<u8>>, JoinError>) -> State {
        match read {
            Ok(Ok(bytes)) if bytes.is_empty() => State::Closed,
            Ok(Ok(bytes)) => State::Available(bytes.into()),
            Ok(Err(error)) => State::Failed(error),
            // The tokio runtime is shutting down.
            Err(_) => State::Closed,
        }
    }
}

impl Input {
    pub(super) fn new(shared: &Shared, control: &Arc<Control>) -> Input {
        Input(Arc::new(Source {
            tokio: shared.tokio.clone(),
            output: Arc::clone(&shared.output),
            control: Arc::clone(control),
            state: Mutex::new(State::Idle),
        }))
    }
}

impl Source {
    /// Begins a read on a thread that may block, if nothing is read or available. Passes on an
    /// incomplete line of standard output first, which is the prompt. A read that began ends,
    /// also without the stream.
    fn begin(&self, size: usize) {
        let mut state = self.state.lock();
        if let State::Idle = *state {
            self.control.pass_on_gathered(&self.output);
            let write = |line| self.output.try_write(Stream::Stdout, line);
            self.control.flush(Stream::Stdout, write);
            let read = blocking::spawn(&self.tokio, move || read_input(size));
            *state = State::Reading(read);
        }
    }

    /// Polls the read in progress.
    fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock();
        if let State::Reading(read) = &mut *state {
            match Pin::new(read).poll(context) {
                Poll::Ready(read) => *state = State::of(read),
                Poll::Pending => return Poll::Pending,
            }
        }
        Poll::Ready(())
    }
}

impl IsTerminal for Input {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdinStream for Input {
    /// For WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncRead + Send + Sync> {
        Box::new(tokio::io::empty())
    }

    fn p2_stream(&self) -> Box<dyn InputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Input {
    async fn ready(&mut self) {
        self.0.begin(READ_AHEAD);
        poll_fn(|context| self.0.poll(context)).await;
    }
}

#[async_trait]
impl InputStream for Input {
    fn read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.0.begin(size);
        }
        let mut state = self.0.state.lock();
        match &mut *state {
            State::Idle | State::Reading(_) => Ok(Bytes::new()),
            State::Available(bytes) => {
                let taken = bytes.split_to(bytes.len().min(size));
                if bytes.is_empty() {
                    *state = State::Idle;
                }
                Ok(taken)
            }
            State::Failed(_) => Err(match mem::replace(&mut *state, State::Closed) {
                State::Failed(error) => StreamError::LastOperationFailed(error.into()),
                _ => StreamError::Closed,
            }),
            State::Closed => Err(StreamError::Closed),
        }
    }

    async fn blocking_read(&mut self, size: usize) -> StreamResult<Bytes> {
        if size > 0 {
            self.0.begin(size);
        }
        self.ready().await;
        self.read(size)
    }
}
