//! A client of WebSockets.

use std::net::TcpStream;

use anyhow::{Context, Result, anyhow};
use tokio_tungstenite::tungstenite::client::client_with_config;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Message, WebSocket};

use crate::served::PATIENCE;

/// Bytes of the buffer of each socket.
const BUFFER: usize = 4 << 10;

/// An open socket.
pub(crate) struct Socket(WebSocket<TcpStream>);

impl Socket {
    /// Opens a socket at a path of a server.
    ///
    /// # Errors
    /// The server opens none.
    pub(crate) fn open(address: &str, path: &str) -> Result<Socket> {
        let stream =
            TcpStream::connect(address).with_context(|| format!("{address} does not answer"))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        let config = WebSocketConfig::default()
            .read_buffer_size(BUFFER)
            .write_buffer_size(0);
        let opened = client_with_config(format!("ws://{address}{path}"), stream, Some(config));
        match opened {
            Ok((socket, _)) => Ok(Socket(socket)),
            Err(error) => Err(anyhow!("{address} opens no socket: {error}")),
        }
    }

    /// Sends a text.
    ///
    /// # Errors
    /// The socket is closed.
    pub(crate) fn say(&mut self, text: &str) -> Result<()> {
        let sent = self.0.send(Message::text(text));
        sent.context("a text is not sent")
    }

    /// Waits for the next text.
    ///
    /// # Errors
    /// The socket is closed, or nothing comes.
    pub(crate) fn hear(&mut self) -> Result<String> {
        loop {
            if let Message::Text(text) = self.0.read().context("no text comes")? {
                return Ok(text.as_str().to_owned());
            }
        }
    }

    /// Returns the connection of a socket that stays open and silent.
    pub(crate) fn into_silent(self) -> TcpStream {
        self.0.into_inner()
    }
}
