//! `warren ps`: the processes of a running program.

use std::io::{self, IsTerminal};

use clap::Args;
use warren::introspection::{Listing, Sort};

use crate::control::args::{ControlArgs, QueryArgs};
use crate::control::{Request, told};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::processes::{self, Seen};
use crate::report::stdout;

/// The options of `warren ps`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached, or there is no such process; \
                  2 for a wrong command line; 141 if the reader of standard output is gone."
)]
pub(crate) struct PsArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Show only the first COUNT processes; at most 10000
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 10_000)]
    pub(crate) limit: usize,
    /// Show one process in full, by its PID, the number of its PID (such as 2a) or its name
    #[arg(long, value_name = "PROCESS", conflicts_with_all = ["text", "state", "host", "limit"])]
    pub(crate) show: Option<String>,
    /// Print JSON, also of a failure
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Prints the processes, or one in full.
pub(crate) fn ps(args: &PsArgs) -> Result<Exit, Box<Failure>> {
    told::told(shown(args), args.json)
}

fn shown(args: &PsArgs) -> Result<Exit, Box<Failure>> {
    let mut client = args.control.connect()?;
    let text = match &args.show {
        Some(process) => {
            let seen = Seen {
                details: client.demand(&Request::Show {
                    process: process.clone(),
                })?,
                stack: client
                    .stack(process)
                    .map_err(|lost| Box::new(lost.failure(client.path())))?,
            };
            if args.json {
                processes::json(&seen)
            } else {
                processes::lines(&seen)
            }
        }
        None => {
            let listing: Listing = client.demand(&Request::List {
                query: args.query.query(Sort::Pid, args.limit),
            })?;
            if args.json {
                processes::json(&listing)
            } else {
                processes::table(&listing, width())
            }
        }
    };
    stdout::print(&text, Exit::Success)
}

/// Returns the width of the terminal, if standard output is one.
fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (columns, _) = termion::terminal_size().ok()?;
    // Some terminals do not know their size.
    (columns > 0).then_some(columns.into())
}
