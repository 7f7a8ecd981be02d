//! The subcommands: each file holds one, with its options; `grants` has options of several.

#[cfg(unix)]
pub(crate) mod apply;
#[cfg(unix)]
pub(crate) mod attach;
pub(crate) mod build;
#[cfg(unix)]
pub(crate) mod cancel;
pub(crate) mod check;
#[cfg(unix)]
pub(crate) mod cluster;
pub(crate) mod completions;
pub(crate) mod data;
pub(crate) mod doctor;
mod grants;
pub(crate) mod inspect;
pub(crate) mod man;
#[cfg(unix)]
pub(crate) mod metrics;
pub(crate) mod new;
pub(crate) mod policy;
#[cfg(unix)]
pub(crate) mod ps;
#[cfg(unix)]
pub(crate) mod reload;
#[cfg(unix)]
pub(crate) mod repl;
pub(crate) mod run;
#[cfg(unix)]
pub(crate) mod send;
pub(crate) mod serve;
#[cfg(unix)]
pub(crate) mod terminate;
pub(crate) mod test;
#[cfg(unix)]
pub(crate) mod top;
pub(crate) mod types;

use clap::Subcommand;

#[cfg(unix)]
use apply::ApplyArgs;
#[cfg(unix)]
use attach::AttachArgs;
use build::BuildArgs;
#[cfg(unix)]
use cancel::CancelArgs;
use check::CheckArgs;
#[cfg(unix)]
use cluster::ClusterCommand;
use completions::CompletionsArgs;
use data::DataArgs;
use doctor::DoctorArgs;
use inspect::InspectArgs;
use man::ManArgs;
#[cfg(unix)]
use metrics::MetricsArgs;
use new::NewArgs;
use policy::PolicyArgs;
#[cfg(unix)]
use ps::PsArgs;
#[cfg(unix)]
use reload::ReloadArgs;
#[cfg(unix)]
use repl::ReplArgs;
use run::RunArgs;
#[cfg(unix)]
use send::SendArgs;
use serve::ServeArgs;
#[cfg(unix)]
use terminate::TerminateArgs;
use test::TestArgs;
#[cfg(unix)]
use top::TopArgs;
use types::TypesArgs;

/// A subcommand.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program until it ends
    Run(RunArgs),
    /// Serve a program over HTTP until it is asked to end
    Serve(ServeArgs),
    /// Run the tests of a program
    Test(TestArgs),
    /// Run Lua at a prompt, in a process of a program
    #[cfg(unix)]
    Repl(ReplArgs),
    /// Create a new program in a new directory
    New(NewArgs),
    /// Build the guests of a directory in Rust, C, C++, Zig, JavaScript and Python
    Build(BuildArgs),
    /// Compile all of a program, and check its manifest and its Lua, without running it
    Check(CheckArgs),
    /// Describe a WebAssembly file, and check that it can run as a process
    Inspect(InspectArgs),
    /// Check a program's policies, or explain a decision
    Policy(PolicyArgs),
    /// Check that this machine meets a program's needs
    Doctor(DoctorArgs),
    /// Copy the databases of a program
    Data(DataArgs),
    /// Show the cluster that a running program is a node of
    #[cfg(unix)]
    #[command(subcommand)]
    Cluster(ClusterCommand),
    /// List the processes of a running program
    #[cfg(unix)]
    Ps(PsArgs),
    /// Watch the processes of a running program
    #[cfg(unix)]
    Top(TopArgs),
    /// Print the metrics of a running program, as Prometheus reads them
    #[cfg(unix)]
    Metrics(MetricsArgs),
    /// Ask a process of a running program, or all of a host, to end
    #[cfg(unix)]
    Cancel(CancelArgs),
    /// End a process of a running program, or all of a host, at once
    #[cfg(unix)]
    Terminate(TerminateArgs),
    /// Send a message to a process of a running program
    #[cfg(unix)]
    Send(SendArgs),
    /// Run Lua at a prompt, in a process of a running program
    #[cfg(unix)]
    Attach(AttachArgs),
    /// Take the files of a running program as they are now
    #[cfg(unix)]
    Reload(ReloadArgs),
    /// Put a program, with its manifest, in place of a running one
    #[cfg(unix)]
    Apply(ApplyArgs),
    /// Write definitions of the Lua API for editors
    Types(TypesArgs),
    /// Print a shell's completions of this command
    Completions(CompletionsArgs),
    /// Write the man pages of this command
    Man(ManArgs),
}

impl Command {
    /// Returns the options of a command that runs a program.
    pub(crate) fn as_run(&self) -> Option<&RunArgs> {
        match self {
            Command::Run(run) => Some(run),
            Command::Serve(serve) => Some(&serve.run),
            _ => None,
        }
    }
}
