//! `warren reload`: takes the files of a running program as they are now.

use clap::Args;
use warren::Reloaded;

use crate::control::args::ControlArgs;
use crate::control::client::Lost;
use crate::control::{Answer, Request};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::{processes, reload, stdout};

/// The options of `warren reload`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if a file does not compile, or the program cannot be \
                        reached: nothing\nwas taken; 2 for a wrong command line."
)]
pub(crate) struct ReloadArgs {
    /// Print JSON, also of a reload that is refused
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Reloads the program, and prints what has changed.
pub(crate) fn reload(args: &ReloadArgs) -> Result<Exit, Box<Failure>> {
    let mut client = args.control.connect()?;
    let reloaded: Reloaded = match client.ask(&Request::Reload) {
        Ok(reloaded) => reloaded,
        Err(Lost::Refused {
            kind,
            message,
            problems,
        }) if args.json => {
            let answer = Answer::Error {
                kind,
                message,
                problems,
            };
            return stdout::print(&processes::json(&answer), Exit::Failed);
        }
        Err(Lost::Refused { message, .. }) => return Err(Box::new(reload::refused(&message))),
        Err(lost) => return Err(Box::new(lost.failure(client.path()))),
    };
    let text = if args.json {
        processes::json(&reloaded)
    } else {
        let mut lines = format!("{}\n", reload::summary(&reloaded));
        if reloaded.manifest_changed {
            lines.push_str(&format!("{}\n", reload::MANIFEST_CHANGED));
        }
        lines
    };
    stdout::print(&text, Exit::Success)
}
