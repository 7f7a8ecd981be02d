//! The command: `warren-server APP`.

use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use etcetera::BaseStrategy;
use tracing_subscriber::EnvFilter;
use warren_server::{Config, Server};

/// Serves the tenants of a program over HTTP and WebSocket
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The directory of the program
    app: PathBuf,
    /// The address to listen on; port 0 takes any free port
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    listen: SocketAddr,
    /// The address of the pages that add and remove tenants; none by default
    #[arg(long, value_name = "ADDRESS")]
    admin: Option<SocketAddr>,
    /// Time for a request
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    deadline: Duration,
    /// Time that requests and chats have to finish when the server ends
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    grace: Duration,
    /// The directory for compiled code [default: the user's cache directory]
    #[arg(long, value_name = "DIRECTORY")]
    cache: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let filter = EnvFilter::try_from_env("WARREN_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .init();
    match run(arguments).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> anyhow::Result<()> {
    // From here on a signal ends the server in order.
    let stop = stop()?;
    let server = Server::open(Config {
        app: arguments.app,
        listen: arguments.listen,
        admin: arguments.admin,
        deadline: arguments.deadline,
        grace: arguments.grace,
        cache: arguments.cache.or_else(user_cache),
    });
    let server = server.await?;
    println!("listening on http://{}", server.address());
    if let Some(admin) = server.admin_address() {
        println!("tenants are added and removed at http://{admin}/tenants");
    }
    server.serve(stop).await?;
    Ok(())
}

/// Ready when the operator wants the server to end: SIGINT or SIGTERM.
#[cfg(unix)]
fn stop() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};
    let (mut interrupt, mut terminate) = (
        signal(SignalKind::interrupt())?,
        signal(SignalKind::terminate())?,
    );
    Ok(async move {
        tokio::select! {
            Some(()) = interrupt.recv() => {}
            Some(()) = terminate.recv() => {}
            else => std::future::pending().await,
        }
    })
}

/// Ready when the operator wants the server to end: Ctrl-C.
#[cfg(not(unix))]
fn stop() -> io::Result<impl Future<Output = ()>> {
    Ok(async {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending().await
        }
    })
}

/// Returns the directory that the command `warren` uses, too.
fn user_cache() -> Option<PathBuf> {
    let user = etcetera::base_strategy::choose_native_strategy().ok()?;
    Some(user.cache_dir().join("warren"))
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
