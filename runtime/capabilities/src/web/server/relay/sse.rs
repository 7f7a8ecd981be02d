//! Streams of events: a process whose messages a client reads.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body::{Body, Frame};
use serde_json::{Value as Json, json};
use tokio::sync::oneshot;
use tokio::time::Instant;
use warren_kernel::{Error, Message};

use super::config::Config;
use super::link::{Happened, Link, data_of};
use super::{Place, start};
use crate::streams::{Writer, pipe};
use crate::web::server::body::{Piped, Served};
use crate::web::server::open::{Connection, Stop, stopped};
use crate::web::server::process::Failed;

/// Makes a stream of events of a request.
///
/// # Errors
///
/// The error of the start, or of the target.
pub(super) async fn answer(
    config: Config,
    response: Response<Served>,
    place: &Place<'_>,
) -> Result<Response<Served>, Failed> {
    let (writer, reader) = pipe();
    let (here, gone) = oneshot::channel();
    let connection = Arc::clone(place.connection);
    start(place, config, "sse", |link| async move {
        run(link, writer, gone, connection).await;
    })
    .await?;
    let events = Events {
        piped: Piped::new(reader),
        _here: here,
    };
    Ok(of_events(response, Served::parts(Box::pin(events))))
}

/// Returns the answer to HEAD: that of a stream of events, which nobody reads, so none is begun.
pub(super) fn head(response: Response<Served>) -> Response<Served> {
    of_events(response, Served::left_out())
}

/// Returns an answer with the head of a stream of events.
fn of_events(response: Response<Served>, body: Served) -> Response<Served> {
    let (mut parts, _) = response.into_parts();
    parts.status = StatusCode::OK;
    parts.headers.remove(header::CONTENT_LENGTH);
    for (name, value) in [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        parts.headers.insert(name, HeaderValue::from_static(value));
    }
    Response::from_parts(parts, body)
}

/// The bytes of a stream of events. Its drop tells the relay that the client has gone.
struct Events {
    piped: Piped,
    _here: oneshot::Sender<()>,
}

impl Body for Events {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        self.piped.poll_frame(cx)
    }
}

async fn run(
    mut link: Link,
    writer: Writer,
    mut gone: oneshot::Receiver<()>,
    connection: Arc<Connection>,
) {
    let mut stop = connection.stop.clone();
    let end = link.config().hard.map(|hard| Instant::now() + hard);
    tokio::select! {
        () = relay(&mut link, &writer) => {}
        () = until(end) => {}
        () = stopped(&mut stop, Stop::Drain) => {}
        // Ends with the drop of its sender.
        _ = &mut gone => {}
    }
    writer.finish();
    link.left();
}

/// Writes events until the end of the stream.
async fn relay(link: &mut Link, writer: &Writer) {
    let idle = link.config().idle;
    if !link.has_target() {
        // Whoever gets these can send.
        let ready = json!({ "stream_pid": link.pid(), "message_topic": link.topic() });
        if write(writer, &event("ready", &ready)).await.is_err() {
            return;
        }
    }
    let mut last = Instant::now();
    loop {
        let quiet = idle.map(|idle| last + idle);
        let happened = tokio::select! {
            happened = link.next(true) => happened,
            () = until(quiet) => return,
        };
        let (text, is_last) = match happened {
            Happened::Message(message) => {
                last = Instant::now();
                (of_message(&message, &link.topic()), false)
            }
            Happened::Beat => (": heartbeat\n\n".to_owned(), false),
            Happened::TargetEnded => (event("done", &Json::Null), true),
            Happened::Close(reason) => (event("done", &json!({ "reason": reason })), true),
            Happened::Canceled => return,
        };
        if write(writer, &text).await.is_err() || is_last {
            return;
        }
    }
}

async fn write(writer: &Writer, text: &str) -> Result<(), Error> {
    writer.write(text.as_bytes().to_vec()).await
}

/// Waits until a moment; for ever without one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => tokio::time::sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

/// Returns a message as an event: that of the relay's own topic has no name, which is
/// `message` to a browser.
fn of_message(message: &Message, own: &str) -> String {
    let data = data_of(message);
    match message.topic() {
        topic if topic == own => format!("data: {data}\n\n"),
        topic => event(topic, &data),
    }
}

/// Returns an event. JSON has no ends of lines, and a name must not have any.
fn event(name: &str, data: &Json) -> String {
    let name = name.replace(['\r', '\n'], " ");
    format!("event: {name}\ndata: {data}\n\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_never_two() {
        let text = event("a\ndata: b\r\n", &json!("c\n\ndata: d"));
        assert_eq!(text, "event: a data: b  \ndata: \"c\\n\\ndata: d\"\n\n");
        let own = Message::new(None, "sse.message", b"\x91\xa1x");
        assert_eq!(of_message(&own, "sse.message"), "data: \"x\"\n\n");
        assert_eq!(
            of_message(&own, "other"),
            "event: sse.message\ndata: \"x\"\n\n"
        );
    }

    #[tokio::test]
    async fn a_moment_that_is_none_never_comes() {
        let soon = Some(Instant::now());
        until(soon).await;
        let short = std::time::Duration::from_millis(1);
        let waits = tokio::time::timeout(short, until(None)).await;
        assert!(waits.is_err());
    }
}
