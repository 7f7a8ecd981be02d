//! The command line of `warren policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// The options of `warren policy`.
#[derive(Debug, Args)]
pub(crate) struct PolicyArgs {
    #[command(subcommand)]
    pub(crate) command: PolicyCommand,
}

/// A subcommand of `warren policy`.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// Check all policies, and the manifest that names them
    Check(PolicyCheckArgs),
    /// Explain a decision: its result, and the policies that made it
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
    after_help = "Exit status: 0 if the action is allowed, 1 if not; 2 for a wrong command\n\
                        line, manifest or policy."
)]
pub(crate) struct PolicyWhyArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// The actor of the asking process; by default none
    #[arg(long, value_name = "ID")]
    pub(crate) actor: Option<String>,
    /// Data about the actor
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value, requires = "actor")]
    pub(crate) meta: Vec<(String, String)>,
    /// The scope of the asking process, by its name in the manifest
    #[arg(long, value_name = "NAME")]
    pub(crate) scope: Option<String>,
    /// A context value of the asking process
    #[arg(long, value_name = "KEY=VALUE", value_parser = key_and_value)]
    pub(crate) context: Vec<(String, String)>,
    /// The definition of the asking process; by default the program's first
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) definition: Option<String>,
    /// The host of the asking process; by default the first definition's
    #[arg(long, value_name = "HOST")]
    pub(crate) host: Option<String>,
    /// The action, such as process.send
    #[arg(long)]
    pub(crate) action: String,
    /// The resource: a definition, host, name or PID, depending on the action
    #[arg(long)]
    pub(crate) resource: String,
    /// The definition of the target process
    #[arg(long, value_name = "DEFINITION")]
    pub(crate) target_definition: Option<String>,
    /// The host of the target process
    #[arg(long, value_name = "HOST")]
    pub(crate) target_host: Option<String>,
    /// A name of the target process
    #[arg(long, value_name = "NAME")]
    pub(crate) target_name: Vec<String>,
    /// An attribute, as for security.can
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
