//! A socket that a program has connected.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt as _, StreamExt as _};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{self, Message};
use warren_engine::capability::Charge;
use warren_kernel::{Error, nanoseconds};
use warren_values::msgpack;

use super::meter::{Meter, Metered};
use crate::limit::beyond;
use crate::quota::Held;

/// Bytes of the buffers of a socket.
pub(super) const BUFFER: usize = 4 << 10;

/// The code of a socket that is closed because its work is done.
pub(super) const NORMAL: i64 = 1_000;

/// The most bytes of the reason in a frame that closes a socket.
const MAX_REASON: usize = 123;

/// Time for the answer to a frame that closes a socket.
const FAREWELL: Duration = Duration::from_secs(5);

type Stream = WebSocketStream<Metered>;

/// A socket. Its drop closes the connection, with the code 1001.
pub(super) struct Socket {
    reader: Mutex<SplitStream<Stream>>,
    writer: Arc<Mutex<SplitSink<Stream, Message>>>,
    /// True once nothing more comes or goes.
    is_closed: AtomicBool,
    meter: Arc<Meter>,
    times: Times,
    /// Does the last work of a socket that is dropped.
    runtime: Handle,
    /// Present until the drop.
    held: Option<Held>,
}

/// The times of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Times {
    /// For the next message; `None` for ever.
    pub(super) read: Option<Duration>,
    /// For each message that is sent.
    pub(super) write: Duration,
}

/// The kind of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Binary,
}

impl Kind {
    /// The number of a text.
    pub(super) const TEXT: i64 = 1;

    /// Returns the kind of a number.
    ///
    /// # Errors
    ///
    /// `Invalid` for another number than 1 and 2.
    pub(super) fn of(number: i64) -> Result<Kind, Error> {
        match number {
            Kind::TEXT => Ok(Kind::Text),
            2 => Ok(Kind::Binary),
            _ => Err(Error::invalid(
                "type: expected websocket.TEXT or websocket.BINARY",
            )),
        }
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Binary => "binary",
        }
    }

    /// Makes a message.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that is not UTF-8.
    pub(super) fn message(self, data: &[u8]) -> Result<Message, Error> {
        match self {
            Kind::Binary => Ok(Message::binary(data.to_vec())),
            Kind::Text => match msgpack::text(data) {
                Some(text) => Ok(Message::text(text.to_owned())),
                None => Err(Error::invalid(
                    "data is not UTF-8: send it as websocket.BINARY",
                )),
            },
        }
    }
}

pub(super) fn ping() -> Message {
    Message::Ping(Bytes::new())
}

/// Makes a frame that closes a socket.
///
/// # Errors
///
/// `Invalid` for a code that no frame has, or a reason that does not fit.
pub(super) fn close_frame(code: i64, reason: &str) -> Result<CloseFrame, Error> {
    let number = u16::try_from(code).ok();
    let number = number.filter(|code| {
        let is_of_protocol = (1_000..=1_014).contains(code);
        // These say that there was no frame, or are for none.
        let is_for_none = matches!(code, 1_004..=1_006);
        (is_of_protocol && !is_for_none) || (3_000..5_000).contains(code)
    });
    let number =
        number.ok_or_else(|| Error::invalid(format!("code {code} does not close a socket")))?;
    if reason.len() > MAX_REASON {
        let message = format!("reason has more than max_close_reason = {MAX_REASON} bytes");
        return Err(beyond("max_close_reason", MAX_REASON, message));
    }
    Ok(CloseFrame {
        code: CloseCode::from(number),
        reason: reason.to_owned().into(),
    })
}

impl Socket {
    /// Makes a socket of a stream, in a task of tokio.
    pub(super) fn new(stream: Stream, meter: Arc<Meter>, times: Times, held: Held) -> Socket {
        let (writer, reader) = stream.split();
        Socket {
            reader: Mutex::new(reader),
            writer: Arc::new(Mutex::new(writer)),
            is_closed: AtomicBool::new(false),
            meter,
            times,
            runtime: Handle::current(),
            held: Some(held),
        }
    }

    /// Returns the bytes that the socket holds for no call.
    pub(super) fn left(&self) -> usize {
        self.meter.left()
    }

    /// Waits for the next message; `None` once the socket is closed. The call is charged for what
    /// comes, and at the end for the message and a copy of it.
    ///
    /// # Errors
    ///
    /// `Conflict` while another one waits; `Timeout` after the time for a message;
    /// `Unavailable` for a connection that breaks; `Invalid` for a message that is too large;
    /// `RateLimited` beyond the process's memory, which leaves the socket open.
    pub(super) async fn receive(&self, charge: &Charge) -> Result<Option<(Kind, Bytes)>, Error> {
        let Ok(mut reader) = self.reader.try_lock() else {
            let kind = warren_kernel::Kind::Conflict;
            return Err(Error::new(
                kind,
                "another coroutine receives from the socket",
            ));
        };
        if self.is_closed() {
            return Ok(None);
        }
        let _charged = self.meter.receive();
        let next = async {
            loop {
                match reader.next().await {
                    Some(Ok(Message::Text(text))) => return Ok(Some((Kind::Text, text.into()))),
                    Some(Ok(Message::Binary(bytes))) => return Ok(Some((Kind::Binary, bytes))),
                    Some(Ok(Message::Close(_))) => {
                        self.answer_close().await;
                        return Ok(None);
                    }
                    None => return Ok(None),
                    // Pings are answered by the stream itself.
                    Some(Ok(other)) => self.meter.has_passed(other.len()),
                    Some(Err(error)) => return Err(failed(&error)),
                }
            }
        };
        let next = self.charged(next, charge);
        let (received, paid) = match self.times.read {
            None => next.await?,
            Some(limit) => match tokio::time::timeout(limit, next).await {
                Ok(received) => received?,
                Err(_) => (Err(late("read_timeout", limit)), 0),
            },
        };
        let Ok(Some((_, data))) = &received else {
            self.set_closed();
            return received;
        };
        self.meter.has_come();
        charge.grow((2 * data.len()).saturating_sub(paid))?;
        received
    }

