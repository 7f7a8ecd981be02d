//! The options of the commands that speak to a running program.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warren::app::parse_duration;
use warren::introspection::{Query, Sort, State};

use super::client::Client;
use crate::diagnostics::Failure;
use crate::exit::Exit;

/// The environment variable for `--control`.
const VARIABLE: &str = "WARREN_CONTROL";

/// The option that names the running program.
#[derive(Debug, Args)]
pub(crate) struct ControlArgs {
    /// The program's socket, from `warren run --control SOCKET`
    ///
    /// The default is the environment variable WARREN_CONTROL.
    #[arg(long, value_name = "SOCKET")]
    control: Option<PathBuf>,
}

impl ControlArgs {
    /// Connects to the program.
    pub(crate) fn connect(&self) -> Result<Client, Box<Failure>> {
        let variable = || std::env::var_os(VARIABLE).filter(|path| !path.is_empty());
        match self
            .control
            .clone()
            .or_else(|| variable().map(PathBuf::from))
        {
            Some(path) => Client::connect(&path),
            None => Err(Box::new(Failure {
                help: Some(format!(
                    "give the SOCKET of `warren run --control SOCKET` by --control or in {VARIABLE}"
                )),
                ..Failure::new(Exit::Usage, "no control socket is given")
            })),
        }
    }
}

/// The options that select processes.
#[derive(Debug, Args)]
pub(crate) struct QueryArgs {
    /// Show only processes whose PID, definition or names contain this
    text: Option<String>,
    /// Sort by this key: the oldest process first (pid), else the largest
    #[arg(long, value_name = "BY",
          value_parser = word::<Sort>(&["pid", "load", "cpu", "memory", "messages", "oldest"]))]
    sort: Option<Sort>,
    /// Show only processes in this state
    #[arg(long, value_parser = word::<State>(&["running", "ready", "waiting", "blocked", "ending"]))]
    state: Option<State>,
    /// Show only processes in this host
    #[arg(long)]
    host: Option<String>,
}

impl QueryArgs {
    /// Returns the query, with a default sort key.
    pub(crate) fn query(&self, sort: Sort, limit: usize) -> Query {
        Query {
            sort: self.sort.unwrap_or(sort),
            text: self.text.clone(),
            host: self.host.clone(),
            state: self.state,
            limit,
            links: false,
        }
    }
}

/// The options of `warren ps`.
#[derive(Debug, Args)]
pub(crate) struct PsArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Show only the first COUNT processes; at most 10000
    #[arg(long, short = 'n', value_name = "COUNT", default_value_t = 10_000)]
    pub(crate) limit: usize,
    /// Show one process in full, by its PID or name
    #[arg(long, value_name = "PROCESS", conflicts_with_all = ["text", "state", "host", "limit"])]
    pub(crate) show: Option<String>,
    /// Print JSON
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// The options of `warren top`.
#[derive(Debug, Args)]
#[command(
    after_help = "Keys: q quits; up, down, page up, page down select; s sorts by the next column;\n\
                  / filters by PID, definition and names; t shows each process under its parent;\n\
                  l shows each process under one that it is linked to; Enter shows one process;\n\
                  Esc goes back.\n\n\
                  The screen is updated less often if there are very many processes: updates use\n\
                  at most a hundredth of one processor's time."
)]
pub(crate) struct TopArgs {
    #[command(flatten)]
    pub(crate) query: QueryArgs,
    /// Time between two updates, at least
    #[arg(long, value_name = "DURATION", default_value = "1s", value_parser = parse_duration)]
    pub(crate) interval: Duration,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// One process, or all of some hosts.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArgs {
    /// The process's PID or name
    pub(crate) process: Option<String>,
    /// All processes of this host instead; may be repeated
    ///
    /// The hosts refuse new processes until the last has ended, so processes that start
    /// their successors end, too. Services are started again as after any failure.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Vec<String>,
}

/// The options of `warren cancel`.
#[derive(Debug, Args)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Time after which a process is terminated if it has not ended
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) within: Duration,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// The options of `warren terminate`.
#[derive(Debug, Args)]
pub(crate) struct TerminateArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// The options of `warren send`.
#[derive(Debug, Args)]
pub(crate) struct SendArgs {
    /// The PID or name of the process
    pub(crate) process: String,
    /// The topic
    pub(crate) topic: String,
    /// The value to send, as JSON
    #[arg(default_value = "null", value_name = "JSON", value_parser = json)]
    pub(crate) value: Value,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}; a string has quotes: '\"text\"'"))
}

/// Returns a parser of the words that a type has in JSON.
fn word<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().copied())
        .try_map(|word| serde_json::from_value(Value::String(word)))
}
