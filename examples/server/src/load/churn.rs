//! Tenants that come, change and go.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Context, Result, ensure};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::{Method, Request, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

/// A client that adds, replaces and removes one tenant after the other, until it is
/// stopped.
pub(crate) struct Churn {
    stop: Arc<AtomicBool>,
    cycles: JoinHandle<Result<usize>>,
}

/// The code of a tenant, which answers with a number.
fn body(number: usize) -> Bytes {
    let code = format!("return function() return {{ body = '{number}' }} end");
    serde_json::json!({ "http": code }).to_string().into()
}

impl Churn {
    /// Starts the client: `admin` is the address of the operator's pages, and `server` that
    /// of the tenants'.
    pub(crate) fn start(admin: SocketAddr, server: SocketAddr) -> Churn {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let cycles = tokio::spawn(async move {
            let (mut operator, mut user) = (
                Client::connect(admin).await?,
                Client::connect(server).await?,
            );
            let mut cycles = 0;
            while !stopped.load(Ordering::Relaxed) {
                cycle(&mut operator, &mut user, cycles).await?;
                cycles += 1;
            }
            Ok(cycles)
        });
        Churn { stop, cycles }
    }

    /// Stops after the present cycle. Returns the number of cycles.
    ///
    /// # Errors
    ///
    /// A tenant was not added, replaced or removed, or did not answer as it should.
    pub(crate) async fn stop(self) -> Result<usize> {
        self.stop.store(true, Ordering::Relaxed);
        self.cycles.await?
    }
}

/// Adds a tenant, replaces its code and removes it, with a request after each.
async fn cycle(operator: &mut Client, user: &mut Client, number: usize) -> Result<()> {
    let name = format!("churn{number}");
    let (page, admin) = (format!("/{name}"), format!("/tenants/{name}"));
    for (version, created) in [(1, StatusCode::CREATED), (2, StatusCode::NO_CONTENT)] {
        let (status, text) = operator.ask(Method::PUT, &admin, body(version)).await?;
        ensure!(status == created, "PUT {admin}: {status} {text}");
        let (status, text) = user.ask(Method::GET, &page, Bytes::new()).await?;
        let expected = version.to_string();
        ensure!(
            status == StatusCode::OK && text == expected,
            "{page}: {status} {text}, expected {expected}"
        );
    }
    let (status, text) = operator.ask(Method::DELETE, &admin, Bytes::new()).await?;
    ensure!(
        status == StatusCode::NO_CONTENT,
        "DELETE {admin}: {status} {text}"
    );
    let (status, _) = user.ask(Method::GET, &page, Bytes::new()).await?;
    ensure!(
        status == StatusCode::NOT_FOUND,
        "{page}: {status} after its end"
    );
    Ok(())
}

/// One open connection.
struct Client(SendRequest<Full<Bytes>>);

impl Client {
    async fn connect(address: SocketAddr) -> Result<Client> {
        let stream = TcpStream::connect(address)
            .await
            .context("cannot connect")?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // Ends with the sender.
        drop(tokio::spawn(connection));
        Ok(Client(sender))
    }

    async fn ask(
        &mut self,
        method: Method,
        path: &str,
        body: Bytes,
    ) -> Result<(StatusCode, String)> {
        self.0.ready().await?;
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "localhost")
            .header("content-type", "application/json")
            .body(Full::new(body))?;
        let response = self.0.send_request(request).await?;
        let status = response.status();
        let body = response.into_body().collect().await?.to_bytes();
        Ok((status, String::from_utf8_lossy(&body).into_owned()))
    }
}