    /// Waits for a message, and charges the call for the bytes that come meanwhile. Returns
    /// their number, too.
    ///
    /// # Errors
    ///
    /// Those of the charge.
    async fn charged<T>(
        &self,
        next: impl Future<Output = T>,
        charge: &Charge,
    ) -> Result<(T, usize), Error> {
        let begun = self.meter.coming();
        let mut charged = begun;
        let mut next = pin!(next);
        poll_fn(|cx| {
            let next = next.as_mut().poll(cx);
            if let Poll::Ready(next) = next {
                return Poll::Ready(Ok((next, charged - begun)));
            }
            let coming = self.meter.coming();
            if coming > charged {
                // A poll reads some hundred KiB at most before it lets others run.
                if let Err(error) = charge.grow(coming - charged) {
                    return Poll::Ready(Err(error));
                }
                charged = coming;
            }
            Poll::Pending
        })
        .await
    }

    /// Sends a message, behind those that are being sent.
    ///
    /// # Errors
    ///
    /// `Unavailable` on a closed socket or a connection that breaks; `Timeout` if the server
    /// takes nothing.
    pub(super) async fn send(&self, message: Message) -> Result<(), Error> {
        if self.is_closed() {
            return Err(closed());
        }
        let limit = self.times.write;
        let sending = async {
            let mut writer = self.writer.lock().await;
            let _charged = self.meter.send(message.len());
            let sent = writer.send(message).await;
            if sent.is_ok() {
                self.meter.has_gone();
            }
            sent.map_err(|error| failed(&error))
        };
        let sent = match tokio::time::timeout(limit, sending).await {
            Ok(sent) => sent,
            Err(_) => Err(late("write_timeout", limit)),
        };
        if sent.is_err() {
            self.set_closed();
        }
        sent
    }

    /// Closes the socket, and waits for a while until the server has heard of it.
    pub(super) async fn close(&self, frame: CloseFrame) {
        if self.is_closed() {
            return;
        }
        let closing = async {
            let mut writer = self.writer.lock().await;
            // Fails only if the connection is gone.
            let _ = writer.send(Message::Close(Some(frame))).await;
            // The answer ends a receive that waits; without one it is read here.
            if let Ok(mut reader) = self.reader.try_lock() {
                while let Some(Ok(_)) = reader.next().await {
                    self.meter.has_come();
                }
            }
        };
        let _ = tokio::time::timeout(FAREWELL, closing).await;
        self.set_closed();
    }

    /// Sends the answer to the frame with which the server closes, which the stream has made.
    async fn answer_close(&self) {
        let answering = async { self.writer.lock().await.flush().await };
        // The socket is closed either way.
        let _ = tokio::time::timeout(FAREWELL, answering).await;
    }

    fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    fn set_closed(&self) {
        self.is_closed.store(true, Ordering::Release);
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if self.is_closed() {
            return;
        }
        let writer = Arc::clone(&self.writer);
        let held = self.held.take();
        self.runtime.spawn(async move {
            let frame = CloseFrame {
                code: CloseCode::Away,
                reason: String::new().into(),
            };
            let farewell = async { writer.lock().await.send(Message::Close(Some(frame))).await };
            // The connection is closed either way, and counts until it is.
            let _ = tokio::time::timeout(FAREWELL, farewell).await;
            drop(writer);
            drop(held);
        });
    }
}

fn closed() -> Error {
    let kind = warren_kernel::Kind::Unavailable;
    Error::new(kind, "the socket is closed").retryable(false)
}

#[cold]
fn late(limit: &'static str, time: Duration) -> Error {
    let message = format!("the server was silent, or took nothing, for {limit} = {time:?}");
    let kind = warren_kernel::Kind::Timeout;
    Error::at_limit(kind, limit, nanoseconds(time), message)
}

/// Returns the error of a socket that has failed.
fn failed(error: &tungstenite::Error) -> Error {
    match error {
        tungstenite::Error::ConnectionClosed | tungstenite::Error::AlreadyClosed => closed(),
        tungstenite::Error::Capacity(_) => Error::invalid(format!(
            "a message is beyond the option read_limit: {error}"
        )),
        tungstenite::Error::Protocol(_) | tungstenite::Error::Utf8(_) => {
            let message = format!("the server breaks the protocol: {error}");
            Error::new(warren_kernel::Kind::Unavailable, message).retryable(false)
        }
        _ => {
            let message = format!("the connection broke: {error}");
            Error::new(warren_kernel::Kind::Unavailable, message)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_that_close_have_codes_that_say_something() {
        for code in [1_000, 1_001, 1_003, 1_011, 3_000, 4_999] {
            let frame = close_frame(code, "bye").unwrap();
            assert_eq!(i64::from(u16::from(frame.code)), code);
        }
        for code in [-1, 0, 999, 1_004, 1_005, 1_006, 1_015, 2_999, 5_000, 70_000] {
            assert!(close_frame(code, "").is_err(), "{code}");
        }
        let error = close_frame(1_000, &"a".repeat(MAX_REASON + 1)).unwrap_err();
        assert!(error.message.contains("max_close_reason"), "{error}");
    }

    #[test]
    fn a_text_is_utf_8() {
        assert!(Kind::Text.message("ä".as_bytes()).is_ok());
        assert!(Kind::Text.message(b"\xff").is_err());
        assert!(Kind::Binary.message(b"\xff").is_ok());
        assert!(Kind::of(3).is_err());
    }
}
