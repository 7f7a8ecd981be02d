//! The command line.

mod policy;
mod run;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use warren::text;

#[cfg(unix)]
use crate::control::args::{CancelArgs, PsArgs, SendArgs, TerminateArgs, TopArgs};
use crate::logging;

pub(crate) use policy::{PolicyArgs, PolicyCheckArgs, PolicyCommand, PolicyWhyArgs};
pub(crate) use run::RunArgs;

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

impl Cli {
    /// Reads a command line.
    pub(crate) fn read(words: impl IntoIterator<Item = OsString>) -> Result<Cli, clap::Error> {
        let cli = Cli::try_parse_from(words).map_err(|error| escaped(with_run(error)))?;
        let Command::Run(run) = &cli.command else {
            return Ok(cli);
        };
        if run.args_json.is_some() && run.words().next().is_some() {
            let mut command = Cli::command();
            command.build();
            let reason = "give either --args-json or arguments after PATH, not both";
            return Err(match command.find_subcommand_mut("run") {
                Some(run) => run.error(ErrorKind::ArgumentConflict, reason),
                None => command.error(ErrorKind::ArgumentConflict, reason),
            });
        }
        Ok(cli)
    }
}

/// Adds a hint to `warren run` if a program stands in place of a command.
fn with_run(mut error: clap::Error) -> clap::Error {
    let program = match error.get(ContextKind::InvalidSubcommand) {
        Some(ContextValue::String(word)) if Path::new(word).exists() => word,
        _ => return error,
    };
    let run = format!("to run a program, use `warren run {program}`");
    let suggested = ContextValue::StyledStrs(vec![run.into()]);
    error.insert(ContextKind::Suggested, suggested);
    error
}

/// Escapes what the error quotes of the command line: a script may have been given it.
fn escaped(mut error: clap::Error) -> clap::Error {
    let quoted: Vec<_> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(word) => Some((kind, ContextValue::String(quoted_part(word)))),
            // Clap's suggestions repeat the word.
            ContextValue::StyledStrs(lines) => {
                let is_plain = |line: &&StyledStr| {
                    let line = line.to_string();
                    quoted_part(&line) == line
                };
                let plain = lines.iter().filter(is_plain).cloned().collect();
                Some((kind, ContextValue::StyledStrs(plain)))
            }
            _ => None,
        })
        .collect();
    for (kind, value) in quoted {
        error.insert(kind, value);
    }
    error
}

/// Bytes of a word that an error quotes.
const MAX_QUOTED: usize = 1_000;

/// The beginning of a word, escaped.
fn quoted_part(word: &str) -> String {
    match word.char_indices().find(|(at, _)| *at >= MAX_QUOTED) {
        Some((end, _)) => format!("{}...", text::line(&word[..end])),
        None => text::line(word).to_string(),
    }
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program until it ends
    Run(RunArgs),
    /// Create a new program in a new directory
    New(NewArgs),
    /// Build the Rust and C guests of a directory
    Build(BuildArgs),
    /// Compile all of a program and check its manifest, without running it
    Check(CheckArgs),
    /// Describe a WebAssembly file, and check that it can run as a process
    Inspect(InspectArgs),
    /// Check a program's policies, or explain a decision
    Policy(PolicyArgs),
    /// Check that this machine meets a program's needs
    Doctor(DoctorArgs),
    /// List the processes of a running program
    #[cfg(unix)]
    Ps(PsArgs),
    /// Watch the processes of a running program
    #[cfg(unix)]
    Top(TopArgs),
    /// Ask a process of a running program, or all of a host, to end
    #[cfg(unix)]
    Cancel(CancelArgs),
    /// End a process of a running program, or all of a host, at once
    #[cfg(unix)]
    Terminate(TerminateArgs),
    /// Send a message to a process of a running program
    #[cfg(unix)]
    Send(SendArgs),
    /// Print a shell's completions of this command
    Completions(CompletionsArgs),
    /// Write the man pages of this command
    Man(ManArgs),
}

/// The options of `warren new`.
#[derive(Debug, Args)]
pub(crate) struct NewArgs {
    /// The directory to create; its name becomes the program's
    pub(crate) path: PathBuf,
    /// The program's language
    #[arg(long, value_enum, default_value_t)]
    pub(crate) lang: Language,
}

/// A language of new programs.
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
                  Cargo.toml; a Makefile builds its first goal. Directories below are searched\n\
                  too, down to the first that is a package or has a Makefile.\n\n\
                  WARREN_CARGO names another cargo, CC and WASI_SDK another C compiler."
)]
pub(crate) struct BuildArgs {
    /// The directory to build
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The target of Rust guests
    #[arg(long, default_value = "wasm32-unknown-unknown", value_parser = ["wasm32-unknown-unknown", "wasm32-wasip1"])]
    pub(crate) target: String,
    /// The directory of cargo's build outputs
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

/// The options of the log.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Records to log: a level, or a list of TARGET=LEVEL
    ///
    /// The default is the environment variable WARREN_LOG.
    #[arg(long, global = true, value_name = "LEVEL|FILTER", help_heading = "Log")]
    pub(crate) log: Option<String>,
    /// The format of log lines
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
    after_help = "Exit status: 0; 1 if the machine cannot meet a need of the program's manifest; 2\n\
                  for a wrong command line or manifest, or no such program."
)]
pub(crate) struct DoctorArgs {
    /// The program (a file or a directory); by default, a program without a
    /// manifest
    pub(crate) path: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// The options of `warren completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "For the shell that runs:  source <(warren completions bash)\n\
                  For all later ones, the shell reads the text from a file:\n\
                  bash  ~/.local/share/bash-completion/completions/warren\n\
                  zsh   _warren, in a directory of $fpath\n\
                  fish  ~/.config/fish/completions/warren.fish"
)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// The options of `warren man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// The directory to write warren.1, warren-run.1 and so on into; made if
    /// absent
    pub(crate) dir: PathBuf,
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use warren::app::EnvGrant;

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
    fn a_program_in_place_of_a_command_is_told_how_to_run() {
        let message = |word: &str| {
            let words = ["warren", word].map(OsString::from);
            Cli::read(words).unwrap_err().to_string()
        };
        // The tests run in the directory of this package.
        assert!(message("src").contains("use `warren run src`"));
        assert!(!message("no-such-directory").contains("warren run"));
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
    fn a_wrong_command_line_is_a_usage_error() {
        for (line, expected) in [
            (&["run"][..], "PATH"),
            (&["run", "--bogus", "x.lua"], "--bogus"),
            (
                &["run", "--grace", "5", "x.lua"],
                "a unit is missing after `5`",
            ),
            (
                &["run", "--args-json", "[]", "x.lua", "y"],
                "give either --args-json",
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
