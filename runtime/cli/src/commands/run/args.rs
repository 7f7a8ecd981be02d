//! The command line of `warren run`.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use warren::app::{DurationError, Listen, MEMORY_OF_ALL, parse_duration, parse_size};
use warren::cluster::NodeName;

use crate::commands::grants::GrantArgs;

/// The options of `warren run`.
#[derive(Debug, Args)]
#[command(
    override_usage = "warren run [OPTIONS] [PATH] [ARGS]...\n       \
                      warren run [OPTIONS] -e <CODE> [ARGS]...",
    after_help = "Exit status: 0; 1 if the program failed; 2 for a wrong command line or \
                  manifest, or no such program; 3 if every process waits for ever; 130 after \
                  Ctrl-C, 143 after SIGTERM; 141 if the reader of standard output is gone; or \
                  the status that the program gives to os.exit."
)]
pub(crate) struct RunArgs {
    /// The program (a .lua, .wasm or .wat file, or a directory), and its arguments
    ///
    /// Everything after PATH belongs to the program, options included. Without PATH it is the
    /// program of the current directory. With `-`, the first process runs Lua from standard
    /// input, in the program of the current directory.
    // One list: clap does not parse anything after its first element.
    #[arg(num_args = 0.., trailing_var_arg = true, value_names = ["PATH", "ARGS"])]
    program: Vec<OsString>,
    /// Run this Lua code as the first process, in the program of the current directory
    ///
    /// The code has the modules and definitions of that program, and the grants of the command
    /// line. All words after CODE are its arguments.
    #[arg(
        short = 'e',
        long = "eval",
        value_name = "CODE",
        allow_hyphen_values = true
    )]
    eval: Option<String>,
    /// Typed arguments for the program, instead of ARGS: a JSON array
    #[arg(long, value_name = "JSON")]
    pub(crate) args_json: Option<String>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Serve HTTP at this address, such as 127.0.0.1:8080
    ///
    /// It takes the place of the address of the manifest's listener ID, or of its only one.
    /// A listener that the manifest does not have hands all requests to the definition `web`.
    #[arg(long, value_name = "[ID=]ADDRESS", value_parser = parse_listen)]
    pub(crate) listen: Vec<Listen>,
    /// Keep the program's data in this directory
    ///
    /// Durable stores and queues and the files of databases lie in it. Without the option they
    /// end with the program. One program uses a directory at a time.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Run as a node of a cluster, over this server of NATS
    ///
    /// Such as nats://127.0.0.1:4222. Needs `--node`, or `node` in `[cluster]` of the manifest.
    #[arg(long, value_name = "URL")]
    pub(crate) cluster: Option<String>,
    /// The name of this node in the cluster: 1 to 63 of `a` to `z`, `0` to `9` and `-`
    #[arg(long, value_name = "NAME", value_parser = parse_node)]
    pub(crate) node: Option<NodeName>,
    /// The file of the credentials for the server of NATS
    #[arg(long, value_name = "FILE")]
    pub(crate) cluster_credentials: Option<PathBuf>,
    /// Trust every client of a server of NATS that is not on this machine
    ///
    /// Otherwise, a node without credentials uses only a server at a loopback address.
    #[arg(long)]
    pub(crate) cluster_insecure: bool,
    /// Limit the memory of all processes together, for example to `8GiB`
    ///
    /// Beyond the limit, growth of memory, spawns and messages are refused. The
    /// default is `max_memory_total` of the manifest, else the memory of the machine
    /// or its control group, less a reserve.
    #[arg(long, value_name = "SIZE", value_parser = parse_total)]
    pub(crate) max_memory_total: Option<u64>,
    /// Park processes that have waited for this time: `1s`, `0`, or `off`
    ///
    /// A parked process gives its slot to others, and its memory is kept compressed. The
    /// default is `park_after` of the manifest, else 1s.
    #[arg(long, value_name = "DURATION", value_parser = parse_park_after)]
    pub(crate) park_after: Option<ParkAfter>,
    /// Deny all processes every action that no policy permits
    #[arg(long)]
    pub(crate) strict: bool,
    /// Log denials and grants to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Log each message and its cause
    ///
    /// Log lines of processes then name their chain of messages.
    #[arg(long)]
    pub(crate) trace_messages: bool,
    /// Do not warn of likely mistakes
    ///
    /// Warnings tell of errors that nobody looks at, of numbers in another unit than was
    /// meant, and of messages that nobody has read. A comment `-- lint: off` silences one
    /// line.
    #[arg(long)]
    pub(crate) lint_off: bool,
    /// Let time jump to the next deadline when every process waits, as in tests
    #[arg(long, hide = true)]
    pub(crate) virtual_time: bool,
    /// Go on when every process waits for ever
    ///
    /// Without the option, a program ends with status 3 once all its processes wait for a
    /// message that none of them can send. With `--watch` a warning says so instead, and the
    /// program goes on. A program with services or `--control`, and a node of a cluster, always
    /// go on.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Take changed files of code while the program runs
    ///
    /// New processes, upgrades and restarts then run the files as they are. If a file does
    /// not compile, the error is shown and the old code stays.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Time that processes have to end when they are asked to
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) grace: Duration,
    /// Let `warren ps`, `top`, `attach`, `send` and other commands reach the program at this
    /// socket
    ///
    /// The others are `metrics`, `cancel`, `terminate`, `reload`, `apply` and `cluster`. Only the
    /// user who runs the program can use the socket. It is removed at the program's end.
    #[cfg(unix)]
    #[arg(long, value_name = "SOCKET")]
    pub(crate) control: Option<PathBuf>,
}

