//! A pipe: bytes from a writer to a reader. The side that is slow stops the other one.

use std::collections::VecDeque;
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

#[cfg(test)]
mod tests {
    use std::pin::{Pin, pin};
    use std::task::{Context, Poll, Waker};

    use proptest::prelude::*;

    use super::*;

    fn poll<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }

    fn buffered(reader: &Reader) -> usize {
        reader.0.state.lock().bytes.len()
    }

    #[test]
    fn a_slow_reader_stops_the_writer() {
        let (writer, reader) = pipe();
        let mut writing = pin!(writer.write(vec![7; 2 * MAX_BUFFERED + 1]));
        for left in [MAX_BUFFERED, MAX_BUFFERED, 1] {
            assert_eq!(poll(writing.as_mut()).is_ready(), left == 1);
            assert_eq!(buffered(&reader), left);
            assert_eq!(writer.try_write(&[7; MAX_BUFFERED]).is_none(), left > 1);
            let Some(Ok(Some(read))) = reader.try_read(usize::MAX) else {
                panic!("nothing to read");
            };
            assert!(read.len() >= left);
        }
        assert!(reader.try_read(1).is_none());
    }

    #[test]
    fn a_slow_writer_stops_the_reader() {
        let (writer, reader) = pipe();
        let mut reading = pin!(reader.read(2));
        assert!(poll(reading.as_mut()).is_pending());
        assert_eq!(writer.try_write(b"abc"), Some(3));
        let Poll::Ready(Ok(Some(read))) = poll(reading.as_mut()) else {
            panic!("the reader waits");
        };
        assert_eq!(read, "ab");
        let rest = reader.try_read(0).unwrap().unwrap().unwrap();
        assert_eq!(rest, "c");
        let mut reading = pin!(reader.read(2));
        assert!(poll(reading.as_mut()).is_pending());
        writer.finish();
        assert_eq!(poll(reading.as_mut()), Poll::Ready(Ok(None)));
    }

    #[test]
    fn a_reader_gets_all_before_the_end_or_the_failure() {
        let (writer, reader) = pipe();
        assert_eq!(writer.try_write(b"ab"), Some(2));
        writer.fail(Error::new(Kind::Timeout, "too slow"));
        assert_eq!(reader.try_read(9).unwrap().unwrap().unwrap(), "ab");
        for _ in 0..2 {
            let error = reader.try_read(9).unwrap().unwrap_err();
            assert_eq!(error.message, "too slow");
        }
    }

    #[test]
    fn a_side_that_is_gone_ends_the_other_one() {
        let (writer, reader) = pipe();
        let mut reading = pin!(reader.read(1));
        assert!(poll(reading.as_mut()).is_pending());
        drop(writer);
        let Poll::Ready(Err(error)) = poll(reading.as_mut()) else {
            panic!("the reader waits");
        };
        assert_eq!(
            (error.kind, &*error.message),
            (Kind::Unavailable, "the writer is gone")
        );

        let (writer, reader) = pipe();
        let mut writing = pin!(writer.write(vec![7; MAX_BUFFERED + 1]));
        assert!(poll(writing.as_mut()).is_pending());
        drop(reader);
        let Poll::Ready(Err(error)) = poll(writing.as_mut()) else {
            panic!("the writer waits");
        };
        assert_eq!(
            (error.kind, &*error.message),
            (Kind::Unavailable, "the reader is gone")
        );
        assert_eq!(writer.try_write(b"a"), None);
    }

    #[test]
    fn a_reader_that_is_closed_reads_nothing_more() {
        let (writer, reader) = pipe();
        assert_eq!(writer.try_write(b"a"), Some(1));
        let mut waiting = pin!(reader.read(1));
        Reader::close(&reader);
        assert_eq!(poll(waiting.as_mut()), Poll::Ready(Err(closed())));
        assert_eq!(buffered(&reader), 0);
        drop(writer);
        assert_eq!(reader.try_read(1), Some(Err(closed())));
    }

    #[test]
    fn an_empty_pipe_holds_no_memory() {
        let (writer, reader) = pipe();
        for size in [1, 3_000, MAX_BUFFERED, 60_000] {
            assert_eq!(writer.try_write(&vec![7; size]), Some(size));
            let capacity = |reader: &Reader| reader.0.state.lock().bytes.capacity();
            assert!(capacity(&reader) <= MAX_BUFFERED);
            assert!(reader.try_read(MAX_BUFFERED).is_some());
            assert_eq!(capacity(&reader), 0);
        }
    }

    proptest! {
        #[test]
        fn bytes_come_out_as_they_went_in(
            steps in proptest::collection::vec((any::<bool>(), 0_usize..100_000), 1..60),
        ) {
            let (writer, reader) = pipe();
            let mut model = VecDeque::<u8>::new();
            let mut next = 0_u32;
            for (writes, size) in steps {
                if writes {
                    let bytes: Vec<u8> = (next..).take(size).map(|n| (n % 251) as u8).collect();
                    let written = writer.try_write(&bytes);
                    let room = MAX_BUFFERED - model.len();
                    let fitting = size.min(room);
                    prop_assert_eq!(written, (fitting > 0 || size == 0).then_some(fitting));
                    model.extend(&bytes[..fitting]);
                    next += fitting as u32;
                } else {
                    match reader.try_read(size) {
                        None => prop_assert!(model.is_empty()),
                        Some(read) => {
                            let read = read.unwrap().unwrap();
                            prop_assert_eq!(read.len(), size.max(1).min(model.len()));
                            let expected: Vec<u8> = model.drain(..read.len()).collect();
                            prop_assert_eq!(&read[..], &expected[..]);
                        }
                    }
                }
                prop_assert_eq!(buffered(&reader), model.len());
                prop_assert!(model.len() <= MAX_BUFFERED);
            }
        }
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_wake_is_lost_between_two_threads() {
        const ALL: usize = 4 << 20;
        let (writer, reader) = pipe();
        let writes = tokio::spawn(async move {
            let mut written = 0;
            while written < ALL {
                let size = (written % 70_000 + 1).min(ALL - written);
                let bytes = (written..written + size).map(|n| (n % 251) as u8);
                writer.write(bytes.collect()).await.unwrap();
                written += size;
            }
            writer.finish();
        });
        let mut read = 0;
        while let Some(bytes) = reader.read(read % 50_000).await.unwrap() {
            for byte in bytes {
                assert_eq!(byte, (read % 251) as u8);
                read += 1;
            }
        }
        assert_eq!(read, ALL);
        writes.await.unwrap();
    }
}
