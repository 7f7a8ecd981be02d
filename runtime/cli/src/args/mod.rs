//! The command line.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::builder::NonEmptyStringValueParser;
use clap::error::ErrorKind;
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use warren::app::{EnvGrant, parse_duration};

#[cfg(unix)]
use crate::control::args::{CancelArgs, PsArgs, SendArgs, TerminateArgs, TopArgs};
use crate::logging;

/// Runs programs of many small processes, each a WebAssembly instance of its
/// own.
#[derive(Debug, Parser)]
#[command(name = "warren", version)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) log: LogArgs,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program until it ends
    Run(RunArgs),
    /// Begin a program in a directory of its own
    New(NewArgs),
    /// Build a directory's guests that are written in Rust or C
    Build(BuildArgs),
    /// Compile all of a program and check its manifest, without running it
    Check(CheckArgs),
    /// Say what a WebAssembly file is and whether it can run as a process
    Inspect(InspectArgs),
    /// Check a program's policies, or explain what they decide
    Policy(PolicyArgs),
    /// Check whether this machine allows what a program asks for
    Doctor(DoctorArgs),
    /// List the processes of a running program
    #[cfg(unix)]
    Ps(PsArgs),
    /// Watch the processes of a running program
    #[cfg(unix)]
    Top(TopArgs),
    /// Ask a process of a running program to end
    #[cfg(unix)]
    Cancel(CancelArgs),
    /// End a process of a running program at once
    #[cfg(unix)]
    Terminate(TerminateArgs),
    /// Send a message to a process of a running program
    #[cfg(unix)]
    Send(SendArgs),
}

/// The options of `warren new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The directory to make; its name is the program's
    pub(crate) path: PathBuf,
    /// The language to write it in
    #[arg(long, value_enum, default_value_t)]
    pub(crate) lang: Language,
}

/// A language that `warren new` begins programs in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Language {
    /// Lua, which needs no build.
    #[default]
    Lua,
    /// Rust.
    Rust,
    /// C.
    C,
}

/// The options of `warren build`.
#[derive(Debug, Args)]
#[command(
    after_help = "A Cargo package becomes one .wasm file for each of its binaries, beside its\n\
                  Cargo.toml; a Makefile does what its first goal says. Directories below are\n\
                  searched too, up to the first that is a package or has a Makefile.\n\n\
                  WARREN_CARGO names another cargo, CC and WASI_SDK another C compiler."
)]
pub(crate) struct BuildArgs {
    /// The directory
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// What Rust guests are compiled for
    #[arg(long, default_value = "wasm32-unknown-unknown", value_parser = ["wasm32-unknown-unknown", "wasm32-wasip1"])]
    pub(crate) target: String,
    /// Where cargo keeps what it makes
    #[arg(long, value_name = "DIR")]
    pub(crate) target_dir: Option<PathBuf>,
}

/// The options of `warren check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// The options of `warren inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// The file, .wasm or .wat
    pub(crate) path: PathBuf,
}

/// The options of `warren policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check all policies, and the manifest that names them
    Check(PolicyCheckArgs),
    /// Say what the policies decide, and which of them does
    Why(Box<PolicyWhyArgs>),
}

/// The options of `warren policy check`.
#[derive(Debug, Args)]
pub(crate) struct PolicyCheckArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// The options of `warren policy why`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0 where it is allowed, 1 where it is not; 2 for a wrong command\n\
                        line, manifest or policy."
)]
pub(crate) struct PolicyWhyArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// On whose behalf; without one, a process without an actor
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// What is known of the actor
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value, requires = "actor")]
    pub(crate) meta: Vec<(String, String)>,
    /// Under which scope of the manifest
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,
    /// A context value of the process that asks
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,
    /// What the process that asks runs; what is started first, without it
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) definition: Option<String>,
    /// The host the process that asks lives in; that of what is started first
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The action, such as process.send
    #[arg(long)]
    pub(crate) action: String,
    /// What it is done to: a definition, host, name or PID, as the action says
    #[arg(long)]
    pub(crate) resource: String,
    /// What the process that it is done to runs
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) target_definition: Option<String>,
    /// The host that process lives in
    #[arg(long, value_name = "HOST")]
    pub(crate) target_host: Option<String>,
    /// A name of that process
    #[arg(long, value_name = "NAME")]
    pub(crate) target_name: Vec<String>,
    /// An attribute, as a program gives them to security.can
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) attribute: Vec<(String, String)>,
    /// Judge as `warren run --strict` does
    #[arg(long)]
    pub(crate) strict: bool,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

