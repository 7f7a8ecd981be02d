//! One command of a chore: announced before it runs, named when it fails.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context, Result, bail};

use crate::tally::Tally;

/// A command together with its purpose and the remedy for its failure.
pub(crate) struct Step {
    title: String,
    remedy: &'static str,
    command: Command,
}

impl Step {
    /// Returns a step; `title` states the command's purpose, `remedy` what to
    /// do when it fails.
    pub(crate) fn new(title: impl Into<String>, remedy: &'static str, command: Command) -> Self {
        Self {
            title: title.into(),
            remedy,
            command,
        }
    }

    /// Runs the command on this terminal.
    ///
    /// # Errors
    /// It cannot be started, or does not end with status 0.
    pub(crate) fn run(mut self) -> Result<()> {
        let begun = self.announce();
        let line = line(&self.command);
        let status = self.command.stdin(Stdio::null()).status();
        let status = status.with_context(|| format!("cannot start `{line}`"))?;
        self.check(status, begun)
    }

    /// Runs the command like [`run`](Self::run), and adds its reported tests to
    /// `tally` while its output passes through.
    pub(crate) fn run_tests(mut self, tally: &mut Tally) -> Result<()> {
        let begun = self.announce();
        let line = line(&self.command);
        self.command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = self
            .command
            .spawn()
            .with_context(|| format!("cannot start `{line}`"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let (from_stdout, from_stderr) = thread::scope(|scope| {
            let errors = scope.spawn(|| stderr.map(|pipe| pass_through(pipe, std::io::stderr())));
            let output = stdout.map(|pipe| pass_through(pipe, std::io::stdout()));
            (output, errors.join().ok().flatten())
        });
        for counted in [from_stdout, from_stderr].into_iter().flatten() {
            *tally += counted?;
        }
        let status = child
            .wait()
            .with_context(|| format!("cannot wait for `{line}`"))?;
        self.check(status, begun)
    }

    fn announce(&self) -> Instant {
        eprintln!("==> {}: {}", self.title, line(&self.command));
        Instant::now()
    }

    fn check(&self, status: ExitStatus, begun: Instant) -> Result<()> {
        eprintln!("==> {}: {} s", self.title, begun.elapsed().as_secs());
        if !status.success() {
            bail!(
                "{}: `{}` ended with {status}; {}",
                self.title,
                line(&self.command),
                self.remedy
            );
        }
        Ok(())
    }
}

/// Returns a command's standard output.
///
/// # Errors
/// It cannot be started, does not end with status 0, or its output is not
/// UTF-8.
pub(crate) fn output(mut command: Command) -> Result<String> {
    let line = line(&command);
    let output = command.stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("cannot start `{line}`"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("`{line}` ended with {}: {}", output.status, said.trim());
    }
    String::from_utf8(output.stdout)
        .with_context(|| format!("`{line}` wrote text that is not UTF-8"))
}

/// Returns the command as one would type it.
fn line(command: &Command) -> String {
    let directory = command
        .get_current_dir()
        .map(|path| format!("cd {} && ", path.display()));
    let mut line = directory.unwrap_or_default() + &command.get_program().to_string_lossy();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

fn pass_through(from: impl Read, mut to: impl Write) -> Result<Tally> {
    let mut tally = Tally::default();
    let mut from = BufReader::new(from);
    let mut line = Vec::new();
    while from.read_until(b'\n', &mut line)? > 0 {
        to.write_all(&line)?;
        tally.read(&String::from_utf8_lossy(&line));
        line.clear();
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_failure_names_command_and_remedy() {
        let error = Step::new("trying", "try again", shell("exit 3"))
            .run()
            .unwrap_err()
            .to_string();
        assert!(error.contains("trying: `sh -c exit 3`"), "{error}");
        assert!(error.ends_with("exit status: 3; try again"), "{error}");
    }

    #[test]
    fn a_missing_command_is_named() {
        let error = Step::new("trying", "", Command::new("no-such-command"))
            .run()
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot start `no-such-command`");
    }

    #[test]
    fn the_output_of_a_command_is_read_or_its_failure_explained() {
        assert_eq!(output(shell("echo out; echo err >&2")).unwrap(), "out\n");
        let error = output(shell("echo why >&2; exit 3"))
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "`sh -c echo why >&2; exit 3` ended with exit status: 3: why"
        );
        let error = output(shell("printf '\\377'")).unwrap_err().to_string();
        assert!(error.ends_with("wrote text that is not UTF-8"), "{error}");
    }

    #[test]
    fn output_passes_through_and_is_counted() {
        let output = b"running 3 tests\ntest result: ok. 3 passed; 0 failed; 1 ignored;\nno end of line \xff";
        let mut seen = Vec::new();
        let tally = pass_through(&output[..], &mut seen).unwrap();
        assert_eq!(seen, output);
        assert_eq!((tally.passed, tally.ignored), (3, 1));
    }

    #[test]
    fn a_failing_suite_fails_although_its_tests_were_counted() {
        let mut tally = Tally::default();
        let error = Step::new("testing", "", shell("exit 1"))
            .run_tests(&mut tally)
            .unwrap_err();
        assert!(
            error.to_string().starts_with("testing: `sh -c exit 1`"),
            "{error}"
        );
    }
}
