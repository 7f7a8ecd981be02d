//! `warren cluster`: the cluster, as a running node of it sees it.

use clap::{Args, Subcommand};
use warren::cluster::{ClusterName, NamePage, OtherNode};
use warren::introspection::GroupInfo;

use crate::control::args::ControlArgs;
use crate::control::{Request, told};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::{processes, stdout};

/// Names that are asked for at a time.
const PAGE: usize = 1_000;

/// The subcommands of `warren cluster`.
#[derive(Debug, Subcommand)]
pub(crate) enum ClusterCommand {
    /// List the other nodes that are up
    Nodes(SeenArgs),
    /// List the groups and the numbers of their members
    Groups(SeenArgs),
    /// List the names of the cluster, with their holders and fencing tokens
    Names(NamesArgs),
}

/// The options of each subcommand.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached or is no node; 2 for a wrong \
                  command line; 141 if the reader of standard output is gone."
)]
pub(crate) struct SeenArgs {
    /// Print JSON, also of a failure
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// The options of `warren cluster names`.
#[derive(Debug, Args)]
pub(crate) struct NamesArgs {
    /// Begin after this name
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        hide_default_value = true
    )]
    pub(crate) after: String,
    /// List at most this number of names
    #[arg(long, value_name = "COUNT", default_value_t = 1_000)]
    pub(crate) limit: usize,
    #[command(flatten)]
    pub(crate) seen: SeenArgs,
}

/// Asks a node, and prints what it sees.
pub(crate) fn cluster(command: &ClusterCommand) -> Result<Exit, Box<Failure>> {
    match command {
        ClusterCommand::Nodes(args) => told::told(nodes(args), args.json),
        ClusterCommand::Groups(args) => told::told(groups(args), args.json),
        ClusterCommand::Names(args) => told::told(names(args), args.seen.json),
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

fn names(args: &NamesArgs) -> Result<Exit, Box<Failure>> {
    let mut client = args.seen.control.connect()?;
    let mut names: Vec<ClusterName> = Vec::new();
    let mut after = args.after.clone();
    while names.len() < args.limit {
        let limit = (args.limit - names.len()).min(PAGE);
        let page: NamePage = client.demand(&Request::Names { after, limit })?;
        names.extend(page.names);
        match page.next {
            Some(next) => after = next,
            None => break,
        }
    }
    let text = match args.seen.json {
        true => processes::json(&names),
        false => names.iter().map(line_of_name).collect(),
    };
    stdout::print(&text, Exit::Success)
}

fn line_of_name(name: &ClusterName) -> String {
    let ClusterName {
        pid, node, token, ..
    } = name;
    let name = warren::text::line(&name.name);
    format!("{name}  {pid} on {node}, token {token}\n")
}
