//! A pipe: bytes from a writer to a reader. The side that is slow stops the other one.

use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::Notify;
use warren_engine::capability::Step;
use warren_kernel::{Error, Kind};

use super::table::{ByteStream, Stat, bytes_or_end, closed};
use crate::answer;

/// The most bytes between a writer and its reader.
pub(crate) const MAX_BUFFERED: usize = 64 << 10;

/// Makes a pipe. A side that is dropped ends the other one with `Unavailable`, but for a
/// writer that has finished.
pub(crate) fn pipe() -> (Writer, Reader) {
    let pipe = Arc::new(Pipe {
        state: Mutex::default(),
        readable: Notify::new(),
        writable: Notify::new(),
    });
    (Writer(Arc::clone(&pipe)), Reader(pipe))
}

/// The side of a pipe that bytes come from.
pub(crate) struct Reader(Arc<Pipe>);

/// The side of a pipe that bytes go into.
pub(crate) struct Writer(Arc<Pipe>);

struct Pipe {
    state: Mutex<State>,
    /// Told when there are bytes, and at the end.
    readable: Notify,
    /// Told when there is room, and when nobody reads any more.
    writable: Notify,
}

#[derive(Default)]
struct State {
    bytes: VecDeque<u8>,
    /// Bytes that were ever written.
    written: u64,
    /// Present once nothing more is written.
    end: Option<Result<(), Error>>,
    /// True once the reader is closed or dropped.
    is_unread: bool,
}

impl Reader {
    /// Returns up to `most` bytes, at least one if `most` is 0. `Some(Ok(None))` is the end,
    /// and `None` says that a read would wait.
    pub(crate) fn try_read(&self, most: usize) -> Option<Result<Option<Bytes>, Error>> {
        self.0.try_read(most)
    }

    /// Waits for bytes or the end. The future can be dropped: it takes no bytes before it is
    /// ready.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the writer was dropped, the error of [`Writer::fail`], and `Internal`
    /// if the reader is closed.
    pub(crate) fn read(
        &self,
        most: usize,
    ) -> impl Future<Output = Result<Option<Bytes>, Error>> + Send + use<> {
        let pipe = Arc::clone(&self.0);
        async move {
            loop {
                // Made before the look: it hears of all that happens from now on.
                let changed = pipe.readable.notified();
                if let Some(read) = pipe.try_read(most) {
                    return read;
                }
                changed.await;
            }
        }
    }

    /// Drops what was not read, and refuses all that is written from now on.
    pub(crate) fn close(&self) {
        let unread = {
            let mut state = self.0.state.lock();
            state.is_unread = true;
            mem::take(&mut state.bytes)
        };
        drop(unread);
        self.0.writable.notify_waiters();
        self.0.readable.notify_waiters();
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.close();
    }
}

impl Writer {
    /// Writes all bytes, and waits for room. A future that is dropped may have written some of
    /// them.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the reader is gone, and `Internal` after the end.
    pub(crate) fn write(
        &self,
        bytes: Vec<u8>,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let pipe = Arc::clone(&self.0);
        async move {
            let mut left = &bytes[..];
            loop {
                let changed = pipe.writable.notified();
                left = &left[pipe.try_write(left)?..];
                if left.is_empty() {
                    return Ok(());
                }
                changed.await;
            }
        }
    }
}

#[allow(dead_code, reason = "for sides that the runtime holds")]
impl Writer {
    /// Writes as many of the bytes as there is room for, and returns their number. `None` says
    /// that a write would wait, or is refused.
    pub(crate) fn try_write(&self, bytes: &[u8]) -> Option<usize> {
        let written = self.0.try_write(bytes).ok()?;
        (written > 0 || bytes.is_empty()).then_some(written)
    }

    /// Ends the pipe: the reader gets what was written, and then the end.
    pub(crate) fn finish(self) {
        self.0.end(Ok(()));
    }

    /// Ends the pipe with a failure: the reader gets what was written, and then the error.
    pub(crate) fn fail(self, error: Error) {
        self.0.end(Err(error));
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let gone = Error::new(Kind::Unavailable, "the writer is gone");
        self.0.end(Err(gone));
    }
}

