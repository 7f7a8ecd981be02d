//! The command line of `warren policy`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

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
