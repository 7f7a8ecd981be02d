//! Running the tools of builds.

use std::fs::{File, TryLockError};
use std::io;
use std::process::{Command, Output, Stdio};

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stderr;

/// Lines of a tool's output that are shown if it fails.
const MAX_LINES: usize = 20;

/// Help for a tool that a signal has ended.
const KILLED: &str = "a signal ended the tool: the machine may lack memory, or a source may nest \
                      deeper than the tool reads";

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
pub(super) fn quietly(command: Command, what: &str, missing: &str) -> Result<Output, Box<Failure>> {
    output_of(command, Stdio::null(), what, missing, |_| true)
}

/// Runs a command that installs packages. The command holds the lock until it has ended, also
/// if this process ends first.
pub(super) fn installing(
    command: Command,
    lock: &File,
    what: &str,
    missing: &str,
) -> Result<(), Box<Failure>> {
    let held = lock.try_clone().map_or_else(|_| Stdio::null(), Stdio::from);
    let mut remedy = None;
    let output = output_of(command, held, what, missing, |line| {
        remedy = remedy.or_else(|| remedy_of(line));
        !is_of_installer(line)
    });
    output.map(drop).map_err(|mut failure| {
        failure.help = failure.help.take().or(remedy.map(str::to_owned));
        failure
    })
}

/// Locks a file during an installation. If another build holds the lock, says what this one
/// waits for.
pub(super) fn lock(file: &File, what: &str) -> io::Result<()> {
    match file.try_lock() {
        Ok(()) => Ok(()),
        Err(TryLockError::Error(error)) => Err(error),
        Err(TryLockError::WouldBlock) => {
            stderr::write(&format!(
                "waiting for another build, which is installing {what}\n"
            ));
            file.lock()
        }
    }
}

/// Runs a command and returns its output. The notes of the failure are the last lines that it
/// has said, of those that are wanted.
fn output_of(
    mut command: Command,
    stdin: Stdio,
    what: &str,
    missing: &str,
    mut is_wanted: impl FnMut(&str) -> bool,
) -> Result<Output, Box<Failure>> {
    let program = program_of(&command);
    let output = command
        .stdin(stdin)
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
        .filter(|line| !line.trim().is_empty() && is_wanted(line))
        .collect();
    let last = lines.len().saturating_sub(MAX_LINES);
    let is_killed = output.status.code().is_none();
    Err(Box::new(Failure {
        help: is_killed.then(|| KILLED.to_owned()),
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

/// Tells lines of npm and pip that help nobody: calls in their own code, the parts of an error
/// that its text has too, repeated attempts and news.
fn is_of_installer(line: &str) -> bool {
    if line.starts_with("npm notice") || line.starts_with("WARNING: Retrying") {
        return true;
    }
    let of_npm = ["npm error", "npm ERR!"];
    let Some(text) = of_npm.iter().find_map(|start| line.strip_prefix(start)) else {
        return false;
    };
    let is_part = text.starts_with("   ") && text.contains(": ");
    matches!(text.trim(), "" | "{" | "}") || text.trim_start().starts_with("at ") || is_part
}

/// Texts of npm and pip about a failure, with the remedy.
const REMEDIES: [(&[&str], &str); 5] = [
    (
        &[
            "ECONNREFUSED",
            "ECONNRESET",
            "ENOTFOUND",
            "ENETUNREACH",
            "ETIMEDOUT",
            "EAI_AGAIN",
            "NewConnectionError",
            "NameResolutionError",
            "ConnectTimeoutError",
            "ReadTimeoutError",
            "ProxyError",
            "SSLError",
        ],
        "check the network and the proxy; `npm config get registry` and `pip config list` name \
         the registries",
    ),
    (
        &[
            "EACCES",
            "EROFS",
            "Permission denied",
            "Read-only file system",
        ],
        "the packages are installed into this directory, which must be writable",
    ),
    (
        &["EINTEGRITY", "DO NOT MATCH THE HASHES"],
        "the registry has another file than the one with the hash that is written here; write \
         the hash anew only if you trust the registry",
    ),
    (
        &["EUSAGE"],
        "run `npm install` there, which brings package-lock.json up to date",
    ),
    (
        &["E404", "ETARGET", "No matching distribution found"],
        "the registry has no package of this name and version for this machine; `npm config get \
         registry` and `pip config list` name the registries",
    ),
];

/// Returns the remedy for what an installer says in a line.
fn remedy_of(line: &str) -> Option<&'static str> {
    let known = REMEDIES
        .iter()
        .find(|(texts, _)| texts.iter().any(|text| line.contains(text)));
    known.map(|(_, remedy)| *remedy)
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
        assert_eq!(failure.help, None);
        assert_eq!(
            quietly(shell("echo out"), "x", "").unwrap().stdout,
            b"out\n"
        );
    }

    #[test]
    fn a_tool_that_a_signal_has_ended_comes_with_a_help() {
        let failure = quietly(shell("kill -KILL $$"), "x.js", "").unwrap_err();
        assert!(failure.message.contains("signal: 9"), "{failure}");
        assert_eq!(failure.help.as_deref(), Some(KILLED));
    }

    #[test]
    fn an_installer_tells_the_fault_without_its_own_calls() {
        let said = "npm error code ECONNREFUSED\n\
                    npm error FetchError: request to http://x/ms failed\n\
                    npm error     at ClientRequest.<anonymous> (/x/index.js:130:14)\n\
                    npm error     at process.task (node:internal:83:21) {\n\
                    npm error   code: 'ECONNREFUSED',\n\
                    npm error }\n\
                    npm error\n\
                    npm notice New version of npm available\n\
                    npm error A complete log is in: /x/debug-0.log\n";
        let lock = tempfile::tempfile().unwrap();
        let run = |text: &str| {
            let mut command = shell("printf '%s' \"$0\" >&2; exit 1");
            command.arg(text);
            installing(command, &lock, "x", "").unwrap_err()
        };
        let failure = run(said);
        assert_eq!(
            failure.notes,
            [
                "npm error code ECONNREFUSED",
                "npm error FetchError: request to http://x/ms failed",
                "npm error A complete log is in: /x/debug-0.log",
            ]
        );
        let help = failure.help.unwrap();
        assert!(help.starts_with("check the network"), "{help}");
        let failure = run("WARNING: Retrying after 'NewConnectionError'\n\
                           ERROR: No matching distribution found for x==1\n");
        assert_eq!(
            failure.notes,
            ["ERROR: No matching distribution found for x==1"]
        );
        let help = failure.help.unwrap();
        assert!(help.starts_with("check the network"), "{help}");
        assert_eq!(run("ERROR: Invalid requirement: 'x = 1'\n").help, None);
    }

    #[test]
    fn an_installer_that_goes_on_holds_the_lock() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("lock");
        let file = File::create(&path).unwrap();
        lock(&file, "x").unwrap();
        let pid = directory.path().join("pid");
        let mut installer = shell("exec 3<&0; sleep 60 >/dev/null 2>&1 & echo $! >\"$0\"");
        installer.arg(&pid);
        installing(installer, &file, "x", "").unwrap();
        drop(file);
        let file = File::create(&path).unwrap();
        assert!(file.try_lock().is_err());
        let pid = std::fs::read_to_string(pid).unwrap();
        quietly(shell(&format!("kill {pid}")), "x", "").unwrap();
        lock(&file, "x").unwrap();
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
