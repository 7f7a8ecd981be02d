//! `websocket.connect`: a connection that is judged as a request, and its handshake.

use std::sync::Arc;

use http::Request;
use tokio_tungstenite::client_async_with_config;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use warren_engine::capability::{Caller, Step};
use warren_kernel::{Error, Kind};

use super::Websocket;
use super::meter::{Meter, Metered};
use super::options::Wish;
use super::socket::{BUFFER, Socket};
use super::sockets::Sockets;
use crate::answer;
use crate::http::connect::Wanted;
use crate::http::exchange::{uri, within};
use crate::http::granted::{Granted, Question};
use crate::traces;

/// `websocket.connect(url, options)`: the number of a socket.
pub(super) fn connect(
    of: &Websocket,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut wish = Wish::read(request)?;
    traces::send_on(caller.trace().map(|trace| &**trace), &mut wish.headers);
    let is_private = Granted::of(caller)?.check(&wish.origin, wish.url.path())?;
    let question = Question {
        origin: &wish.origin,
        method: "GET",
        path: wish.url.path(),
        url: wish.url.as_str(),
        upgrade: Some("websocket"),
    };
    question.ask(caller)?;
    let held = of.quota.take(caller)?;
    let sockets = caller.kept().state(Sockets::default)?;
    let connector = of.client.upgrading(is_private);
    let wanted = Wanted {
        host: caller.process().host().number(),
        timeout: wish.dial,
    };
    let target = uri(wish.url.as_str())?;
    let handshake = handshake(&wish)?;
    Ok(Step::wait(2 * BUFFER, move |_| async move {
        let origin = wish.origin.to_string();
        let connecting = async {
            let transport = connector.open(target, wanted).await?;
            let config = WebSocketConfig::default()
                .read_buffer_size(BUFFER)
                .write_buffer_size(0)
                .max_message_size(Some(wish.max_message))
                .max_frame_size(Some(wish.max_message));
            let meter = Arc::<Meter>::default();
            let metered = Metered::new(transport, &meter);
            let begun = client_async_with_config(handshake, metered, Some(config)).await;
            let (stream, _) = begun.map_err(|error| refused(&error, &origin))?;
            meter.has_come();
            Ok::<_, Error>((stream, meter))
        };
        let (stream, meter) = within(wish.dial, &origin, connecting).await?;
        let number = sockets.add(Socket::new(stream, meter, wish.times, held));
        answer::write(|out| out.integer(number))
    }))
}

/// Makes the request of a handshake.
fn handshake(wish: &Wish) -> Result<Request<()>, Error> {
    let invalid = |error: tungstenite::Error| Error::invalid(format!("url: {error}"));
    // The library wants its own scheme, and makes the key.
    let url = match wish.url.as_str().split_once("://") {
        Some(("https", rest)) => format!("wss://{rest}"),
        Some((_, rest)) => format!("ws://{rest}"),
        None => return Err(Error::invalid("url has no host")),
    };
    let mut request = url.into_client_request().map_err(invalid)?;
    for (name, value) in &wish.headers {
        request.headers_mut().append(name.clone(), value.clone());
    }
    Ok(request)
}

/// Returns the error of a handshake that has failed.
fn refused(error: &tungstenite::Error, origin: &str) -> Error {
    let (why, is_final) = match error {
        tungstenite::Error::Http(response) => {
            let status = response.status();
            (format!("it answers {status}"), !status.is_server_error())
        }
        tungstenite::Error::Io(error) => (error.to_string(), false),
        other => (other.to_string(), true),
    };
    let message = format!("{origin} opens no WebSocket: {why}");
    Error::new(Kind::Unavailable, message).retryable(!is_final)
}
