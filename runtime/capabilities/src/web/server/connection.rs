//! A connection: its protocol, its times, and its end.

use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::watch;
use warren_engine::capability::web::WebTimeouts;

use super::activity::{Activity, Expired};
use super::io::{FAREWELL, Timed};
use super::open::{Connection, Stop, stopped};
use super::request::Requests;
use super::stream::Streams;
use super::tls::HTTP_2;

/// The most bytes of the head of a request, and of what a connection holds of what was read.
const MAX_HEAD: u32 = 64 << 10;

/// The most requests of one connection of HTTP/2 that are answered at a time.
const MAX_STREAMS: u32 = 100;

/// The most streams that were reset, and of which hyper has not told yet.
const MAX_RESET: usize = 20;

/// The most streams that the server itself has reset for errors of the client.
const MAX_ERRORS: usize = 100;

/// The most bytes of bodies that a connection of HTTP/2 holds for all of its requests.
const MAX_WINDOW: u32 = 256 << 10;

/// The most bytes of the body of one request of HTTP/2 that were not read.
const MAX_STREAM_WINDOW: u32 = 64 << 10;

/// The most bytes of one answer that wait for a connection of HTTP/2.
const MAX_SENDING: usize = 64 << 10;

/// Time after which a silent client of HTTP/2 is asked whether it is there, and in which it
/// has to answer.
const PING: Duration = Duration::from_secs(20);

/// The first bytes of HTTP/2.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// The answer to a head that takes too long.
const TOO_SLOW: &[u8] =
    b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

/// Serves a connection until its end.
pub(super) async fn serve<T>(mut stream: T, mut connection: Connection)
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let site = connection.open.site();
    let timeouts = site.settings.timeouts;
    let Some(certificate) = &site.certificate else {
        let begun = connection.begun(timeouts.read, first_bytes(&mut stream));
        if let Some((is_http_2, prefix)) = begun.await {
            drop(site);
            speak(connection, stream, (is_http_2, prefix), &timeouts).await;
        }
        return;
    };
    let begun = connection.begun(timeouts.read, certificate.acceptor().accept(stream));
    let Some(stream) = begun.await else {
        return;
    };
    connection.is_secure = true;
    let is_http_2 = stream.get_ref().1.alpn_protocol() == Some(HTTP_2);
    drop(site);
    speak(connection, stream, (is_http_2, Bytes::new()), &timeouts).await;
}

impl Connection {
    /// Waits for the beginning of the connection. Nobody needs to be told of one that fails.
    async fn begun<T>(
        &mut self,
        limit: Duration,
        beginning: impl Future<Output = io::Result<T>>,
    ) -> Option<T> {
        tokio::select! {
            begun = tokio::time::timeout(limit, beginning) => begun.ok()?.ok(),
            () = stopped(&mut self.stop, Stop::Drain) => None,
        }
    }
}

/// Reads as much as tells the protocol. Returns true for HTTP/2, and the bytes.
async fn first_bytes<T: AsyncRead + Unpin>(stream: &mut T) -> io::Result<(bool, Bytes)> {
    let mut bytes = [0; PREFACE.len()];
    let mut len = 0;
    while len < bytes.len() {
        let read = stream.read(&mut bytes[len..]).await?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        len += read;
        if bytes[..len] != PREFACE[..len] {
            return Ok((false, Bytes::copy_from_slice(&bytes[..len])));
        }
    }
    Ok((true, Bytes::copy_from_slice(&bytes)))
}

async fn speak<T>(
    connection: Connection,
    io: T,
    (is_http_2, prefix): (bool, Bytes),
    timeouts: &WebTimeouts,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let activity = Activity::new(timeouts, is_http_2);
    if !prefix.is_empty() {
        activity.has_read();
    }
    let stop = connection.stop.clone();
    let io = Timed::new(io, prefix, Arc::clone(&activity), timeouts.write);
    let requests = Requests::new(connection, Arc::clone(&activity));
    if is_http_2 {
        let streams = Streams::new(timeouts.write);
        http_2(io, (requests, streams), &activity, stop).await;
    } else {
        http_1(io, requests, &activity, stop).await;
    }
}

async fn http_1<T>(
    io: Timed<T>,
    requests: Requests,
    activity: &Activity,
    mut stop: watch::Receiver<Stop>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http1::Builder::new();
    builder.max_buf_size(MAX_HEAD as usize);
    let connection = builder.serve_connection(TokioIo::new(io), requests);
    let mut connection = connection.with_upgrades();
    let mut wanted = Stop::Drain;
    let expired = loop {
        tokio::select! {
            // Errors are those of the client.
            _ = &mut connection => return,
            expired = activity.expired() => break expired,
            () = stopped(&mut stop, wanted) => {
                if wanted == Stop::Now {
                    return;
                }
                wanted = Stop::Now;
                Pin::new(&mut connection).graceful_shutdown();
            }
        }
    };
    if expired == Expired::Head(true)
        && let Some(parts) = connection.into_parts()
    {
        let mut io = parts.io.into_inner();
        let telling = async {
            io.write_all(TOO_SLOW).await?;
            io.shutdown().await
        };
        // The connection ends either way.
        let _ = tokio::time::timeout(FAREWELL, telling).await;
    }
}

async fn http_2<T>(
    io: Timed<T>,
    (requests, streams): (Requests, Streams),
    activity: &Activity,
    mut stop: watch::Receiver<Stop>,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let mut builder = http2::Builder::new(streams);
    builder
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD)
        .max_pending_accept_reset_streams(MAX_RESET)
        .max_local_error_reset_streams(MAX_ERRORS)
        .initial_connection_window_size(MAX_WINDOW)
        .initial_stream_window_size(MAX_STREAM_WINDOW)
        .max_send_buf_size(MAX_SENDING)
        .keep_alive_interval(PING)
        .keep_alive_timeout(PING);
    let connection = builder.serve_connection(TokioIo::new(io), requests);
    let mut connection = pin!(connection);
    let mut wanted = Stop::Drain;
    let expired = loop {
        tokio::select! {
            _ = connection.as_mut() => return,
            expired = activity.expired() => break expired,
            () = stopped(&mut stop, wanted) => {
                if wanted == Stop::Now {
                    return;
                }
                wanted = Stop::Now;
                connection.as_mut().graceful_shutdown();
            }
        }
    };
    if expired != Expired::GivenUp {
        // Otherwise the client would send its next request in vain.
        connection.as_mut().graceful_shutdown();
        let _ = tokio::time::timeout(FAREWELL, connection).await;
    }
}
