//! `warren cluster`: the cluster, as a running node of it sees it.

use clap::{Args, Subcommand};
use warren::cluster::OtherNode;
use warren::introspection::GroupInfo;

use crate::control::args::ControlArgs;
use crate::control::{Request, told};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::{processes, stdout};

/// The subcommands of `warren cluster`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// List the other nodes that are up
    Nodes(SeenArgs),
    /// List the groups and the numbers of their members
    Groups(SeenArgs),
}

/// The options of each subcommand.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached or is no node; 2 for a wrong\n\
                  command line; 141 if the reader of standard output is gone."
)]
pub(crate) struct SeenArgs {
    /// Print JSON, also of a failure
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Asks a node, and prints what it sees.
pub(crate) fn cluster(command: &ClusterCommand) -> Result<Exit, Box<Failure>> {
    match command {
        ClusterCommand::Nodes(args) => told::told(nodes(args), args.json),
        ClusterCommand::Groups(args) => told::told(groups(args), args.json),
    }
}

fn nodes(args: &SeenArgs) -> Result<Exit, Box<Failure>> {
    let nodes: Vec<OtherNode> = args.control.connect()?.demand(&Request::Nodes)?;
    let text = match args.json {
        true => processes::json(&nodes),
        false => nodes.iter().map(line).collect(),
    };
    stdout::print(&text, Exit::Success)
}

fn line(node: &OtherNode) -> String {
    let OtherNode {
        name,
        incarnation,
        bytes_sent,
        bytes_received,
        ..
    } = node;
    let trip = match node.round_trip {
        Some(nanoseconds) => format!("{} us", nanoseconds / 1_000),
        None => "not measured".to_owned(),
    };
    format!(
        "{name}  incarnation {incarnation:x}, {bytes_sent} bytes sent, {bytes_received} received, \
         round trip {trip}\n"
    )
}

fn groups(args: &SeenArgs) -> Result<Exit, Box<Failure>> {
    let groups: Vec<GroupInfo> = args.control.connect()?.demand(&Request::Groups)?;
    let text = match args.json {
        true => processes::json(&groups),
        false => groups
            .iter()
            .map(|group| {
                let name = warren::text::line(&group.name);
                format!(
                    "{name}  {} here, {} elsewhere\n",
                    group.here, group.elsewhere
                )
            })
            .collect(),
    };
    stdout::print(&text, Exit::Success)
}
