//! Clients that ask for one page over and over, on connections that stay open.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use futures::future::try_join_all;
use http_body_util::{BodyExt, Empty};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

/// When each connection sends the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// When the last is answered.
    Closed,
    /// At its time, of so many requests a second on all connections together.
    Rate(f64),
}

/// One page, and how it is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    /// For how long.
    pub(crate) length: Duration,
}

/// One open connection.
type Connection = SendRequest<Empty<Bytes>>;

impl Load {
    /// How long each request took. One that could not be sent at its time, because
    /// the one before was not answered yet, has waited since then.
    ///
    /// # Errors
    ///
    /// A request was not answered, or not well.
    pub(crate) async fn run(&self) -> Result<Vec<Duration>> {
        let connections = (0..self.connections).map(|_| connect(self.address));
        let connections = try_join_all(connections).await?;
        let begun = Instant::now();
        let asking = connections.into_iter().enumerate();
        let asking = asking.map(|(number, connection)| self.ask(connection, number, begun));
        Ok(try_join_all(asking).await?.concat())
    }

    async fn ask(
        &self,
        mut connection: Connection,
        number: usize,
        begun: Instant,
    ) -> Result<Vec<Duration>> {
        let mut took = Vec::new();
        for turn in 0.. {
            let sent = match self.pace {
                Pace::Closed => Instant::now(),
                Pace::Rate(rate) => {
                    let place = turn as f64 * self.connections as f64 + number as f64;
                    let due = begun + Duration::from_secs_f64(place / rate);
                    if due > Instant::now() {
                        tokio::time::sleep_until(due.into()).await;
                        Instant::now()
                    } else {
                        due
                    }
                }
            };
            if sent.duration_since(begun) >= self.length {
                break;
            }
            self.ask_once(&mut connection).await?;
            took.push(sent.elapsed());
        }
        Ok(took)
    }

    async fn ask_once(&self, connection: &mut Connection) -> Result<()> {
        connection.ready().await?;
        let request = Request::get(self.path).header("host", "localhost");
        let response = connection.send_request(request.body(Empty::new())?).await?;
        let status = response.status();
        response.into_body().collect().await?;
        ensure!(status == StatusCode::OK, "{} answered {status}", self.path);
        Ok(())
    }
}

/// Opens a connection, which closes when it is dropped.
pub(crate) async fn connect(address: SocketAddr) -> Result<Connection> {
    let stream = TcpStream::connect(address)
        .await
        .context("cannot connect")?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    // Ends with the sender.
    drop(tokio::spawn(connection));
    Ok(sender)
}
