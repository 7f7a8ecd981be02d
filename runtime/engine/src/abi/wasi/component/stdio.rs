//! The standard streams of a component.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::guest::control::Control;
use crate::output::{Output, PIECE, Stream};

/// A standard stream, which the component may open any number of times. All write
/// to the process's one line.
#[derive(Clone)]
pub(super) struct Stdio {
    output: Arc<Output>,
    control: Arc<Control>,
    stream: Stream,
}

impl Stdio {
    pub(super) fn new(output: Arc<Output>, control: Arc<Control>, stream: Stream) -> Stdio {
        Stdio {
            output,
            control,
            stream,
        }
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    /// For WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Opened {
            stdio: self.clone(),
            state: State::Ready,
        })
    }
}

/// A stream that was opened.
struct Opened {
    stdio: Stdio,
    state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Ready,
    /// Complete lines wait for room.
    Complete,
    /// Everything written so far waits for room.
    Everything,
}

impl Opened {
    /// Passes on what waits, as far as there is room.
    fn try_pass_on(&mut self) {
        let stdio = &self.stdio;
        let everything = match self.state {
            State::Ready => return,
            State::Complete => false,
            State::Everything => true,
        };
        let is_passed_on = stdio.control.pass_on(stdio.stream, everything, |piece| {
            stdio.output.try_write(stdio.stream, piece)
        });
        if is_passed_on {
            self.state = State::Ready;
        }
    }
}

#[async_trait]
impl Pollable for Opened {
    async fn ready(&mut self) {
        while self.state != State::Ready {
            if !self.stdio.output.room(self.stdio.stream).await {
                // Nobody waits for this stream any more.
                self.stdio.control.take_line(self.stdio.stream);
                self.state = State::Ready;
            }
            self.try_pass_on();
        }
    }
}

#[async_trait]
impl OutputStream for Opened {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if self.state != State::Ready || bytes.len() > PIECE {
            return Err(StreamError::trap(
                "write: more bytes than check-write permits",
            ));
        }
        let Stdio {
            output,
            control,
            stream,
        } = &self.stdio;
        let try_write = |piece| output.try_write(*stream, piece);
        if let Some(unsent) = control.print(*stream, &bytes, try_write) {
            control.put_back(*stream, unsent);
            self.state = State::Complete;
        }
        // libc buffers no standard error.
        if *stream == Stream::Stderr {
            self.state = State::Everything;
            self.try_pass_on();
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        self.state = State::Everything;
        self.try_pass_on();
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(match self.state {
            State::Ready => PIECE,
            State::Complete | State::Everything => 0,
        })
    }
}
