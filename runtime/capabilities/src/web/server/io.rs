//! The bytes of a connection: noted when they come, and bounded in the time that a client
//! takes to read them.
//!
//! A connection that is closed while bytes of its client are on the way is reset, and the
//! client may lose an answer that it has not read yet. So after a request with a body, what
//! the client still sends is read and dropped for a moment (RFC 9112, 9.6).

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::Sleep;

use super::activity::Activity;

/// Time for the last words to a client.
pub(super) const FAREWELL: Duration = Duration::from_secs(1);

/// A connection whose client has to take bytes in time.
pub(super) struct Timed<T> {
    io: T,
    /// Bytes that were read before.
    prefix: Bytes,
    activity: Arc<Activity>,
    timeout: Duration,
    /// Present while the client takes nothing.
    sleep: Option<Pin<Box<Sleep>>>,
    /// Present once this side has ended, until the client has read that.
    farewell: Option<Pin<Box<Sleep>>>,
}

impl<T> Timed<T> {
    pub(super) fn new(
        io: T,
        prefix: Bytes,
        activity: Arc<Activity>,
        timeout: Duration,
    ) -> Timed<T> {
        Timed {
            io,
            prefix,
            activity,
            timeout,
            sleep: None,
            farewell: None,
        }
    }

    /// Returns what a write gives that made progress, or the error of one that takes too long.
    fn in_time<V>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<V>>,
    ) -> Poll<io::Result<V>> {
        if written.is_ready() {
            self.sleep = None;
            return written;
        }
        let timeout = self.timeout;
        let sleep = self
            .sleep
            .get_or_insert_with(|| Box::pin(tokio::time::sleep(timeout)));
        ready!(sleep.as_mut().poll(cx));
        let slow = "the client takes no bytes";
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, slow)))
    }
}

impl<T: AsyncRead + Unpin> Timed<T> {
    /// Drops what the client sends, until it ends or the time of the farewell is over.
    fn poll_farewell(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let mut dropped = [0; 4096];
        loop {
            let farewell = self.farewell.as_mut();
            if farewell.is_none_or(|sleep| sleep.as_mut().poll(cx).is_ready()) {
                return Poll::Ready(());
            }
            let mut buf = ReadBuf::new(&mut dropped);
            let read = ready!(Pin::new(&mut self.io).poll_read(cx, &mut buf));
            if read.is_err() || buf.filled().is_empty() {
                return Poll::Ready(());
            }
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Timed<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if !this.prefix.is_empty() {
            let len = this.prefix.len().min(buf.remaining());
            buf.put_slice(&this.prefix.split_to(len));
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut this.io).poll_read(cx, buf))?;
        if buf.filled().len() > before {
            this.activity.has_read();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Timed<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write(cx, bytes);
        self.in_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.io).poll_flush(cx);
        self.in_time(cx, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.farewell.is_none() {
            let shut = Pin::new(&mut self.io).poll_shutdown(cx);
            ready!(self.in_time(cx, shut))?;
            if !self.activity.has_body() {
                return Poll::Ready(Ok(()));
            }
            self.farewell = Some(Box::pin(tokio::time::sleep(FAREWELL)));
        }
        self.poll_farewell(cx).map(Ok)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.io).poll_write_vectored(cx, bytes);
        self.in_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.io.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use warren_engine::capability::web::WebTimeouts;

    use super::*;

    #[tokio::test]
    async fn what_was_read_before_comes_first() {
        let (mut client, server) = tokio::io::duplex(64);
        let activity = Activity::new(&WebTimeouts::default(), false);
        let prefix = Bytes::from_static(b"ab");
        let mut timed = Timed::new(server, prefix, activity, Duration::from_secs(60));
        client.write_all(b"cd").await.unwrap();
        drop(client);
        let mut all = String::new();
        timed.read_to_string(&mut all).await.unwrap();
        assert_eq!(all, "abcd");
    }

    #[tokio::test]
    async fn what_comes_behind_an_answer_is_dropped_until_the_client_ends() {
        let (mut client, server) = tokio::io::duplex(64);
        let activity = Activity::new(&WebTimeouts::default(), false);
        drop(activity.begin(true));
        let mut timed = Timed::new(server, Bytes::new(), activity, Duration::from_secs(60));
        let server = async {
            timed.write_all(b"413").await.unwrap();
            timed.shutdown().await.unwrap();
            drop(timed);
        };
        let client = async {
            client.write_all(&[b'x'; 100_000]).await.unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).await.unwrap();
            assert_eq!(answer, "413");
            drop(client);
        };
        tokio::join!(server, client);
    }

    #[tokio::test]
    async fn a_client_that_does_not_end_is_left_after_a_moment() {
        let (_client, server) = tokio::io::duplex(64);
        let activity = Activity::new(&WebTimeouts::default(), false);
        drop(activity.begin(true));
        let mut timed = Timed::new(server, Bytes::new(), activity, Duration::from_secs(60));
        timed.shutdown().await.unwrap();
    }

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (_client, server) = tokio::io::duplex(4);
        let activity = Activity::new(&WebTimeouts::default(), false);
        let timeout = Duration::from_millis(20);
        let mut timed = Timed::new(server, Bytes::new(), activity, timeout);
        let error = timed.write_all(b"more than 4").await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