/// The place of code that is in no file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code<'a> {
    /// The command line.
    Text(&'a str),
    /// Standard input.
    Stdin,
}

/// Reads the value of `--listen`.
fn parse_listen(text: &str) -> Result<Listen, String> {
    Listen::parse(text).map_err(|error| error.to_string())
}

/// Reads the value of `--node`.
fn parse_node(text: &str) -> Result<NodeName, String> {
    text.parse().map_err(|error: warren::Error| error.message)
}

/// The value of `--park-after`; `None` for `off`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ParkAfter(pub(crate) Option<Duration>);

fn parse_park_after(text: &str) -> Result<ParkAfter, DurationError> {
    match text {
        "off" => Ok(ParkAfter(None)),
        _ => parse_duration(text).map(|time| ParkAfter(Some(time))),
    }
}

/// Reads the value of `--max-memory-total`.
fn parse_total(text: &str) -> Result<u64, String> {
    let size = parse_size(text).map_err(|error| error.to_string())?;
    if MEMORY_OF_ALL.contains(&size) {
        Ok(size)
    } else {
        Err("expected 1 MiB to 128 TiB".to_owned())
    }
}

impl RunArgs {
    /// Returns true if the program can be reached at a control socket.
    pub(crate) fn is_controlled(&self) -> bool {
        #[cfg(unix)]
        let is_controlled = self.control.is_some();
        #[cfg(not(unix))]
        let is_controlled = false;
        is_controlled
    }

    /// Returns the program's path.
    pub(crate) fn path(&self) -> &Path {
        match self.program.first() {
            Some(path) if self.code().is_none() => Path::new(path),
            _ => Path::new("."),
        }
    }

    /// Returns the place of the first process's code, if no file of the program has it.
    pub(crate) fn code(&self) -> Option<Code<'_>> {
        match (&self.eval, self.program.first()) {
            (Some(code), _) => Some(Code::Text(code)),
            (None, Some(path)) if path == "-" => Some(Code::Stdin),
            _ => None,
        }
    }

    /// Returns the program's arguments, as written on the command line.
    pub(crate) fn words(&self) -> impl Iterator<Item = &OsStr> {
        let own = usize::from(self.eval.is_none());
        self.program.iter().skip(own).map(OsString::as_os_str)
    }
}