fn key_and_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("expected KEY=VALUE".to_owned()),
    }
}

/// What is logged, and how.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// What to log: a level, or a list of TARGET=LEVEL
    ///
    /// The environment variable WARREN_LOG stands in where this is absent.
    #[arg(long, global = true, value_name = "LEVEL|FILTER", help_heading = "Log")]
    pub(crate) log: Option<String>,
    /// How log lines look
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Log"
    )]
    pub(crate) log_format: logging::Format,
}

/// The options of `warren doctor`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 when something that the program's manifest asks for cannot be\n\
                  had; 2 for a wrong command line or manifest, or no such program."
)]
pub(crate) struct DoctorArgs {
    /// The program (a file or a directory); without one, what a program without
    /// manifest gets
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `warren run`.
#[derive(Debug, Args)]
#[command(
    override_usage = "warren run [OPTIONS] <PATH> [ARGS]...",
    after_help = "Exit status: 0; 1 when the program failed; 2 for a wrong command line or\n\
                  manifest, or no such program; 130 after Ctrl-C, 143 after SIGTERM; or what\n\
                  the program gives to os.exit."
)]
pub(crate) struct RunArgs {
    /// The program (a .lua, .wasm or .wat file, or a directory), and its arguments
    ///
    /// All that follows PATH belongs to the program, also what begins with `-`.
    // One list, because that is how clap leaves all after its first element alone.
    #[arg(required = true, num_args = 1.., trailing_var_arg = true, value_names = ["PATH", "ARGS"])]
    program: Vec<OsString>,
    /// Typed arguments for the program, instead of ARGS: a JSON array
    #[arg(long, value_name = "JSON")]
    pub(crate) args_json: Option<String>,
    /// Let the program read this file or directory
    #[arg(long, value_name = "PATH")]
    pub(crate) read: Vec<PathBuf>,
    /// Let the program read and change this file or directory
    ///
    /// A file that is not there yet may be created.
    #[arg(long, value_name = "PATH")]
    pub(crate) write: Vec<PathBuf>,
    /// Let the program see this environment variable
    #[arg(long, value_name = "NAME[=VALUE]", value_parser = EnvGrantParser)]
    pub(crate) env: Vec<EnvGrant>,
    /// Deny what no policy allows, to every process
    #[arg(long)]
    pub(crate) strict: bool,
    /// Write what is denied and granted to this file, one JSON object a line
    #[arg(long, value_name = "FILE")]
    pub(crate) audit: Option<PathBuf>,
    /// Log each message, and which message caused it
    ///
    /// Log lines of processes then say which chain of messages they belong to.
    #[arg(long)]
    pub(crate) trace_messages: bool,
    /// How long processes may go on after they were asked to end
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) grace: Duration,
    /// Let `warren ps`, `top`, `cancel`, `terminate` and `send` reach the program
    /// at this socket
    ///
    /// The socket is made for the user who runs the program, and removed when
    /// it ends.
    #[cfg(unix)]
    #[arg(long, value_name = "SOCKET")]
    pub(crate) control: Option<PathBuf>,
}

impl RunArgs {
    /// The program.
    pub(crate) fn path(&self) -> &Path {
        self.program.first().map_or(Path::new(""), Path::new)
    }

    /// Its arguments, as they stand on the command line.
    pub(crate) fn words(&self) -> impl Iterator<Item = &OsStr> {
        self.program.iter().skip(1).map(OsString::as_os_str)
    }
}

