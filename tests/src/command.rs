//! The command line.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::layout;
use crate::outcome::Outcome;
use crate::session::Session;

/// `warren SUBCOMMAND OPTIONS PATH ARGUMENTS`, not started yet.
#[derive(Debug)]
pub struct Warren {
    command: Command,
    subcommand: &'static str,
    options: Vec<OsString>,
    path: OsString,
    arguments: Vec<OsString>,
}

impl Warren {
    /// Runs the program at this path, in the project's directory.
    pub fn run(path: impl AsRef<OsStr>) -> Warren {
        Warren::tool("run", path)
    }

    /// Runs another subcommand on this path, in the project's directory.
    pub fn tool(subcommand: &'static str, path: impl AsRef<OsStr>) -> Warren {
        let mut command = Command::new(layout::binary());
        command
            .current_dir(layout::project())
            .env("XDG_CACHE_HOME", layout::cache())
            .env_remove("WARREN_LOG")
            .stdin(Stdio::null());
        Warren {
            command,
            subcommand,
            options: Vec::new(),
            path: path.as_ref().to_owned(),
            arguments: Vec::new(),
        }
    }

    /// Runs it in this directory.
    pub fn current_dir(mut self, directory: &Path) -> Warren {
        self.command.current_dir(directory);
        self
    }

    /// Keeps compiled code in this directory instead of the shared one.
    pub fn cache(mut self, directory: &Path) -> Warren {
        self.command.env("XDG_CACHE_HOME", directory);
        self
    }

    /// Sets a variable of its environment.
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Warren {
        self.command.env(name, value);
        self
    }

    /// Limits the address space (`ulimit -v`). Call before the methods that set
    /// its input.
    pub fn address_space(mut self, bytes: u64) -> Warren {
        let kib = (bytes / 1024).to_string();
        self.through_shell(r#"ulimit -v "$0" && exec "$@""#, kib.as_ref());
        self
    }

    /// Lets it open this many files (`ulimit -n`), which the hard limit has to allow. Call before
    /// the methods that set its input.
    pub fn open_files(mut self, count: u64) -> Warren {
        let count = count.to_string();
        self.through_shell(r#"ulimit -S -n "$0" && exec "$@""#, count.as_ref());
        self
    }

    /// Redirects standard error to an existing named pipe that nobody reads.
    pub fn unread_stderr(mut self, pipe: &Path) -> Warren {
        // Opened for reading too, so that the open does not wait.
        self.through_shell(r#"exec "$@" 2<>"$0""#, pipe.as_os_str());
        self
    }

    /// Runs it on two cores, if it may run on more.
    pub fn on_two_cores(mut self) -> Warren {
        let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
        let allowed = status
            .lines()
            .find_map(|line| line.strip_prefix("Cpus_allowed_list:"));
        let cores = cores_in(allowed.unwrap_or_default());
        if let [one, other, _, ..] = cores[..] {
            let list = format!("{one},{other}");
            self.through_shell(r#"exec taskset --cpu-list "$0" "$@""#, list.as_ref());
        }
        self
    }

    /// Makes a shell start the command, which is `"$@"` there.
    fn through_shell(&mut self, script: &str, argument: &OsStr) {
        let mut shell = Command::new("sh");
        shell
            .args(["-c", script])
            .arg(argument)
            .arg(self.command.get_program())
            .args(self.command.get_args())
            .stdin(Stdio::null());
        if let Some(directory) = self.command.get_current_dir() {
            shell.current_dir(directory);
        }
        for (name, value) in self.command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        self.command = shell;
    }

    /// Adds options of the command.
    pub fn options<S: AsRef<OsStr>>(mut self, options: impl IntoIterator<Item = S>) -> Warren {
        let options = options.into_iter();
        self.options
            .extend(options.map(|word| word.as_ref().to_owned()));
        self
    }

    /// Adds arguments of the program.
    pub fn arguments<S: AsRef<OsStr>>(mut self, arguments: impl IntoIterator<Item = S>) -> Warren {
        let arguments = arguments.into_iter();
        self.arguments
            .extend(arguments.map(|word| word.as_ref().to_owned()));
        self
    }

    /// Sets standard input, which is empty by default.
    pub fn stdin(mut self, file: File) -> Warren {
        self.command.stdin(file);
        self
    }

    /// Starts the command.
    #[track_caller]
    pub fn start(self) -> Session {
        Session::start(self.into_command())
    }

    /// Returns the command itself, for a test that talks to it byte by byte.
    pub fn into_command(mut self) -> Command {
        self.command
            .arg(self.subcommand)
            .args(self.options)
            .arg(self.path)
            .args(self.arguments);
        self.command
    }

    /// Runs the command to its end.
    #[track_caller]
    pub fn outcome(self) -> Outcome {
        self.start().end()
    }
}

/// Returns the numbers in a list such as `0-2,8`.
fn cores_in(list: &str) -> Vec<u32> {
    let ranges = list.trim().split(',').filter_map(|range| {
        let (first, last) = range.split_once('-').unwrap_or((range, range));
        Some(first.parse::<u32>().ok()?..=last.parse().ok()?)
    });
    ranges.flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cores_are_listed() {
        assert_eq!(cores_in("\t0-2,8\n"), [0, 1, 2, 8]);
        assert_eq!(cores_in("3"), [3]);
        assert!(cores_in("").is_empty());
    }
}
