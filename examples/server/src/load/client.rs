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

/// The time at which each connection sends the next request.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Once the last request is answered.
    Closed,
    /// At its turn, of this many requests a second on all connections together.
    Rate(f64),
}

/// One page, and the pace of its requests.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) address: SocketAddr,
    pub(crate) path: &'static str,
    pub(crate) connections: usize,
    pub(crate) pace: Pace,
    /// Duration of the run.
    pub(crate) length: Duration,
}

/// One open connection.
type Connection = SendRequest<Empty<Bytes>>;

impl Load {
    /// Returns the duration of each request. A request that had to wait for the
    /// answer to the one before counts from the time at which it was due.
    ///
    /// # Errors
    ///
    /// A request was not answered, or failed.
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
