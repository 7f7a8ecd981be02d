//! `warren-bench` measures what warren costs, each figure beside its baseline
//! in the same run, and prints one table. `docs/performance.md` explains the
//! rows.

mod args;
mod bench;
mod crowd;
mod erlang;
mod guests;
mod latencies;
mod measure;
mod node;
mod report;
mod resident;
mod rows;
mod statistics;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser;

use args::{Action, Args};
use bench::Bench;
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
                println!("{:12} {}", row.name, row.about);
            }
        }
        Action::Crowd(crowd) => println!("{}", crowd.hold()?),
        Action::Measure {
            rows,
            contender,
            quick,
            json,
        } => {
            let bench = Bench::new(quick)?;
            let mut measured = Vec::new();
            for row in rows {
                // To standard error: standard output is the table's alone.
                eprintln!("measuring {}", row.name);
                let mut row = (row.prepare)(&bench)?;
                if let Some(name) = &contender {
                    row.keep(name)?;
                }
                measured.push(measure::interleaved(row)?);
            }
            let report = Report::new(quick, measured);
            if json {
                println!("{:#}", report.to_json());
            } else {
                print!("{report}");
            }
        }
    }
    Ok(())
}
