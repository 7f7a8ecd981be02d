//! The pipe of a body: bytes between a guest and a task of tokio.
//!
//! The side that is slow stops the other one. The guest's side waits on its fiber, so a pipe
//! never runs code of a client or a server there.

use std::collections::VecDeque;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use parking_lot::Mutex;
use tokio::sync::Notify;
use warren_kernel::{Error, Kind};

/// The bytes that may lie in a pipe before the writer waits.
pub(super) const CAPACITY: usize = 64 << 10;

/// The bytes that a chunk takes beside its own: a guest may write single bytes.
const OF_CHUNK: usize = 64;

/// The end of a body: its trailers, if it is complete.
pub(super) type End = Result<Option<HeaderMap>, Error>;

/// A pipe. One side writes, and one reads.
#[derive(Default)]
pub(super) struct Pipe {
    state: Mutex<State>,
    /// Wakes those that wait for a change on a fiber or in an async function.
    changed: Notify,
}

#[derive(Default)]
struct State {
    chunks: VecDeque<Bytes>,
    /// Bytes of the chunks.
    bytes: usize,
    /// Bytes of all chunks since the beginning.
    written: u64,
    /// Set once by the writer.
    end: Option<End>,
    /// True once the reader is gone.
    is_abandoned: bool,
    /// The task that reads by [`Reader`].
    reader: Option<Waker>,
}

/// A part of a body.
pub(super) enum Part {
    Bytes(Bytes),
    /// The body is over.
    End(Result<(), Error>),
}

impl Pipe {
    /// Returns the bytes that may be written now; `None` if nobody reads any more, or the
    /// body has ended.
    pub(super) fn room(&self) -> Option<usize> {
        let state = self.state.lock();
        let is_open = state.end.is_none() && !state.is_abandoned;
        is_open.then(|| CAPACITY.saturating_sub(state.held()))
    }

    /// Waits until something may be written, or never again.
    pub(super) async fn has_room(&self) {
        let has_room = |state: &State| state.held() < CAPACITY;
        self.until(|state| state.end.is_some() || state.is_abandoned || has_room(state))
            .await;
    }

    /// Adds bytes. They are lost if nobody reads any more, or the body has ended.
    pub(super) fn write(&self, bytes: Bytes) {
        self.change(|state| {
            if !bytes.is_empty() && state.end.is_none() && !state.is_abandoned {
                state.bytes += bytes.len();
                state.written += bytes.len() as u64;
                state.chunks.push_back(bytes);
            }
        });
    }

    /// Returns the bytes that were ever written.
    pub(super) fn written(&self) -> u64 {
        self.state.lock().written
    }

    /// Ends the body. A later end is ignored.
    pub(super) fn finish(&self, end: End) {
        self.change(|state| {
            state.end.get_or_insert(end);
        });
    }

    /// Takes the next part, of at most `max` bytes. `None` if there is none yet.
    pub(super) fn read(&self, max: usize) -> Option<Part> {
        let mut state = self.state.lock();
        let Some(bytes) = state.take(max) else {
            let end = state.end.as_ref()?;
            return Some(Part::End(end.as_ref().map(|_| ()).map_err(Error::clone)));
        };
        drop(state);
        self.changed.notify_waiters();
        Some(Part::Bytes(bytes))
    }

    /// Waits until [`Pipe::read`] returns a part.
    pub(super) async fn is_readable(&self) {
        self.until(|state| state.bytes > 0 || state.end.is_some())
            .await;
    }

    /// Drops all parts until the end, and waits for that.
    pub(super) async fn drained(&self) {
        loop {
            self.is_readable().await;
            let has_ended = self.change(|state| {
                state.drop_chunks();
                state.end.is_some()
            });
            if has_ended {
                return;
            }
        }
    }

    /// Returns the end, if the writer has set it.
    pub(super) fn end(&self) -> Option<End> {
        self.state.lock().end.clone()
    }

    /// Tells the writer that nobody reads any more.
    fn abandon(&self) {
        self.change(|state| {
            state.drop_chunks();
            state.is_abandoned = true;
        });
    }

    /// Changes the state, and wakes everyone who waits for a change.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (result, reader) = {
            let mut state = self.state.lock();
            let result = change(&mut state);
            (result, state.reader.take())
        };
        if let Some(reader) = reader {
            reader.wake();
        }
        self.changed.notify_waiters();
        result
    }

    async fn until(&self, is_so: impl Fn(&State) -> bool) {
        loop {
            let mut changed = pin!(self.changed.notified());
            // From here on no change is missed.
            changed.as_mut().enable();
            if is_so(&self.state.lock()) {
                return;
            }
            changed.await;
        }
    }
}

impl State {
    /// Returns the memory that the chunks take.
    fn held(&self) -> usize {
        self.bytes + self.chunks.len() * OF_CHUNK
    }

    fn take(&mut self, max: usize) -> Option<Bytes> {
        let chunk = self.chunks.front_mut()?;
        let part = chunk.split_to(chunk.len().min(max));
        if chunk.is_empty() {
            self.chunks.pop_front();
        }
        self.bytes -= part.len();
        Some(part)
    }

    fn drop_chunks(&mut self) {
        self.chunks.clear();
        self.bytes = 0;
    }
}

/// The writing side of a task. A task that ends early leaves an error.
pub(super) struct Writer(Arc<Pipe>);

impl Writer {
    pub(super) fn new(pipe: Arc<Pipe>) -> Writer {
        Writer(pipe)
    }

