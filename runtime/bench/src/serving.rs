//! Servers of HTTP in this program: the baseline of axum, and the runtime on a tokio runtime
//! of a chosen number of threads.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::thread;

use anyhow::{Context, Result};
use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::get;
use axum::serve::ListenerExt;
use clap::ValueEnum;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime as Tokio};
use warren::Runtime;
use warren::app::web::{ListenerSettings, RouteSettings, WebSettings};

use crate::another;
use crate::rust_guests;
use crate::served::{LISTENING, Served};

/// A server of hello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// A handler of axum's, with WebSockets at `/socket`.
    Axum,
    /// The runtime with a handler in Lua.
    Lua,
    /// The runtime with a handler on the Rust SDK.
    Rust,
}

/// The threads of the tokio runtime that serves connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Threads {
    /// The one that waits for the end of the program.
    Current,
    /// So many of their own.
    Own(NonZeroUsize),
}

impl Threads {
    /// Returns one for each core, as the command has them.
    pub(crate) fn of_all_cores() -> Threads {
        Threads::Own(thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// Reads the number of the command line.
    pub(crate) fn of(number: usize) -> Threads {
        NonZeroUsize::new(number).map_or(Threads::Current, Threads::Own)
    }

    fn number(self) -> usize {
        match self {
            Threads::Current => 0,
            Threads::Own(number) => number.get(),
        }
    }

    fn tokio(self) -> Result<Tokio> {
        let mut builder = match self {
            Threads::Current => Builder::new_current_thread(),
            Threads::Own(_) => Builder::new_multi_thread(),
        };
        if let Threads::Own(number) = self {
            builder.worker_threads(number.get());
        }
        let tokio = builder.enable_all().build();
        tokio.context("cannot start the async runtime")
    }
}

/// A server to be run by another OS process.
#[derive(Clone, Debug)]
pub(crate) struct Serving {
    pub(crate) server: Server,
    pub(crate) threads: Threads,
    /// The directory for compiled code.
    pub(crate) cache: PathBuf,
}

impl Serving {
    /// Starts the server in another OS process.
    ///
    /// # Errors
    /// It does not start.
    pub(crate) fn start(&self) -> Result<Served> {
        let mut command = another::command()?;
        command
            .args(["--serve", name(self.server)])
            .args(["--threads", &self.threads.number().to_string()])
            .arg("--cache")
            .arg(&self.cache);
        Served::start(command, LISTENING)
    }

    /// Serves in this process, until it is killed.
    ///
    /// # Errors
    /// The server does not start.
    pub(crate) fn run(self) -> Result<()> {
        let tokio = self.threads.tokio()?;
        tokio.block_on(async {
            match self.server {
                Server::Axum => plain().await,
                Server::Lua => {
                    let builder = Runtime::builder().lua(HELLO, HELLO_LUA);
                    processes(builder, self.cache).await
                }
                Server::Rust => {
                    let module = rust_guests::module("hello")?;
                    let module = module.context(rust_guests::MISSING)?;
                    processes(Runtime::builder().wasm(HELLO, module), self.cache).await
                }
            }
        })
    }
}

/// Returns the name of a server on the command line.
fn name(server: Server) -> &'static str {
    match server {
        Server::Axum => "axum",
        Server::Lua => "lua",
        Server::Rust => "rust",
    }
}

/// The address at which the system chooses a port.
const ANY_PORT: SocketAddr =
    SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// The handler in Lua.
pub(crate) const HELLO_LUA: &str = include_str!("../guests/http/hello.lua");

const HELLO: &str = "bench:hello";

const WEB: &str = "bench:web";

/// Serves with a process for each request.
async fn processes(builder: warren::Builder, cache: PathBuf) -> Result<()> {
    let mut web = WebSettings::default();
    web.listeners.push(ListenerSettings::new(WEB, ANY_PORT));
    web.routes.push(RouteSettings::new(WEB, "GET /", HELLO)?);
    let runtime = builder.web(web).cache(cache).start();
    let runtime = runtime.context("no runtime")?;
    for listener in runtime.serve().await? {
        eprintln!("{LISTENING}{}", listener.address);
    }
    std::future::pending().await
}

/// Serves with axum alone.
async fn plain() -> Result<()> {
    let listener = TcpListener::bind(ANY_PORT).await.context("no port")?;
    eprintln!("{LISTENING}{}", listener.local_addr()?);
    let router = Router::new()
        .route("/", get(async || "hello"))
        .route("/socket", get(open));
    // As the server of the runtime does.
    let listener = listener.tap_io(|connection| drop(connection.set_nodelay(true)));
    axum::serve(listener, router).await?;
    Ok(())
}

/// Bytes of the buffer of a socket, as the server of the runtime has them.
const BUFFER: usize = 4 << 10;

async fn open(upgrade: WebSocketUpgrade) -> Response {
    let upgrade = upgrade.read_buffer_size(BUFFER).write_buffer_size(0);
    upgrade.on_upgrade(echo)
}

/// Sends each frame back to its client.
async fn echo(mut socket: WebSocket) {
    while let Some(Ok(frame)) = socket.recv().await {
        if socket.send(frame).await.is_err() {
            return;
        }
    }
}
