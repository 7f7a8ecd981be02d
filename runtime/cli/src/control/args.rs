//! The options that several commands share to reach a running program and its
//! processes.

use std::path::PathBuf;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use serde::de::DeserializeOwned;
use serde_json::Value;
use warren::introspection::{Query, Sort, State};

use super::client::Client;
use crate::exit::Exit;
use crate::report::failure::Failure;

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
    /// Sort by this key: with `pid` the oldest process first, else the largest
    #[arg(long, value_name = "BY",
          value_parser = word::<Sort>(&["pid", "load", "cpu", "memory", "messages", "oldest"]))]
    sort: Option<Sort>,
    /// Show only processes in this state
    #[arg(long, value_parser = word::<State>(&["running", "ready", "waiting", "parked", "blocked", "ending"]))]
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
            frame: None,
            limit,
            links: false,
        }
    }
}

/// One process, or all of some hosts.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct TargetArgs {
    /// The process's PID, the number of its PID (such as 2a) or its name
    pub(crate) process: Option<String>,
    /// All processes of this host instead; may be repeated
    ///
    /// The hosts refuse new processes until the last has ended, so processes that start
    /// their successors end, too. Services are started again as after any failure. A host of
    /// this name that was removed and has processes left is meant, too.
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Vec<String>,
}

/// Returns a parser of the words that a type has in JSON.
fn word<T: DeserializeOwned + Clone + Send + Sync + 'static>(
    words: &'static [&'static str],
) -> impl TypedValueParser<Value = T> {
    PossibleValuesParser::new(words.iter().copied())
        .try_map(|word| serde_json::from_value(Value::String(word)))
}
