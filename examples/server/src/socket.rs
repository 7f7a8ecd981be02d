//! The process of a WebSocket: it is what the session in Lua talks to.
//!
//! ```text
//!   client <── frames ──> socket process <── said, line ──> session <──> room
//!                          (this function)   (linked)      (Lua)
//! ```
//!
//! The end of either ends the other. If the client goes away, the session is asked
//! to end, so that it can leave the room. If the session ends, the socket is closed
//! with a code that tells the reason. If this process is terminated, the link ends
//! the session.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use warren::native::{self, Received};
use warren::{Context, Error, Event, Outcome, Pid, Spawn};

/// Time that a client has to read a line.
const SLOWEST: Duration = Duration::from_secs(10);

/// Interval of pings. A client that stays silent for one to two intervals is
/// gone.
const BEAT: Duration = Duration::from_secs(30);

/// Time that a session has to end when it is asked to.
const FAREWELL: Duration = Duration::from_secs(1);

/// The reason for the end of a conversation.
enum End {
    /// The session has ended, well or not.
    Session { failed: bool },
    /// The client is gone, or does not read.
    Client,
    /// The client sends other messages than text, or more than the session
    /// reads.
    Misuse(u16, &'static str),
    /// The server ends.
    Server,
}

/// The code of the socket's process.
pub(crate) async fn serve(
    mut ctx: Context,
    upgraded: oneshot::Receiver<WebSocket>,
    session: Spawn,
    name: String,
) -> Result<(), Error> {
    let Ok(mut socket) = upgraded.await else {
        return Ok(()); // the client went away before
    };
    // The session's end is an event here.
    ctx.set_trap_links(true);
    let session = session.args((ctx.pid(), name));
    let session = match ctx.spawn(session.monitored().linked()).await {
        Ok(session) => session,
        Err(error) => {
            tracing::warn!(%error, "no chat session");
            close(&mut socket, close_code::AGAIN, "too much to do").await;
            return Ok(());
        }
    };
    let end = converse(&mut ctx, &mut socket, &session).await?;
    if !matches!(end, End::Session { .. }) && ctx.cancel(&session, Some(FAREWELL)).is_ok() {
        while !matches!(&ctx.event().await?, event if exit_of(event, &session).is_some()) {}
    }
    let (code, reason) = match end {
        End::Session { failed: false } => (close_code::NORMAL, "the session has ended"),
        End::Session { failed: true } => (close_code::ERROR, "the session has failed"),
        End::Misuse(code, reason) => (code, reason),
        End::Server => (close_code::AWAY, "the server ends"),
        End::Client => (close_code::NORMAL, ""),
    };
    close(&mut socket, code, reason).await;
    Ok(())
}

/// Carries lines in both directions.
async fn converse(ctx: &mut Context, socket: &mut WebSocket, session: &Pid) -> Result<End, Error> {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut heard = true;
    loop {
        tokio::select! {
            received = ctx.next() => match received? {
                Received::Message(message) => {
                    let Some(line) = line_of(&message, session)? else { continue };
                    if !send(socket, Message::Text(line.into())).await {
                        return Ok(End::Client);
                    }
                }
                Received::Event(Event::Cancel { .. }) => return Ok(End::Server),
                Received::Event(event) => {
                    if let Some(failed) = exit_of(&event, session) {
                        return Ok(End::Session { failed });
                    }
                }
            },
            frame = socket.recv() => match frame {
                Some(Ok(Message::Text(text))) => {
                    heard = true;
                    if ctx.send(session, "said", text.as_str()).is_err() {
                        return Ok(End::Misuse(close_code::POLICY, "too fast"));
                    }
                }
                Some(Ok(Message::Binary(_))) => {
                    return Ok(End::Misuse(close_code::UNSUPPORTED, "lines are text"));
                }
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => heard = true,
                Some(Ok(Message::Close(_)) | Err(_)) | None => return Ok(End::Client),
            },
            _ = beat.tick() => {
                if !std::mem::take(&mut heard) || !send(socket, Message::Ping("".into())).await {
                    return Ok(End::Client);
                }
            }
        }
    }
}

/// Returns a line for the client. Messages of other processes than the session
/// are ignored.
fn line_of(message: &native::Message, session: &Pid) -> Result<Option<String>, Error> {
    if message.topic() != "line" || message.from() != Some(session) {
        return Ok(None);
    }
    Ok(Some(message.get()?))
}

/// Returns whether the session has failed, if this event is its end.
fn exit_of(event: &Event, session: &Pid) -> Option<bool> {
    match event {
        Event::Exit { from, outcome, .. } if from == session => {
            Some(matches!(**outcome, Outcome::Failed(_)))
        }
        _ => None,
    }
}

/// Sends a message. Returns whether the client took it in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SLOWEST, socket.send(message)).await, Ok(Ok(())))
}

/// Sends the reason, and waits for the client's answer.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let farewell = async {
        // Fails if the client has closed the socket, and the answer is on its
        // way.
        let _ = socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(FAREWELL, farewell).await;
}
