//! Standard output and error of the program: lines of thousands of processes
//! on two streams, whole and in order.
//!
//! Each process gathers a line in a buffer of its own. Complete lines go through
//! a bounded queue to one thread that writes them. When the reader of the
//! stream is slower than the processes that print, the queue fills and printing
//! waits, process by process; nothing is dropped and no worker blocks.

use std::future::Future;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::sync::{mpsc, oneshot};

/// Pieces of output on their way; each is at most [`PIECE`] bytes.
const QUEUE: usize = 256;

/// A line longer than this is passed on in pieces.
pub(crate) const PIECE: usize = 64 * 1024;

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes what the processes print. Called from one thread of its own, which it
/// may block.
pub trait Sink: Send + 'static {
    /// Takes whole lines, or a piece of one where a process flushed or ended.
    fn write(&mut self, stream: Stream, bytes: &[u8]);
}

/// The real standard streams. A stream whose reader is gone swallows what
/// follows.
#[derive(Debug, Default)]
pub struct StandardStreams(());

impl Sink for StandardStreams {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        // Nobody is left to tell when standard error itself is gone.
        let _ = match stream {
            Stream::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Stream::Stderr => std::io::stderr().lock().write_all(bytes),
        };
    }
}

enum Piece {
    Bytes(Stream, Vec<u8>),
    /// Everything before it has been written once the sender is dropped.
    Barrier(oneshot::Sender<()>),
}

/// The queue and its thread.
#[derive(Debug)]
pub(crate) struct Output {
    queue: mpsc::Sender<Piece>,
}

impl Output {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no thread.
    pub(crate) fn start(mut sink: Box<dyn Sink>) -> std::io::Result<Arc<Output>> {
        let (queue, mut pieces) = mpsc::channel(QUEUE);
        // Ends by itself, with everything written, once the queue is dropped.
        std::thread::Builder::new()
            .name("warren-output".into())
            .spawn(move || {
                while let Some(piece) = pieces.blocking_recv() {
                    match piece {
                        Piece::Bytes(stream, bytes) => sink.write(stream, &bytes),
                        Piece::Barrier(written) => drop(written),
                    }
                }
            })?;
        Ok(Arc::new(Output { queue }))
    }

    /// Passes bytes on, and gives them back where the queue is full.
    pub(crate) fn try_write(&self, stream: Stream, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        match self.queue.try_send(Piece::Bytes(stream, bytes)) {
            Err(mpsc::error::TrySendError::Full(Piece::Bytes(_, bytes))) => Err(bytes),
            // Closed: the program is over and its output with it.
            _ => Ok(()),
        }
    }

    /// Passes bytes on, when there is room.
    pub(crate) async fn write(&self, stream: Stream, bytes: Vec<u8>) {
        // Fails only when the program is over.
        let _ = self.queue.send(Piece::Bytes(stream, bytes)).await;
    }

    /// Waits until everything passed on before has been written.
    pub(crate) async fn flush(&self) {
        let (sender, written) = oneshot::channel();
        if self.queue.send(Piece::Barrier(sender)).await.is_ok() {
            // An error is the expected answer: the sender was dropped.
            let _ = written.await;
        }
    }
}

type Permit = Result<mpsc::OwnedPermit<Piece>, mpsc::error::SendError<()>>;

/// One process's way to a stream, for libraries that want a writer.
pub(crate) struct Writer {
    queue: mpsc::Sender<Piece>,
    stream: Stream,
    line: Line,
    /// Waiting for room in the queue.
    room: Option<Pin<Box<dyn Future<Output = Permit> + Send + Sync>>>,
}

impl Output {
    /// A writer that passes on whole lines, and standard error as it comes.
    pub(crate) fn writer(&self, stream: Stream) -> Writer {
        Writer {
            queue: self.queue.clone(),
            stream,
            line: Line::default(),
            room: None,
        }
    }
}

impl Writer {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Permit> {
        let queue = &self.queue;
        let room = self
            .room
            .get_or_insert_with(|| Box::pin(queue.clone().reserve_owned()));
        let permit = ready!(room.as_mut().poll(cx));
        self.room = None;
        Poll::Ready(permit)
    }

    fn pass_on(permit: Permit, stream: Stream, bytes: Option<Vec<u8>>) {
        // Without a permit the program is over, and its output with it.
        if let (Ok(permit), Some(bytes)) = (permit, bytes) {
            permit.send(Piece::Bytes(stream, bytes));
        }
    }
}

impl AsyncWrite for Writer {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        let permit = ready!(self.poll_room(cx));
        let complete = match self.stream {
            Stream::Stdout => self.line.add(bytes),
            // As it comes: libc buffers none of it.
            Stream::Stderr => Some(bytes.to_vec()),
        };
        Self::pass_on(permit, self.stream, complete);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let permit = ready!(self.poll_room(cx));
        let rest = self.line.take();
        Self::pass_on(permit, self.stream, rest);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.poll_flush(cx)
    }
}

/// The unfinished line of one process on one stream.
#[derive(Debug, Default)]
pub(crate) struct Line(Vec<u8>);

impl Line {
    /// Adds bytes and returns what is complete: everything up to the last
    /// newline, or all of it when it has grown too long.
    pub(crate) fn add(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match bytes.iter().rposition(|byte| *byte == b'\n') {
            Some(end) => {
                let (complete, rest) = bytes.split_at(end + 1);
                let mut line = std::mem::take(&mut self.0);
                line.extend_from_slice(complete);
                self.0.extend_from_slice(rest);
                Some(line)
            }
            None => {
                self.0.extend_from_slice(bytes);
                (self.0.len() > PIECE).then(|| std::mem::take(&mut self.0))
            }
        }
    }

    /// What is there, complete or not.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        (!self.0.is_empty()).then(|| std::mem::take(&mut self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn lines_leave_whole() {
        let mut line = Line::default();
        assert_eq!(line.add(b"a"), None);
        assert_eq!(line.add(b"b\nc"), Some(b"ab\n".to_vec()));
        assert_eq!(line.add(b"\n\nd"), Some(b"c\n\n".to_vec()));
        assert_eq!(line.take(), Some(b"d".to_vec()));
        assert_eq!(line.take(), None);
    }

    #[test]
    fn a_line_without_end_leaves_in_pieces() {
        let mut line = Line::default();
        let piece = line
            .add(&vec![b'x'; PIECE + 1])
            .expect("it is too long to keep");
        assert_eq!(piece.len(), PIECE + 1);
        assert_eq!(line.take(), None);
    }

    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Sink for Memory {
        fn write(&mut self, _stream: Stream, bytes: &[u8]) {
            self.0
                .lock()
                .expect("no writer panics")
                .extend_from_slice(bytes);
        }
    }

    #[tokio::test]
    async fn a_flush_waits_for_everything_before_it() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Output::start(Box::new(Memory(Arc::clone(&written)))).expect("starts");
        for number in 0..1_000 {
            output
                .write(Stream::Stdout, format!("{number}\n").into_bytes())
                .await;
        }
        output.flush().await;
        let expected: String = (0..1_000).map(|number| format!("{number}\n")).collect();
        assert_eq!(
            *written.lock().expect("no writer panics"),
            expected.into_bytes()
        );
    }
}
