//! The command line.

use std::ffi::OsString;
use std::path::Path;

use clap::builder::StyledStr;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};
use warren::text;

use crate::commands::Command;
use crate::report::log::LogArgs;

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
        let Some(run) = cli.command.as_run() else {
            return Ok(cli);
        };
        if run.args_json.is_some() && run.words().next().is_some() {
            let mut command = Cli::command();
            command.build();
            let reason = "give either --args-json or arguments after PATH, not both";
            let name = match cli.command {
                Command::Serve(_) => "serve",
                _ => "run",
            };
            return Err(match command.find_subcommand_mut(name) {
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

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use warren::app::EnvGrant;

    use super::*;
    use crate::commands::run::{Code, RunArgs};
    use crate::report::log::Format;

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
        assert_eq!(run.grants.read, [PathBuf::from("data")]);
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
            run.grants.env,
            [env("A", None), env("B", Some("1=2")), env("C", Some(""))]
        );
        assert_eq!(run.grace, Duration::from_millis(250));
        assert_eq!(run.grants.write, [PathBuf::from("o")]);
        assert_eq!(
            (log.log.as_deref(), log.log_format),
            (Some("debug"), Format::Json)
        );
        assert!(words(&run).is_empty());
    }

    #[test]
    fn a_program_without_a_path_is_that_of_the_directory() {
        let (run, _) = read(&["run"]).unwrap();
        assert_eq!((run.path(), run.code()), (Path::new("."), None));
        let (run, _) = read(&["run", "-", "a", "-e"]).unwrap();
        assert_eq!(
            (run.path(), run.code()),
            (Path::new("."), Some(Code::Stdin))
        );
        assert_eq!(words(&run), ["a", "-e"]);
        let (run, _) = read(&["run", "-e", "-- nothing"]).unwrap();
        assert_eq!(run.code(), Some(Code::Text("-- nothing")));
        let (run, _) = read(&["run", "-e", "print(1)", "a", "--read", "x"]).unwrap();
        let code = Some(Code::Text("print(1)"));
        assert_eq!((run.path(), run.code()), (Path::new("."), code));
        assert_eq!(words(&run), ["a", "--read", "x"]);
    }

    #[test]
    fn a_program_is_served_with_the_options_of_run() {
        let line = [
            "warren",
            "serve",
            "--listen",
            "app:web=:80",
            "x.lua",
            "--listen",
        ];
        let cli = Cli::read(line.map(OsString::from)).unwrap();
        let run = cli.command.as_run().unwrap();
        assert_eq!(run.listen[0].address.port(), 80);
        assert_eq!(words(run), ["--listen"]);
        assert!(matches!(cli.command, Command::Serve(_)));
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
            (&["run", "-e"][..], "CODE"),
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
            (&["run", "--listen", "here", "x.lua"], "--listen"),
            (
                &["serve", "--args-json", "[]", "x.lua", "y"],
                "warren serve",
            ),
            (&["rnu", "x.lua"], "rnu"),
            (&["doctor", "a", "b"], "'b'"),
            (&["data", "backup", "a"], "COPIES"),
        ] {
            let error = read(line).unwrap_err();
            assert_eq!(error.exit_code(), 2, "{line:?}");
            assert!(error.to_string().contains(expected), "{line:?}: {error}");
        }
    }
}
