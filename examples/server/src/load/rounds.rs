//! The measured rounds, and their order.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use warren::Runtime;
use warren_server::{Config, ServeError, Server};

use crate::churn::Churn;
use crate::client::{Load, Pace};
use crate::looping::Looping;
use crate::plain;
use crate::report::{Beside, Changing, Closed, Report, Round};
use crate::statistics::median;

/// Connections that send requests at the same time.
const CONNECTIONS: usize = 16;

/// Part of the Lua handler's highest rate at which the loop's effect is
/// measured: the load of a server with room for more.
const SHARE: f64 = 0.25;

/// The amount of work.
#[derive(Clone, Copy)]
pub(crate) struct Extent {
    /// Rounds of each kind without a pace, and with one.
    closed: usize,
    paced: usize,
    /// Length of each round.
    length: Duration,
}

impl Extent {
    /// About 20 seconds.
    pub(crate) const FULL: Extent = Extent {
        closed: 3,
        paced: 5,
        length: Duration::from_millis(700),
    };

    pub(crate) const QUICK: Extent = Extent {
        closed: 1,
        paced: 1,
        length: Duration::from_millis(50),
    };
}

/// The servers.
pub(crate) struct Servers {
    /// The tenants' server.
    lua: SocketAddr,
    /// Its pages that add and remove tenants.
    admin: SocketAddr,
    plain: SocketAddr,
    runtime: Runtime,
    stop: oneshot::Sender<()>,
    served: JoinHandle<Result<(), ServeError>>,
}

/// The requested page.
#[derive(Clone, Copy)]
enum Page {
    Plain,
    Lua,
}

impl Servers {
    pub(crate) async fn start(app: PathBuf, cache: Option<PathBuf>) -> Result<Servers> {
        let server = Server::open(Config {
            // The loop must last.
            deadline: Duration::from_secs(3600),
            grace: Duration::from_secs(1),
            admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
            cache,
            ..Config::new(app)
        });
        let server = server.await?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let (stop, stopped) = oneshot::channel::<()>();
        let servers = Servers {
            lua: server.address(),
            admin: server.admin_address().context("no pages of the operator")?,
            plain: listener.local_addr()?,
            runtime: server.runtime().clone(),
            stop,
            served: tokio::spawn(server.serve(async { drop(stopped.await) })),
        };
        // Runs until the program ends.
        drop(tokio::spawn(plain::serve(listener)));
        Ok(servers)
    }

    pub(crate) async fn stop(self) -> Result<()> {
        let _ = self.stop.send(());
        Ok(self.served.await??)
    }

    pub(crate) async fn measure(&self, extent: Extent) -> Result<Report> {
        // Caches fill, and connections find their threads.
        for page in [Page::Plain, Page::Lua] {
            self.round(page, Pace::Closed, extent.length / 2).await?;
        }
        let (mut plain, mut lua) = (Vec::new(), Vec::new());
        for _ in 0..extent.closed {
            plain.push(self.round(Page::Plain, Pace::Closed, extent.length).await?);
            lua.push(self.round(Page::Lua, Pace::Closed, extent.length).await?);
        }
        let rate = SHARE * median(lua.iter().map(|round| round.per_second));
        let pace = Pace::Rate(rate.max(1.0));
        let mut beside = [Beside::default(), Beside::default()];
        for _ in 0..extent.paced {
            for (page, beside) in [Page::Plain, Page::Lua].into_iter().zip(&mut beside) {
                let quiet = self.round(page, pace, extent.length).await?;
                beside.quiet.push(quiet);
                let looping = Looping::start(self.lua, &self.runtime).await?;
                let beside_loop = self.round(page, pace, extent.length).await?;
                looping.stop().await?;
                beside.looping.push(beside_loop);
            }
        }
        let mut changing = Changing::default();
        for _ in 0..extent.paced {
            let churn = Churn::start(self.admin, self.lua);
            let round = self.round(Page::Lua, pace, extent.length).await?;
            changing.tenants += churn.stop().await?;
            changing.rounds.push(round);
        }
        let [plain_beside, lua_beside] = beside;
        Ok(Report {
            connections: CONNECTIONS,
            closed: Closed { plain, lua },
            rate,
            plain: plain_beside,
            lua: lua_beside,
            changing,
        })
    }

    async fn round(&self, page: Page, pace: Pace, length: Duration) -> Result<Round> {
        let (address, path) = match page {
            Page::Plain => (self.plain, "/"),
            Page::Lua => (self.lua, "/acme/"),
        };
        let load = Load {
            address,
            path,
            connections: CONNECTIONS,
            pace,
            length,
        };
        Ok(Round::new(&load.run().await?, length))
    }
}
