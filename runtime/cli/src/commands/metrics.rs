//! `warren metrics`: the metrics of a running program.

use clap::Args;

use crate::control::Request;
use crate::control::args::ControlArgs;
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::stdout;

/// The options of `warren metrics`.
#[derive(Debug, Args)]
#[command(
    after_help = "The text is OpenMetrics 1.0, which Prometheus reads: the metrics of the runtime, \
                  warren_*, and those of the program, app_*. Each command looks once.\n\n\
                  Exit status: 0; 1 if the program cannot be reached; 2 for a wrong command line; \
                  141 if the reader of standard output is gone."
)]
pub(crate) struct MetricsArgs {
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Prints the metrics as they are.
pub(crate) fn metrics(args: &MetricsArgs) -> Result<Exit, Box<Failure>> {
    let text: String = args.control.connect()?.demand(&Request::Metrics)?;
    stdout::print(&text, Exit::Success)
}
