//! The load test: what a request to a Lua handler costs beside one to a plain axum
//! handler, and what one tenant's endless loop does to another's requests.
//!
//! Both servers run in this program, on one tokio runtime; the clients have a
//! thread and a runtime of their own, and reach them over loopback. Rounds with
//! and without take turns, so that what else the machine does falls on both.

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
    /// Run everything for a moment: whether it works, not how fast it is
    #[arg(long)]
    quick: bool,
    /// Where compiled code is kept; nowhere unless set
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
