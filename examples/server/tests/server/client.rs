//! Clients: of HTTP, a connection for each request, and of the chat.

use std::net::SocketAddr;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

/// A response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: hyper::HeaderMap,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

pub(crate) async fn get(address: SocketAddr, path: &str) -> Answer {
    ask(address, request(Method::GET, path, "")).await.unwrap()
}

pub(crate) fn request(method: Method, path: &str, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        .header("host", "localhost")
        .header("user-agent", "a test")
        .body(Full::new(body.into()))
        .unwrap()
}

/// Sends a request. Dropping the future hangs up.
pub(crate) async fn ask(
    address: SocketAddr,
    request: Request<Full<Bytes>>,
) -> Result<Answer, hyper::Error> {
    let stream = TcpStream::connect(address).await.unwrap();
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let asking = async {
        let response = sender.send_request(request).await?;
        let (parts, body) = response.into_parts();
        Ok(Answer {
            status: parts.status,
            headers: parts.headers,
            body: body.collect().await?.to_bytes(),
        })
    };
    let mut connection = std::pin::pin!(connection);
    let mut asking = std::pin::pin!(asking);
    tokio::select! {
        biased;
        answer = &mut asking => answer,
        ended = &mut connection => {
            ended?;
            asking.await
        }
    }
}

/// A member of a chat.
pub(crate) struct Client(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Client {
    /// Enters the room of a tenant, and waits to be announced there.
    pub(crate) async fn enter(address: SocketAddr, tenant: &str, name: &str) -> Client {
        let url = format!("ws://{address}/{tenant}/chat?name={name}");
        let (stream, _) = connect_async(url).await.unwrap();
        let mut client = Client(stream);
        assert_eq!(client.hear().await, format!("* {name} joins"));
        client
    }

    pub(crate) async fn say(&mut self, line: &str) {
        self.0.send(Message::text(line)).await.unwrap();
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.0.send(message).await.unwrap();
    }

    /// Returns the next line.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Text(line) => return line.to_string(),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} where a line was expected"),
            }
        }
    }

    /// Returns the code with which the socket is closed; skips earlier lines.
    pub(crate) async fn closed(mut self) -> u16 {
        loop {
            match self.0.next().await.unwrap().unwrap() {
                Message::Close(Some(frame)) => return frame.code.into(),
                Message::Close(None) => panic!("closed without a code"),
                _ => {}
            }
        }
    }

    /// Closes the socket in order.
    pub(crate) async fn leave(mut self) {
        self.0.close(None).await.unwrap();
        while let Some(Ok(_)) = self.0.next().await {}
    }
}

/// Returns the status of a refused upgrade.
pub(crate) async fn refused(address: SocketAddr, path: &str) -> StatusCode {
    match connect_async(format!("ws://{address}{path}")).await {
        Err(tungstenite::Error::Http(response)) => response.status(),
        other => panic!("{other:?}"),
    }
}
