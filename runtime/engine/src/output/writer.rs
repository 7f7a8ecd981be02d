//! Output by a writer, for libraries that want one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::sync::mpsc;

use super::{Line, Output, Piece, Queue, Stream};

type Permit = Result<mpsc::OwnedPermit<Piece>, mpsc::error::SendError<()>>;

/// One process's way to a stream, for libraries that want a writer.
pub(crate) struct Writer {
    queue: Queue,
    stream: Stream,
    line: Line,
    /// Waiting for room in the queue.
    room: Option<Pin<Box<dyn Future<Output = Permit> + Send + Sync>>>,
}

impl Output {
    /// A writer that passes on whole lines, and standard error as it comes.
    pub(crate) fn writer(&self, stream: Stream) -> Writer {
        Writer {
            queue: self.queue(stream).clone(),
            stream,
            line: Line::default(),
            room: None,
        }
    }
}

impl Writer {
    fn poll_room(&mut self, cx: &mut Context<'_>) -> Poll<Permit> {
        let queue = &self.queue.pieces;
        let room = self
            .room
            .get_or_insert_with(|| Box::pin(queue.clone().reserve_owned()));
        let permit = ready!(room.as_mut().poll(cx));
        self.room = None;
        Poll::Ready(permit)
    }

    fn pass_on(&self, permit: Permit, bytes: Option<Vec<u8>>) {
        // Without a permit the program is over, and its output with it.
        if let (Ok(permit), Some(bytes)) = (permit, bytes) {
            permit.send(self.queue.piece(self.stream, bytes));
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
        self.pass_on(permit, complete);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        let permit = ready!(self.poll_room(cx));
        let rest = self.line.take();
        self.pass_on(permit, rest);
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        self.poll_flush(cx)
    }
}
