//! `warren send`: sends a message to a process of a running program.

use clap::Args;
use serde_json::Value;

use crate::control::Request;
use crate::control::args::ControlArgs;
use crate::exit::Exit;
use crate::report::failure::Failure;

/// The options of `warren send`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached, or refuses the request; 2 \
                  for a wrong command line."
)]
pub(crate) struct SendArgs {
    /// The process's PID, the number of its PID (such as 2a) or its name
    pub(crate) process: String,
    /// The topic
    pub(crate) topic: String,
    /// The value to send, as JSON
    #[arg(default_value = "null", value_name = "JSON", value_parser = json)]
    pub(crate) value: Value,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Sends a message.
pub(crate) fn send(args: &SendArgs) -> Result<Exit, Box<Failure>> {
    args.control.connect()?.demand::<()>(&Request::Send {
        process: args.process.clone(),
        topic: args.topic.clone(),
        value: args.value.clone(),
    })?;
    Ok(Exit::Success)
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error}; a string has quotes: '\"text\"'"))
}
