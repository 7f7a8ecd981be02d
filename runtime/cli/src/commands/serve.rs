//! `warren serve`: a program that is run to answer requests over HTTP.

use clap::Args;

use super::run::{self, RunArgs};
use crate::exit::Exit;
use crate::report::failure::Failures;
use crate::report::warning::Warnings;

/// The options of `warren serve`.
#[derive(Debug, Args)]
#[command(
    override_usage = "warren serve [OPTIONS] [PATH] [ARGS]...",
    after_help = "Without --listen the program serves at the listeners of its manifest, else at \
                  127.0.0.1:8080. Without routes in the manifest each request is a process of \
                  the file PATH, or of the file web.lua (or web.wasm) in the directory PATH.\n\n\
                  Exit status: as of `warren run`."
)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

/// Serves the program and returns the command's exit.
pub(crate) fn serve(args: &ServeArgs, warnings: Warnings) -> Result<Exit, Failures> {
    run::run(&args.run, run::Mode::Serve, warnings)
}
