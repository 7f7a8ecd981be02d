//! The bytes of the client of a WebSocket, bounded as long as a message has no end: those of all
//! sockets of a listener together, and each message in time.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::places::Places;
use crate::web::server::budget::Budget;

/// Bytes of a message that are not counted: most messages have no more.
const FREE: usize = 16 << 10;

/// Bytes of a message behind which a socket has a buffer that is worth dropping.
const LARGE: usize = 64 << 10;

/// A connection whose client speaks frames.
pub(super) struct Metered<T> {
    io: T,
    places: Places,
    budget: Arc<Budget>,
    /// Bytes that the message takes of the budget.
    charged: usize,
    timeout: Duration,
    /// Present while a message that counts has no end.
    sleep: Option<Pin<Box<Sleep>>>,
    fault: Option<Fault>,
    /// True if a message was large since the last [`Metered::renew`].
    was_large: bool,
}

/// The reason why a message is not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The listener holds too many bytes of other ones.
    Full,
    /// It takes too long.
    Late,
}

impl<T> Metered<T> {
    pub(super) fn new(io: T, budget: Arc<Budget>, timeout: Duration) -> Metered<T> {
        Metered {
            io,
            places: Places::default(),
            budget,
            charged: 0,
            timeout,
            sleep: None,
            fault: None,
            was_large: false,
        }
    }

    pub(super) fn fault(&self) -> Option<Fault> {
        self.fault
    }

    /// Returns true if the socket has a large buffer with nothing in it. Of the client's
    /// messages, and frames that are no part of one, the relay has had `taken`.
    pub(super) fn is_to_be_renewed(&self, taken: u64) -> bool {
        self.was_large && self.places.is_between_frames() && self.places.ended() == taken
    }

    /// Notes that the buffer was dropped.
    pub(super) fn renew(&mut self) {
        self.was_large = false;
    }

    /// Notes bytes that have come.
    fn pass(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.places.pass(bytes);
        let unfinished = self.places.unfinished();
        self.was_large |= unfinished > LARGE;
        let counted = unfinished.saturating_sub(FREE);
        match counted.checked_sub(self.charged) {
            Some(more) if !self.budget.take(more) => return Err(Fault::Full),
            Some(_) => {}
            None => self.budget.give(self.charged - counted),
        }
        self.charged = counted;
        Ok(())
    }

    /// Looks at the time of a message that counts.
    fn poll_time(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        if self.charged == 0 {
            self.sleep = None;
            return Poll::Pending;
        }
        let timeout = self.timeout;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(sleep.as_mut().poll(cx));
        Poll::Ready(Fault::Late)
    }

    fn fail(&mut self, fault: Fault) -> io::Error {
        self.fault = Some(fault);
        self.budget.give(std::mem::take(&mut self.charged));
        io::Error::other("the message of the client is not read")
    }
}

impl<T> Drop for Metered<T> {
    fn drop(&mut self) {
        self.budget.give(self.charged);
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Metered<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.fault.is_some() {
            // For the last words: nobody keeps these bytes.
            return Pin::new(&mut this.io).poll_read(cx, buf);
        }
        let before = buf.filled().len();
        let polled = match this.places.left() {
            0 => Pin::new(&mut this.io).poll_read(cx, buf),
            // Not beyond the end of the frame: the buffer of the socket is empty then.
            left => {
                let mut frame = (&mut this.io).take(left);
                Pin::new(&mut frame).poll_read(cx, buf)
            }
        };
        if let Poll::Ready(Ok(())) = polled
            && let Err(fault) = this.pass(&buf.filled()[before..])
        {
            return Poll::Ready(Err(this.fail(fault)));
        }
        if let Poll::Ready(fault) = this.poll_time(cx) {
            return Poll::Ready(Err(this.fail(fault)));
        }
        polled
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Metered<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// The head of a frame of so many bytes.
    fn head(first: u8, len: usize) -> Vec<u8> {
        let len = (len as u64).to_be_bytes();
        [&[first, 0xff][..], &len, &[0; 4]].concat()
    }

    async fn read(metered: &mut Metered<&[u8]>) -> io::Result<usize> {
        let mut bytes = [0; 4_096];
        let mut all = 0;
        loop {
            match metered.read(&mut bytes).await? {
                0 => return Ok(all),
                len => all += len,
            }
        }
    }

    #[tokio::test]
    async fn unfinished_messages_have_a_common_bound() {
        let budget = Arc::new(Budget::default());
        let forever = Duration::from_secs(3_600);
        let whole = [head(0x82, 1 << 20), vec![0; 1 << 20]].concat();
        let half = &whole[..whole.len() - 1];
        let mut held = Vec::new();
        let full = loop {
            let mut metered = Metered::new(half, Arc::clone(&budget), forever);
            match read(&mut metered).await {
                Ok(_) => held.push(metered),
                Err(_) => break metered,
            }
        };
        assert_eq!(full.fault(), Some(Fault::Full));
        assert_eq!(held.len(), 65);
        // Whole messages and short ones take no room.
        for bytes in [&head(0x82, FREE)[..], &[0x81, 0x81]] {
            let mut metered = Metered::new(bytes, Arc::clone(&budget), forever);
            assert!(read(&mut metered).await.is_ok());
        }
        drop(held);
        let mut metered = Metered::new(&whole[..], Arc::clone(&budget), forever);
        assert_eq!(read(&mut metered).await.unwrap(), whole.len());
        assert_eq!(metered.charged, 0);
    }

    #[tokio::test]
    async fn a_long_message_has_its_time() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let soon = Duration::from_millis(20);
        let mut metered = Metered::new(server, Arc::default(), soon);
        client.write_all(&head(0x82, 100_000)).await.unwrap();
        client.write_all(&[0; 50_000]).await.unwrap();
        let mut all = Vec::new();
        assert!(metered.read_to_end(&mut all).await.is_err());
        assert_eq!(metered.fault(), Some(Fault::Late));
        // Nobody reads the bytes that follow.
        drop(client);
        all.clear();
        assert_eq!(metered.read_to_end(&mut all).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn a_buffer_is_renewed_behind_a_large_message() {
        let (mut client, server) = tokio::io::duplex(1 << 20);
        let mut metered = Metered::new(server, Arc::default(), Duration::from_secs(3_600));
        let mut bytes = vec![0; 1 << 20];
        let large = [head(0x82, 100_000), vec![0; 100_000]].concat();
        client.write_all(&large).await.unwrap();
        client.write_all(&[0x81]).await.unwrap();
        let mut all = 0;
        while all < large.len() {
            assert!(!metered.is_to_be_renewed(0));
            all += metered.read(&mut bytes[..4_096]).await.unwrap();
        }
        // No byte of the next frame was read.
        assert_eq!(all, large.len());
        assert!(metered.is_to_be_renewed(1) && !metered.is_to_be_renewed(0));
        metered.renew();
        assert!(!metered.is_to_be_renewed(1));
    }
}
