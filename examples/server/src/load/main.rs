//! The load test: the cost of a request to a Lua handler beside one to a plain
//! axum handler, and the effects of one tenant's endless loop, and of tenants that come
//! and go, on another's requests. A request that fails ends it.
//!
//! Both servers run in this program, on one tokio runtime; the clients have a
//! thread and a runtime of their own, and reach them over loopback. Rounds with
//! and without the loop take turns, so that the machine's other work falls on
//! both.

mod churn;
mod client;
mod looping;
mod plain;
mod report;
mod rounds;
mod statistics;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use rounds::{Extent, Servers};

/// Compares requests to a Lua handler with those to a plain axum handler, and
/// measures them beside the endless loop of another tenant
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The directory of the program
    #[arg(default_value = "examples/server/app")]
    app: PathBuf,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Run everything for a moment, to test the program itself
    #[arg(long)]
    quick: bool,
    /// The directory for compiled code; none by default
    #[arg(long, value_name = "DIRECTORY")]
    cache: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: Arguments) -> anyhow::Result<()> {
    let extent = if arguments.quick {
        Extent::QUICK
    } else {
        Extent::FULL
    };
    let serving = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let servers = serving.block_on(Servers::start(arguments.app, arguments.cache))?;
    let asking = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let report = asking.block_on(servers.measure(extent))?;
    serving.block_on(servers.stop())?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&report)?);
    } else {
        print!("{report}");
    }
    Ok(())
}
