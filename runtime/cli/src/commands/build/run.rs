//! Running the tools of builds.

use std::process::{Command, Output, Stdio};

use crate::exit::Exit;
use crate::report::failure::Failure;

/// Lines of a tool's output that are shown if it fails.
const MAX_LINES: usize = 20;

/// Runs a command on this terminal; `missing` is the help if it is not
/// installed.
pub(super) fn shown(mut command: Command, what: &str, missing: &str) -> Result<(), Box<Failure>> {
    let program = program_of(&command);
    let status = command
        .status()
        .map_err(|error| cannot_run(&program, &error, missing))?;
    if status.success() {
        return Ok(());
    }
    Err(Box::new(Failure::new(
        Exit::Failed,
        format!("{what}: {program} ended with {status}; the reason is above"),
    )))
}

/// Runs a command and returns its output; its last lines are the notes of the failure.
pub(super) fn quietly(
    mut command: Command,
    what: &str,
    missing: &str,
) -> Result<Output, Box<Failure>> {
    let program = program_of(&command);
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|error| cannot_run(&program, &error, missing))?;
    if output.status.success() {
        return Ok(output);
    }
    let said = match output.stderr.is_empty() {
        true => &output.stdout,
        false => &output.stderr,
    };
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    let last = lines.len().saturating_sub(MAX_LINES);
    Err(Box::new(Failure {
        notes: lines[last..]
            .iter()
            .map(|line| (*line).to_owned())
            .collect(),
        ..Failure::new(
            Exit::Failed,
            format!("{what}: {program} ended with {}", output.status),
        )
    }))
}

/// Returns the program's name without its directory.
fn program_of(command: &Command) -> String {
    let path = std::path::Path::new(command.get_program());
    let name = path.file_name().unwrap_or(command.get_program());
    name.to_string_lossy().into_owned()
}

fn cannot_run(program: &str, error: &std::io::Error, missing: &str) -> Box<Failure> {
    Box::new(Failure {
        help: Some(missing.to_owned()),
        ..Failure::new(Exit::Failed, format!("cannot run {program}: {error}"))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_has_the_last_lines_of_the_tool() {
        let script = "for i in $(seq 30); do echo line $i >&2; done; exit 3";
        let failure = quietly(shell(script), "x.js", "").unwrap_err();
        assert_eq!(failure.message, "x.js: sh ended with exit status: 3");
        assert_eq!(failure.notes.len(), MAX_LINES);
        assert_eq!(failure.notes[MAX_LINES - 1], "line 30");
        let failure = quietly(shell("echo why; exit 1"), "x.js", "").unwrap_err();
        assert_eq!(failure.notes, ["why"]);
        assert_eq!(
            quietly(shell("echo out"), "x", "").unwrap().stdout,
            b"out\n"
        );
    }

    #[test]
    fn a_missing_tool_comes_with_the_help() {
        let failure = quietly(Command::new("/no/such/tool"), "x", "install it").unwrap_err();
        assert!(
            failure.message.starts_with("cannot run tool: "),
            "{failure}"
        );
        assert_eq!(failure.help.as_deref(), Some("install it"));
    }
}
