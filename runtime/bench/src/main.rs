//! `warren-bench` measures the costs of warren, each figure beside its baseline
//! in the same run, and prints one table. `docs/performance.md` explains the
//! rows.

mod allows_all;
mod another;
mod args;
mod bar;
mod bench;
mod counted;
mod crowd;
mod erlang;
mod guests;
mod latencies;
mod links;
mod lua_program;
mod max_map_count;
mod measure;
mod native_lua;
mod node;
mod open_files;
mod operations;
mod payload;
mod processor;
mod progress;
mod report;
mod resident;
mod rows;
mod rust_guests;
mod served;
mod serving;
mod statistics;
mod tasks;
mod tenants;
mod websocket;
mod wrk;

use std::process::ExitCode;

use anyhow::{Result, ensure};
use clap::Parser;

use args::{Action, Args};
use bench::Bench;
use progress::Progress;
use report::Report;

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<()> {
    match args.action()? {
        Action::List => {
            for row in rows::ALL {
                let when = if row.usual { "" } else { " (only when named)" };
                println!("{:17} {}{when}", row.name, row.about);
            }
        }
        Action::Crowd(crowd) => println!("{}", crowd.hold()?),
        Action::Counted {
            operation,
            times,
            cache,
        } => operation.run(times, &cache)?,
        Action::Lua(program) => println!("{}", program.run()?),
        Action::Serve(serving) => serving.run()?,
        Action::Measure {
            rows,
            contender,
            quick,
            json,
        } => {
            let bench = Bench::new(quick)?;
            let mut progress = Progress::new(rows.len());
            let mut measured = Vec::new();
            for kind in rows {
                progress.row(kind.name);
                let mut row = (kind.prepare)(&bench)?;
                row.check(kind.bars)?;
                if let Some(name) = &contender {
                    row.keep(name)?;
                }
                measured.push(measure::interleaved(row, kind.bars, &progress)?);
            }
            drop(progress);
            let report = Report::new(quick, measured);
            if json {
                println!("{:#}", report.to_json());
            } else {
                print!("{report}");
            }
            let failures = report.failures();
            ensure!(failures.is_empty(), "{}", failures.join("; "));
        }
    }
    Ok(())
}