impl Pipe {
    fn try_read(&self, most: usize) -> Option<Result<Option<Bytes>, Error>> {
        let mut state = self.state.lock();
        if state.is_unread {
            return Some(Err(closed()));
        }
        if state.bytes.is_empty() {
            return state.end.clone().map(|end| end.map(|()| None));
        }
        let bytes = state.take(most.max(1));
        drop(state);
        self.writable.notify_waiters();
        Some(Ok(Some(bytes)))
    }

    /// Writes as many of the bytes as there is room for, and returns their number.
    fn try_write(&self, bytes: &[u8]) -> Result<usize, Error> {
        let mut state = self.state.lock();
        if state.is_unread {
            return Err(Error::new(Kind::Unavailable, "the reader is gone"));
        }
        if state.end.is_some() {
            return Err(closed());
        }
        let written = state.put(bytes);
        drop(state);
        if written > 0 {
            self.readable.notify_waiters();
        }
        Ok(written)
    }

    /// The first end counts.
    fn end(&self, end: Result<(), Error>) {
        self.state.lock().end.get_or_insert(end);
        self.readable.notify_waiters();
        self.writable.notify_waiters();
    }
}

impl State {
    /// Takes up to `most` bytes. An empty pipe holds no memory.
    fn take(&mut self, most: usize) -> Bytes {
        if most >= self.bytes.len() {
            let all: Vec<u8> = mem::take(&mut self.bytes).into();
            return all.into();
        }
        self.bytes.drain(..most).collect::<Vec<u8>>().into()
    }

    fn put(&mut self, bytes: &[u8]) -> usize {
        let len = self.bytes.len();
        let fitting = &bytes[..bytes.len().min(MAX_BUFFERED - len)];
        let needed = len + fitting.len();
        if needed > self.bytes.capacity() {
            let capacity = needed.next_power_of_two().min(MAX_BUFFERED);
            self.bytes.reserve_exact(capacity - len);
        }
        self.bytes.extend(fitting);
        self.written += fitting.len() as u64;
        fitting.len()
    }
}

impl ByteStream for Reader {
    fn read(&self, most: usize) -> Step {
        match self.try_read(most) {
            Some(read) => Step::Done(read.and_then(|bytes| bytes_or_end(bytes.as_deref()))),
            None => {
                let reading = self.read(most);
                Step::wait(
                    most,
                    |_| async move { bytes_or_end(reading.await?.as_deref()) },
                )
            }
        }
    }

    fn close(&self) -> Step {
        Reader::close(self);
        Step::Done(answer::write(|out| out.boolean(true)))
    }

    fn stat(&self) -> Step {
        let state = self.0.state.lock();
        let position = state.written - state.bytes.len() as u64;
        drop(state);
        let stat = Stat {
            position,
            readable: true,
            ..Stat::default()
        };
        stat.step()
    }
}

impl ByteStream for Writer {
    fn write(&self, bytes: &[u8]) -> Step {
        let len = bytes.len();
        let done = move || answer::write(|out| out.integer(i64::try_from(len).unwrap_or(i64::MAX)));
        let written = match self.0.try_write(bytes) {
            Err(error) => return Step::Done(Err(error)),
            Ok(written) if written == len => return Step::Done(done()),
            Ok(written) => written,
        };
        // The copy is a part of the request, which is charged.
        let writing = self.write(bytes[written..].to_vec());
        Step::wait(0, move |_| async move {
            writing.await?;
            done()
        })
    }

    fn flush(&self) -> Step {
        Step::Done(answer::write(|out| out.boolean(true)))
    }

    fn close(&self) -> Step {
        self.0.end(Ok(()));
        Step::Done(answer::write(|out| out.boolean(true)))
    }

    fn stat(&self) -> Step {
        let position = self.0.state.lock().written;
        let stat = Stat {
            position,
            writable: true,
            ..Stat::default()
        };
        stat.step()
    }
}
