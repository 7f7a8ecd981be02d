//! `warren data`: the directory in which a program keeps its data.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use warren::{BackupError, back_up, text};

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stdout;

/// The options of `warren data`.
#[derive(Debug, Args)]
pub(crate) struct DataArgs {
    #[command(subcommand)]
    pub(crate) command: DataCommand,
}

/// A subcommand of `warren data`.
#[derive(Debug, Subcommand)]
pub(crate) enum DataCommand {
    /// Copy all databases of a program, which may run meanwhile
    Backup(BackupArgs),
}

/// The options of `warren data backup`.
#[derive(Debug, Args)]
#[command(
    after_help = "Prints the bytes and the path of each copy. Exit status: 0 once all copies are \
                  checked and on the disk; 2 for directories that cannot be the right ones; else \
                  1. To restore: warren run --data COPIES PATH."
)]
pub(crate) struct BackupArgs {
    /// The directory of `warren run --data`
    pub(crate) data: PathBuf,
    /// The directory to make, with a copy of each database
    ///
    /// Until all are there it has `.partial` behind its name.
    pub(crate) copies: PathBuf,
}

/// Runs the subcommand.
pub(crate) fn data(command: &DataCommand) -> Result<Exit, Box<Failure>> {
    match command {
        DataCommand::Backup(args) => backup(args),
    }
}

fn backup(args: &BackupArgs) -> Result<Exit, Box<Failure>> {
    let copied = back_up(&args.data, &args.copies).map_err(|error| refused(&error))?;
    let mut lines = String::new();
    for copy in copied {
        lines += &format!("{} {}\n", copy.bytes, text::path(&copy.file));
    }
    stdout::print(&lines, Exit::Success)
}

fn refused(error: &BackupError) -> Box<Failure> {
    let (exit, help) = match error {
        BackupError::NoData { .. } => (Exit::Usage, Some("give the directory of --data")),
        BackupError::Exists { path } if path.extension().is_some_and(|end| end == "partial") => {
            let help = "another backup makes it, or has been killed: then remove it";
            (Exit::Usage, Some(help))
        }
        BackupError::Exists { .. } | BackupError::Inside { .. } => {
            (Exit::Usage, Some("give another directory"))
        }
        _ => (Exit::Failed, None),
    };
    Box::new(Failure {
        help: help.map(str::to_owned),
        ..Failure::new(exit, error.to_string())
    })
}
