//! WebSockets: a process that speaks frames.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use http::{HeaderMap, Response, StatusCode, header};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{Instant, sleep_until};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{self, Message as Frame};
use warren_kernel::Kind;

use super::config::Config;
use super::handshake::Handshake;
use super::link::{Happened, Link, text_of};
use super::metered::{Fault, Metered};
use super::{Place, start};
use crate::web::server::body::Served;
use crate::web::server::open::{Connection, Stop, stopped};
use crate::web::server::process::Failed;

/// The most bytes of a message of a client.
const MAX_FRAME: usize = 1 << 20;

/// Bytes of the buffer of each socket.
const BUFFER: usize = 4 << 10;

/// Times between two tries to send to a target that has no room.
const PAUSE: (Duration, Duration) = (Duration::from_millis(5), Duration::from_millis(250));

/// Time for the last words to a client.
const FAREWELL: Duration = Duration::from_secs(1);

/// Heartbeats that a client may leave without a frame.
const MAX_SILENT: u32 = 2;

/// The most bytes of the reason in a frame that closes a socket.
const MAX_REASON: usize = 123;

type Socket = WebSocketStream<Metered<TokioIo<Upgraded>>>;

/// Makes a WebSocket of a request.
///
/// # Errors
///
/// The error of the start, or of the target.
pub(super) async fn answer(
    handshake: Handshake,
    config: Config,
    response: Response<Served>,
    place: &Place<'_>,
) -> Result<Response<Served>, Failed> {
    let mut switching = Response::new(Served::empty());
    *switching.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    *switching.headers_mut() = without_content(response.into_parts().0.headers);
    handshake.write(switching.headers_mut());
    let connection = Arc::clone(place.connection);
    let upgrade = handshake.upgrade;
    start(place, config, "ws", |link| async move {
        match upgrade.await {
            Ok(upgraded) => run(link, upgraded, connection).await,
            // The client has gone before the answer.
            Err(_) => link.left(),
        }
    })
    .await?;
    Ok(switching)
}

/// Leaves out the fields of a body, which an answer that switches protocols does not have.
fn without_content(mut headers: HeaderMap) -> HeaderMap {
    for name in [
        header::CONTENT_TYPE,
        header::CONTENT_LENGTH,
        header::CONTENT_ENCODING,
    ] {
        headers.remove(name);
    }
    headers
}

/// The end of a socket.
enum End {
    /// The client is gone.
    Left,
    /// The client has closed it, and waits for an answer.
    Answer,
    /// The relay closes it.
    Close(CloseCode, String),
    /// The relay closes it, and reads no message to its end.
    Refuse(CloseCode, &'static str),
}

async fn run(mut link: Link, upgraded: Upgraded, connection: Arc<Connection>) {
    let budget = Arc::clone(&connection.open.unfinished);
    let timeout = connection.open.site().settings.timeouts.write;
    let io = Metered::new(TokioIo::new(upgraded), budget, timeout);
    let socket = open(io).await;
    let (end, mut socket) = relay(&mut link, socket, &connection).await;
    link.left();
    // The socket is closed either way.
    let _ = tokio::time::timeout(FAREWELL, part(&mut socket, end)).await;
}

/// Opens a socket with empty buffers.
async fn open(io: Metered<TokioIo<Upgraded>>) -> Socket {
    let config = WebSocketConfig::default()
        .read_buffer_size(BUFFER)
        .write_buffer_size(0)
        .max_message_size(Some(MAX_FRAME))
        .max_frame_size(Some(MAX_FRAME));
    WebSocketStream::from_raw_socket(io, Role::Server, Some(config)).await
}

/// Takes leave of a client.
async fn part(socket: &mut Socket, end: End) -> Result<(), tungstenite::Error> {
    match end {
        End::Left => return Ok(()),
        End::Answer => socket.flush().await?,
        End::Close(code, reason) => {
            let reason = clipped(&reason).into();
            socket.close(Some(CloseFrame { code, reason })).await?;
            // The client answers with a frame of its own.
            while let Some(Ok(_)) = socket.next().await {}
        }
        End::Refuse(code, reason) => {
            let reason = reason.into();
            socket.close(Some(CloseFrame { code, reason })).await?;
        }
    }
    // With bytes unread the last frame could be lost.
    let io = socket.get_mut();
    io.shutdown().await?;
    let mut rest = [0; 1024];
    while io.read(&mut rest).await? > 0 {}
    Ok(())
}

/// A relay at work.
struct Relay<'a> {
    link: &'a mut Link,
    /// A frame for which the target has no room. Until it has, no other is read.
    waiting: Option<Vec<u8>>,
    /// True while the client has not taken a frame. Until it has, no message is taken.
    is_writing: bool,
    pause: Duration,
    /// The time of the next try to send it.
    retry: Instant,
    /// Heartbeats since the last frame of the client.
    silent: u32,
    /// Messages of the client, and frames that are no part of one.
    taken: u64,
}

/// Something that a socket has done.
enum Moved {
    Written(Result<(), tungstenite::Error>),
    Read(Option<Result<Frame, tungstenite::Error>>),
}

