//! `warren reload`: takes the files of a running program as they are now.

use clap::Args;
use warren::Reloaded;

use crate::control::args::ControlArgs;
use crate::control::{Request, told};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::{processes, reload, stdout};

/// The options of `warren reload`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if a file does not compile, or the program cannot be reached: \
                  nothing was taken; 2 for a wrong command line."
)]
pub(crate) struct ReloadArgs {
    /// Print JSON, also of a reload that is refused or a program that cannot be reached
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Reloads the program, and prints what has changed.
pub(crate) fn reload(args: &ReloadArgs) -> Result<Exit, Box<Failure>> {
    told::told(reloaded(args), args.json)
}

fn reloaded(args: &ReloadArgs) -> Result<Exit, Box<Failure>> {
    let mut client = args.control.connect()?;
    let reloaded: Reloaded = match client.ask(&Request::Reload) {
        Ok(reloaded) => reloaded,
        Err(lost) => return told::lost(lost, &client, args.json, reload::refused),
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
