//! The bytes of messages that a socket holds.
//!
//! A message that is coming, and one that is going, stay in the buffers of the socket when the
//! call that waits for them is given up. A call is charged for what the sockets of its process
//! hold for no other call.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::http::connect::Transport;

/// The bytes that a socket holds.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Those that have come since the last message was given to the program.
    coming: Held,
    /// Those of messages that were not written yet.
    going: Held,
}

/// Bytes in one direction.
#[derive(Debug, Default)]
struct Held {
    bytes: AtomicUsize,
    /// True while a call waits, which is charged for them.
    is_charged: AtomicBool,
}

/// A call that is charged for the bytes in one direction, until it is dropped.
pub(super) struct Charged<'a>(&'a AtomicBool);

impl Meter {
    /// Returns the bytes for which no call is charged.
    pub(super) fn left(&self) -> usize {
        self.coming.left().saturating_add(self.going.left())
    }

    /// Begins a call that waits for a message.
    pub(super) fn receive(&self) -> Charged<'_> {
        self.coming.charge()
    }

    /// Returns the bytes that have come.
    pub(super) fn coming(&self) -> usize {
        self.coming.bytes.load(Ordering::Relaxed)
    }

    /// Notes that the program has the message that has come.
    pub(super) fn has_come(&self) {
        self.coming.bytes.store(0, Ordering::Relaxed);
    }

    /// Notes that a frame of the protocol has passed, which may stand within a message.
    pub(super) fn has_passed(&self, content: usize) {
        /// Bytes of the head of such a frame.
        const HEAD: usize = 2;
        self.coming.subtract(HEAD + content);
    }

    /// Begins a call that sends a message.
    pub(super) fn send(&self, bytes: usize) -> Charged<'_> {
        self.going.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.going.charge()
    }

    /// Notes that all messages are written.
    pub(super) fn has_gone(&self) {
        self.going.bytes.store(0, Ordering::Relaxed);
    }
}

impl Held {
    fn left(&self) -> usize {
        match self.is_charged.load(Ordering::Relaxed) {
            true => 0,
            false => self.bytes.load(Ordering::Relaxed),
        }
    }

    fn subtract(&self, bytes: usize) {
        let less = |held: usize| Some(held.saturating_sub(bytes));
        let _ = self
            .bytes
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
    }

    fn charge(&self) -> Charged<'_> {
        self.is_charged.store(true, Ordering::Relaxed);
        Charged(&self.is_charged)
    }
}

impl Drop for Charged<'_> {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Relaxed);
    }
}

/// A connection whose bytes are counted.
pub(super) struct Metered {
    transport: Transport,
    meter: Arc<Meter>,
}

impl Metered {
    pub(super) fn new(transport: Transport, meter: &Arc<Meter>) -> Metered {
        Metered {
            transport,
            meter: Arc::clone(meter),
        }
    }
}

impl AsyncRead for Metered {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.transport).poll_read(cx, buffer);
        let bytes = buffer.filled().len().saturating_sub(before);
        self.meter.coming.bytes.fetch_add(bytes, Ordering::Relaxed);
        read
    }
}

impl AsyncWrite for Metered {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.transport).poll_write(cx, bytes);
        if let Poll::Ready(Ok(written)) = &written {
            // With the heads of frames and the answers to pings: a little less is left.
            self.meter.going.subtract(*written);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}
