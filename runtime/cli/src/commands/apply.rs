//! `warren apply`: puts a program, with its manifest, in place of a running one.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use warren::app::parse_duration;
use warren::{Plan, text};

use crate::control::args::ControlArgs;
use crate::control::client::Lost;
use crate::control::{Request, told};
use crate::exit::Exit;
use crate::report::apply::InPlace;
use crate::report::failure::Failure;
use crate::report::{apply, processes, stdout};

/// The options of `warren apply`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 if the program is as DIR says, or with --dry-run would be; 1 if \
                  a file or the manifest is refused, the plan is not accepted, or the program \
                  cannot be reached: nothing was changed; 2 for a wrong command line; 3 if the \
                  plan is in place, and a service of it is not up."
)]
pub(crate) struct ApplyArgs {
    /// The directory of the program, with its manifest
    #[arg(
        value_name = "DIR",
        required_unless_present = "rollback",
        conflicts_with = "rollback"
    )]
    pub(crate) path: Option<PathBuf>,
    /// Put the version before the present one in place again
    #[arg(long)]
    pub(crate) rollback: bool,
    /// Show the plan, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Apply the plan without asking
    #[arg(long, short)]
    pub(crate) yes: bool,
    /// Print JSON, also of a plan that is refused or a program that cannot be reached
    #[arg(long)]
    pub(crate) json: bool,
    /// Time that processes of removed hosts and services have to end
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) grace: Duration,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Help if the program is gone once it was told to apply the plan.
const MAY_BE_APPLIED: &str =
    "the plan may have been applied: `warren apply DIR --dry-run` shows what is left of it";

/// Help if the program could not be told to.
const NOT_APPLIED: &str = "nothing was changed: run `warren apply` again";

/// The output of `--json`.
#[derive(Serialize)]
struct Report<'a> {
    plan: &'a Plan,
    applied: bool,
    #[serde(flatten)]
    in_place: Option<InPlace>,
}

/// Shows the plan, and applies it if it is accepted.
pub(crate) fn apply(args: &ApplyArgs) -> Result<Exit, Box<Failure>> {
    told::told(applied(args), args.json)
}

fn applied(args: &ApplyArgs) -> Result<Exit, Box<Failure>> {
    let asks = !args.yes && !args.dry_run;
    if asks && !io::stdin().is_terminal() {
        return Err(Box::new(Failure {
            help: Some("give --yes to apply the plan, or --dry-run to see it".to_owned()),
            ..Failure::new(
                Exit::Usage,
                "nobody can be asked: standard input is not a terminal",
            )
        }));
    }
    let request = Request::Plan {
        path: args.path.as_deref().map(absolute).transpose()?,
        rollback: args.rollback,
        grace_ms: u64::try_from(args.grace.as_millis()).unwrap_or(u64::MAX),
    };
    let mut client = args.control.connect()?;
    let plan: Plan = match client.ask(&request) {
        Ok(plan) => plan,
        Err(lost) => return told::lost(lost, &client, args.json, apply::refused),
    };
    if !args.json {
        stdout::print(&format!("{plan}\n"), Exit::Success)?;
    }
    if args.dry_run {
        return done(args, &plan, None);
    }
    // Standard output has the JSON alone.
    let unseen = args.json.then_some(&plan);
    if asks && !plan.is_nothing() && !is_accepted(unseen)? {
        if args.json {
            return json(&plan, None, Exit::Failed);
        }
        return Err(Box::new(Failure::new(
            Exit::Failed,
            "the plan was not accepted: nothing was changed",
        )));
    }
    let in_place: InPlace = match client.ask(&Request::Apply) {
        Ok(in_place) => in_place,
        Err(lost @ Lost::Refused { .. }) => {
            return told::lost(lost, &client, args.json, apply::refused);
        }
        Err(lost) => {
            let help = match &lost {
                Lost::Unsent(_) => NOT_APPLIED,
                _ => MAY_BE_APPLIED,
            };
            return Err(Box::new(Failure {
                help: Some(help.to_owned()),
                ..lost.failure(client.path())
            }));
        }
    };
    // A manifest that says the same as before is taken, too.
    done(args, &plan, Some(in_place).filter(|_| !plan.is_nothing()))
}

/// Prints what has become of the plan.
fn done(args: &ApplyArgs, plan: &Plan, in_place: Option<InPlace>) -> Result<Exit, Box<Failure>> {
    if args.json {
        let exit = in_place.as_ref().map_or(Exit::Success, InPlace::exit);
        return json(plan, in_place, exit);
    }
    let Some(in_place) = in_place else {
        return Ok(Exit::Success);
    };
    let exit = stdout::print(&apply::in_place(&in_place), Exit::Success)?;
    match in_place.failure() {
        Some(failure) => Err(Box::new(failure)),
        None => Ok(exit),
    }
}

fn json(plan: &Plan, in_place: Option<InPlace>, exit: Exit) -> Result<Exit, Box<Failure>> {
    let report = Report {
        plan,
        applied: in_place.is_some(),
        in_place,
    };
    stdout::print(&processes::json(&report), exit)
}

/// Returns the path as the program finds it, which may have another current directory.
fn absolute(path: &Path) -> Result<String, Box<Failure>> {
    let failed = |message: String| Box::new(Failure::new(Exit::Usage, message));
    let shown = text::path(path);
    let absolute = std::path::absolute(path);
    let absolute = absolute.map_err(|error| failed(format!("{shown}: {error}")))?;
    let text = absolute.to_str().map(str::to_owned);
    text.ok_or_else(|| failed(format!("{shown}: the path is not UTF-8")))
}

/// Asks the person at the terminal, and shows a plan that they have not seen.
fn is_accepted(unseen: Option<&Plan>) -> Result<bool, Box<Failure>> {
    let failed = |error: io::Error| {
        let message = format!("cannot ask whether to apply the plan: {error}");
        Box::new(Failure::new(Exit::Failed, message))
    };
    let mut errors = io::stderr().lock();
    if let Some(plan) = unseen {
        writeln!(errors, "{plan}").map_err(failed)?;
    }
    let asked = write!(errors, "apply this? [y/N] ").and_then(|()| errors.flush());
    asked.map_err(failed)?;
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line).map_err(failed)?;
    Ok(matches!(line.trim(), "y" | "Y" | "yes" | "Yes"))
}
