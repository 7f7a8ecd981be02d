//! A request that never ends by itself.

use std::net::SocketAddr;

use anyhow::{Context, Result, bail};
use bytes::Bytes;
use http_body_util::Empty;
use hyper::Request;
use tokio::task::JoinHandle;
use warren::introspection::Change;
use warren::{Handle, Runtime};

use crate::client::connect;

/// The endless loop of a tenant, from when it runs until it is stopped.
pub(crate) struct Looping {
    asking: JoinHandle<()>,
    process: Handle,
}

impl Looping {
    /// Asks globex for its endless loop, and waits until that has a process.
    pub(crate) async fn start(address: SocketAddr, runtime: &Runtime) -> Result<Looping> {
        let mut changes = runtime.inspector().observe(10_000);
        let mut connection = connect(address).await?;
        let request = Request::get("/globex/loop").header("host", "localhost");
        let request = request.body(Empty::<Bytes>::new())?;
        let asking = tokio::spawn(async move {
            // It is not answered: its client hangs up.
            let _ = connection.send_request(request).await;
        });
        loop {
            match changes.next().await {
                Some(Change::Started {
                    pid,
                    definition: Some(definition),
                    ..
                }) if *definition == *"app.globex:http" => {
                    let process = runtime.find(pid).context("the loop has ended")?;
                    return Ok(Looping { asking, process });
                }
                Some(Change::Missed(missed)) => bail!("missed {missed} events"),
                None => bail!("the server has ended"),
                Some(_) => {}
            }
        }
    }

    /// Hangs up, and waits until that has ended it. It has to have run until now.
    pub(crate) async fn stop(self) -> Result<()> {
        if self.process.has_ended() {
            bail!("the loop ended while its effect was measured");
        }
        self.asking.abort();
        self.process.wait().await;
        Ok(())
    }
}
