//! The process of a WebSocket: it is what the session in Lua talks to.
//!
//! ```text
//!   client <── frames ──> socket process <── said, line ──> session <──> room
//!                          (native, here)      (linked)      (Lua)
//! ```
//!
//! Whichever ends first takes the other with it. A client that goes away: the
//! session is asked to end, so that it can take its leave. A session that ends:
//! the socket is closed, with a code that says how. If this process is terminated,
//! the link ends the session.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use tokio::sync::oneshot;
use tokio::time::{MissedTickBehavior, interval, timeout};
use warren::native::{self, Received};
use warren::{Context, Error, Event, Outcome, Spawn};

/// How long a client may take to read a line.
const SLOWEST: Duration = Duration::from_secs(10);

/// A client of which nothing is heard for between one and two of these is gone.
const BEAT: Duration = Duration::from_secs(30);

/// How long a session may take to end that is asked to.
const FAREWELL: Duration = Duration::from_secs(1);

/// Why a conversation is over.
enum End {
    /// The session has ended, well or not.
    Session { failed: bool },
    /// The client is gone, or does not read.
    Client,
    /// The client sends what this is not for, or more than the session reads.
    Misuse(u16, &'static str),
    /// The server ends.
    Server,
}

/// The code of the process.
pub(crate) async fn serve(
    mut ctx: Context,
    upgraded: oneshot::Receiver<WebSocket>,
    session: Spawn,
    name: String,
) -> Result<(), Error> {
    let Ok(mut socket) = upgraded.await else {
        return Ok(()); // the client went away before
    };
    // What becomes of the session is an event here.
    ctx.set_trap_links(true);
    let session = session.arguments(&(ctx.pid(), name));
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

/// Carries lines to and fro.
async fn converse(ctx: &mut Context, socket: &mut WebSocket, session: &str) -> Result<End, Error> {
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

/// A line for the client. What others than the session send is nothing to it.
fn line_of(message: &native::Message, session: &str) -> Result<Option<String>, Error> {
    if message.topic() != "line" || message.from() != Some(session) {
        return Ok(None);
    }
    Ok(Some(message.get()?))
}

/// Whether the session has failed, where this is the event of its end.
fn exit_of(event: &Event, session: &str) -> Option<bool> {
    match event {
        Event::Exit { from, outcome, .. } if **from == *session => {
            Some(matches!(**outcome, Outcome::Failed(_)))
        }
        _ => None,
    }
}

/// Whether it could be sent in time.
async fn send(socket: &mut WebSocket, message: Message) -> bool {
    matches!(timeout(SLOWEST, socket.send(message)).await, Ok(Ok(())))
}

/// Says why, and waits for the client to have heard.
async fn close(socket: &mut WebSocket, code: u16, reason: &'static str) {
    let frame = CloseFrame {
        code,
        reason: reason.into(),
    };
    let farewell = async {
        // Fails where the client has closed it, to which the answer is on its way.
        let _ = socket.send(Message::Close(Some(frame))).await;
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(FAREWELL, farewell).await;
}
