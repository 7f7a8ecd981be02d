//! This program in another OS process, for figures that one process can measure
//! only once.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Returns the command without arguments.
///
/// # Errors
/// The system does not tell where the program is.
pub(crate) fn command() -> Result<Command> {
    let own = std::env::current_exe().context("where this program is")?;
    Ok(Command::new(own))
}

/// Runs the program with these arguments and settings. Returns its standard
/// output.
///
/// # Errors
/// It does not start, or fails: the message is its standard error.
pub(crate) fn run(prepare: impl FnOnce(&mut Command)) -> Result<Vec<u8>> {
    let mut command = command()?;
    prepare(&mut command);
    let output = command
        .output()
        .context("no other process can be started")?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr).trim()
    );
    Ok(output.stdout)
}