    pub(super) fn pipe(&self) -> &Pipe {
        &self.0
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        let message = "the body was cut off: the task that reads it has ended";
        self.0.finish(Err(Error::new(Kind::Unavailable, message)));
    }
}

/// The body of a guest's request or response, as the client or the server reads it.
pub(super) struct Reader {
    pipe: Arc<Pipe>,
    /// Bytes that are left, if the guest has told their number.
    left: Option<u64>,
}

impl Reader {
    /// Makes the reader of a pipe; `length` is the number of bytes that the guest has told.
    pub(super) fn new(pipe: Arc<Pipe>, length: Option<u64>) -> Reader {
        Reader { pipe, left: length }
    }

    /// Makes a body without bytes.
    pub(super) fn empty() -> Reader {
        let pipe = Pipe::default();
        pipe.finish(Ok(None));
        Reader::new(Arc::new(pipe), Some(0))
    }
}

impl http_body::Body for Reader {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        let mut state = this.pipe.state.lock();
        let Some(bytes) = state.take(usize::MAX) else {
            // An end is given once.
            return match state
                .end
                .as_mut()
                .map(|end| std::mem::replace(end, Ok(None)))
            {
                Some(Ok(None)) => Poll::Ready(None),
                Some(Ok(Some(trailers))) => Poll::Ready(Some(Ok(Frame::trailers(trailers)))),
                Some(Err(error)) => Poll::Ready(Some(Err(error))),
                None => {
                    state.reader = Some(cx.waker().clone());
                    Poll::Pending
                }
            };
        };
        drop(state);
        this.pipe.changed.notify_waiters();
        let read = bytes.len() as u64;
        this.left = this.left.map(|left| left.saturating_sub(read));
        Poll::Ready(Some(Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        let state = self.pipe.state.lock();
        state.bytes == 0 && matches!(state.end, Some(Ok(None)))
    }

    fn size_hint(&self) -> SizeHint {
        let state = self.pipe.state.lock();
        match (self.left, &state.end) {
            (Some(left), _) => SizeHint::with_exact(left),
            (None, Some(Ok(None))) => SizeHint::with_exact(state.bytes as u64),
            (None, _) => SizeHint::default(),
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.pipe.abandon();
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use http_body::Body as _;

    use super::*;

    async fn frame(reader: &mut Reader) -> Option<Result<Frame<Bytes>, Error>> {
        poll_fn(|cx| Pin::new(&mut *reader).poll_frame(cx)).await
    }

    #[tokio::test]
    async fn a_writer_waits_for_a_reader() {
        let pipe = Arc::new(Pipe::default());
        let mut reader = Reader::new(Arc::clone(&pipe), None);
        pipe.write(Bytes::from(vec![1; CAPACITY]));
        assert_eq!(pipe.room(), Some(0));
        let waiting = tokio::spawn({
            let pipe = Arc::clone(&pipe);
            async move { pipe.has_room().await }
        });
        let data = frame(&mut reader).await.unwrap().unwrap();
        assert_eq!(data.into_data().unwrap().len(), CAPACITY);
        waiting.await.unwrap();
        assert_eq!((pipe.room(), pipe.written()), (Some(CAPACITY), 65_536));
    }

    #[test]
    fn small_pieces_do_not_take_more_memory_than_large_ones() {
        let pipe = Pipe::default();
        let mut pieces = 0;
        while pipe.room().is_some_and(|room| room > 0) {
            pipe.write("a".into());
            pieces += 1;
        }
        assert_eq!(pieces, CAPACITY.div_ceil(1 + OF_CHUNK));
    }

    #[tokio::test]
    async fn a_body_ends_with_trailers_or_with_an_error() {
        let pipe = Arc::new(Pipe::default());
        let mut reader = Reader::new(Arc::clone(&pipe), None);
        pipe.write("a".into());
        let mut trailers = HeaderMap::new();
        trailers.insert("x", "y".parse().unwrap());
        pipe.finish(Ok(Some(trailers.clone())));
        pipe.finish(Err(Error::internal("too late")));
        assert_eq!(pipe.room(), None);
        assert!(frame(&mut reader).await.unwrap().unwrap().is_data());
        let last = frame(&mut reader).await.unwrap().unwrap();
        assert_eq!(last.into_trailers().unwrap(), trailers);
        assert!(frame(&mut reader).await.is_none());

        let pipe = Arc::new(Pipe::default());
        let mut reader = Reader::new(Arc::clone(&pipe), None);
        drop(Writer::new(pipe));
        let cut = frame(&mut reader).await.unwrap().unwrap_err();
        assert_eq!(cut.kind, Kind::Unavailable);
    }

    #[tokio::test]
    async fn a_reader_that_is_gone_ends_the_writing() {
        let pipe = Arc::new(Pipe::default());
        let reader = Reader::new(Arc::clone(&pipe), None);
        pipe.write(Bytes::from(vec![1; CAPACITY]));
        drop(reader);
        pipe.has_room().await;
        assert_eq!(pipe.room(), None);
    }

    #[test]
    fn the_length_is_known_from_the_guest_or_at_the_end() {
        let pipe = Arc::new(Pipe::default());
        let reader = Reader::new(Arc::clone(&pipe), None);
        assert_eq!(reader.size_hint().exact(), None);
        pipe.write("abc".into());
        pipe.finish(Ok(None));
        assert_eq!(reader.size_hint().exact(), Some(3));
        let told = Reader::new(Arc::default(), Some(9));
        assert_eq!(told.size_hint().exact(), Some(9));
        assert!(Reader::empty().is_end_stream());
    }
}