/// Relays frames and messages until the end of the socket. Returns the socket, too.
async fn relay(link: &mut Link, mut socket: Socket, connection: &Connection) -> (End, Socket) {
    let mut stop = connection.stop.clone();
    let mut relay = Relay {
        link,
        waiting: None,
        is_writing: false,
        pause: PAUSE.0,
        retry: Instant::now(),
        silent: 0,
        taken: 0,
    };
    loop {
        let (writes, reads) = (relay.is_writing, relay.waiting.is_none());
        let end = tokio::select! {
            happened = relay.link.next(!writes) => relay.tell(happened, &mut socket),
            moved = moved(&mut socket, writes, reads) => match moved {
                Moved::Written(Ok(())) => {
                    relay.is_writing = false;
                    None
                }
                Moved::Written(Err(error)) => Some(end_of(&error)),
                Moved::Read(frame) => relay.take(frame, socket.get_ref().fault()),
            },
            () = sleep_until(relay.retry), if !reads => relay.pass_on(),
            () = stopped(&mut stop, Stop::Drain) => {
                Some(End::Close(CloseCode::Away, "the server is ending".to_owned()))
            }
        };
        if let Some(end) = end {
            return (end, socket);
        }
        // The buffer of a socket does not shrink by itself.
        if !relay.is_writing
            && socket.get_ref().is_to_be_renewed(relay.taken)
            && is_flushed(&mut socket).await
        {
            let mut io = socket.into_inner();
            io.renew();
            socket = open(io).await;
        }
    }
}

/// Returns true if no answer to a ping waits for the client.
async fn is_flushed(socket: &mut Socket) -> bool {
    let flushed = poll_fn(|cx| Poll::Ready(socket.poll_flush_unpin(cx)));
    matches!(flushed.await, Poll::Ready(Ok(())))
}

/// Waits until a frame is written, or one is read. The future may be dropped: nothing is lost.
async fn moved(socket: &mut Socket, writes: bool, reads: bool) -> Moved {
    poll_fn(|cx| {
        if writes && let Poll::Ready(written) = socket.poll_flush_unpin(cx) {
            return Poll::Ready(Moved::Written(written));
        }
        match reads {
            true => socket.poll_next_unpin(cx).map(Moved::Read),
            false => Poll::Pending,
        }
    })
    .await
}

impl Relay<'_> {
    /// Handles a frame of the client, or the fault for which none is read. Returns the end of
    /// the socket.
    fn take(
        &mut self,
        frame: Option<Result<Frame, tungstenite::Error>>,
        fault: Option<Fault>,
    ) -> Option<End> {
        self.silent = 0;
        self.taken += 1;
        self.waiting = match frame {
            Some(Ok(Frame::Text(text))) => Some(text.as_bytes().to_vec()),
            Some(Ok(Frame::Binary(bytes))) => Some(bytes.to_vec()),
            Some(Ok(Frame::Close(_))) => return Some(End::Answer),
            // Pings are answered by the socket itself.
            Some(Ok(_)) => return None,
            Some(Err(error)) => {
                let refused = fault.map(|fault| match fault {
                    Fault::Full => End::Refuse(CloseCode::Again, "too many long messages"),
                    Fault::Late => End::Refuse(CloseCode::Policy, "the message takes too long"),
                });
                return Some(refused.unwrap_or_else(|| end_of(&error)));
            }
            None => return Some(End::Left),
        };
        self.pass_on()
    }

    /// Sends the target the frame that waits, if there is room for it.
    fn pass_on(&mut self) -> Option<End> {
        let bytes = self.waiting.as_deref()?;
        match self.link.send(bytes) {
            Err(error) if error.kind == Kind::RateLimited => {
                // The client is silent because nobody reads.
                self.silent = 0;
                self.retry = Instant::now() + self.pause;
                self.pause = (self.pause * 2).min(PAUSE.1);
                return None;
            }
            Err(error) if error.kind == Kind::PermissionDenied => {
                return Some(End::Close(CloseCode::Policy, error.message));
            }
            Err(error) if error.kind == Kind::Invalid => {
                return Some(End::Close(CloseCode::Size, error.message));
            }
            // The end of the target comes as an event.
            Ok(()) | Err(_) => {}
        }
        self.waiting = None;
        self.pause = PAUSE.0;
        None
    }

    /// Tells the client what has happened. Returns the end of the socket.
    fn tell(&mut self, happened: Happened, socket: &mut Socket) -> Option<End> {
        let frame = match happened {
            Happened::Message(message) => Frame::text(text_of(&message)),
            // One that takes nothing is given up by the connection.
            Happened::Beat if self.is_writing => return None,
            Happened::Beat if self.silent >= MAX_SILENT => {
                return Some(End::Close(CloseCode::Away, "no sign of life".to_owned()));
            }
            Happened::Beat => {
                self.silent += 1;
                Frame::Ping(Vec::new().into())
            }
            Happened::Close(reason) => {
                return Some(End::Close(CloseCode::Normal, reason.unwrap_or_default()));
            }
            Happened::Canceled => {
                return Some(End::Close(CloseCode::Away, "the relay is ended".to_owned()));
            }
            Happened::TargetEnded => {
                return Some(End::Close(
                    CloseCode::Away,
                    "the target has ended".to_owned(),
                ));
            }
        };
        self.is_writing = true;
        let begun = socket.start_send_unpin(frame);
        begun.err().map(|error| end_of(&error))
    }
}

/// Returns the end of a socket that has failed.
fn end_of(error: &tungstenite::Error) -> End {
    let code = match error {
        tungstenite::Error::Capacity(_) => CloseCode::Size,
        tungstenite::Error::Utf8(_) => CloseCode::Invalid,
        tungstenite::Error::Protocol(_) => CloseCode::Protocol,
        _ => return End::Left,
    };
    End::Close(code, error.to_string())
}

/// Cuts a reason to what a frame has room for.
fn clipped(reason: &str) -> String {
    let mut ends = (0..=MAX_REASON.min(reason.len())).rev();
    let end = ends.find(|end| reason.is_char_boundary(*end));
    reason[..end.unwrap_or(0)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_fits_into_its_frame() {
        assert_eq!(clipped("short"), "short");
        assert_eq!(clipped(&"a".repeat(200)).len(), MAX_REASON);
        assert_eq!(clipped(&"ä".repeat(100)), "ä".repeat(61));
    }
}