impl Cli {
    /// Reads a command line.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let cli = Cli::try_parse_from(words)?;
        let Command::Run(run) = &cli.command else {
            return Ok(cli);
        };
        if run.args_json.is_some() && run.words().next().is_some() {
            let mut command = Cli::command();
            command.build();
            let reason = "--args-json stands instead of arguments after PATH; give one of the two";
            return Err(match command.find_subcommand_mut("run") {
                Some(run) => run.error(ErrorKind::ArgumentConflict, reason),
                None => command.error(ErrorKind::ArgumentConflict, reason),
            });
        }
        Ok(cli)
    }
}

/// `NAME`, or `NAME=VALUE`.
#[derive(Clone)]
struct EnvGrantParser;

impl clap::builder::TypedValueParser for EnvGrantParser {
    type Value = EnvGrant;

    fn parse_ref(
        &self,
        command: &clap::Command,
        arg: Option<&clap::Arg>,
        value: &OsStr,
    ) -> Result<EnvGrant, clap::Error> {
        let text = NonEmptyStringValueParser::new().parse_ref(command, arg, value)?;
        Ok(match text.split_once('=') {
            Some((name, value)) => EnvGrant {
                name: name.to_owned(),
                value: Some(value.to_owned()),
            },
            None => EnvGrant {
                name: text,
                value: None,
            },
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<(RunArgs, LogArgs), clap::Error> {
        let words = std::iter::once("warren").chain(words.iter().copied());
        let cli = Cli::read(words.map(OsString::from))?;
        match cli.command {
            Command::Run(run) => Ok((run, cli.log)),
            other => panic!("not `run`: {other:?}"),
        }
    }

    fn words(run: &RunArgs) -> Vec<&str> {
        run.words().map(|word| word.to_str().unwrap()).collect()
    }

    #[test]
    fn the_command_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn all_after_the_path_belongs_to_the_program() {
        let (run, log) = read(&[
            "run",
            "--read",
            "data",
            "word-count",
            "--read",
            "x",
            "-v",
            "--",
            "--help",
            "--log",
            "trace",
        ])
        .unwrap();
        assert_eq!(run.path(), Path::new("word-count"));
        assert_eq!(
            words(&run),
            ["--read", "x", "-v", "--", "--help", "--log", "trace"]
        );
        assert_eq!(run.read, [PathBuf::from("data")]);
        assert_eq!(log.log, None);
    }

    #[test]
    fn options_before_the_path() {
        let (run, log) = read(&[
            "run",
            "--env",
            "A",
            "--env",
            "B=1=2",
            "--env",
            "C=",
            "--grace",
            "250ms",
            "--write",
            "o",
            "--log",
            "debug",
            "--log-format",
            "json",
            "x.lua",
        ])
        .unwrap();
        let env = |name: &str, value: Option<&str>| EnvGrant {
            name: name.into(),
            value: value.map(str::to_owned),
        };
        assert_eq!(
            run.env,
            [env("A", None), env("B", Some("1=2")), env("C", Some(""))]
        );
        assert_eq!(run.grace, Duration::from_millis(250));
        assert_eq!(run.write, [PathBuf::from("o")]);
        assert_eq!(
            (log.log.as_deref(), log.log_format),
            (Some("debug"), logging::Format::Json)
        );
        assert!(words(&run).is_empty());
    }

    #[test]
    fn the_default_grace_is_five_seconds() {
        assert_eq!(
            read(&["run", "x.lua"]).unwrap().0.grace,
            Duration::from_secs(5)
        );
    }

    #[test]
    fn what_is_wrong_is_a_usage_error() {
        for (line, expected) in [
            (&["run"][..], "PATH"),
            (&["run", "--bogus", "x.lua"], "--bogus"),
            (
                &["run", "--grace", "5", "x.lua"],
                "a unit is missing after `5`",
            ),
            (
                &["run", "--args-json", "[]", "x.lua", "y"],
                "--args-json stands instead",
            ),
            (&["run", "--log-format", "xml", "x.lua"], "xml"),
            (&["run", "--env", "", "x.lua"], "--env"),
            (&["rnu", "x.lua"], "rnu"),
            (&["doctor", "a", "b"], "'b'"),
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
            assert!(error.to_string().contains(expected), "{line:?}: {error}");
        }
    }
}
