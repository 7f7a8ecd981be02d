//! The command line of `warren test`.

use std::num::{NonZeroU64, NonZeroUsize};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

use clap::Args;
use warren::app::parse_duration;

use super::report::Format;
use crate::commands::grants::GrantArgs;

/// The options of `warren test`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if a test failed; 2 for a wrong command line or manifest, or \
                  if there is no test to run; 130 after Ctrl-C, 143 after SIGTERM; 141 if the \
                  reader of standard output is gone."
)]
pub(crate) struct TestArgs {
    /// The program: a directory, or a file that is a test
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Run only tests whose id contains one of these texts
    #[arg(value_name = "PATTERN")]
    pub(crate) patterns: Vec<String>,
    /// Time that each test has
    #[arg(long, value_name = "DURATION", default_value = "30s", value_parser = parse_timeout)]
    pub(crate) timeout: Duration,
    /// Tests that run at a time; by default one for each core
    #[arg(long, value_name = "NUMBER")]
    pub(crate) jobs: Option<NonZeroUsize>,
    /// Let the tests see the time of the machine
    ///
    /// By default, time jumps to the next deadline when every process waits.
    #[arg(long)]
    pub(crate) real_time: bool,
    /// Fix random numbers and the order of ready processes by this seed
    ///
    /// Each test then has a runtime of its own, with the services of the manifest.
    #[arg(long, value_name = "SEED", conflicts_with = "real_time")]
    pub(crate) seed: Option<u64>,
    /// Run each test with this number of seeds, and delay processes as the seed chooses
    ///
    /// The seeds begin with that of `--seed`, or with 1. A failure names its seed.
    #[arg(long, value_name = "NUMBER", conflicts_with = "real_time")]
    pub(crate) simulate: Option<NonZeroU64>,
    /// Print a record of JSON a line
    ///
    /// Output of the tests then goes to standard error.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print lines of the Test Anything Protocol
    ///
    /// Output of the tests then goes to standard error.
    #[arg(long, conflicts_with = "json")]
    pub(crate) tap: bool,
    /// Also write a report in the form of JUnit to this file
    #[arg(long, value_name = "FILE")]
    pub(crate) junit: Option<PathBuf>,
    /// Report the lines of the program's Lua that the tests have run
    ///
    /// The summary has all files but the tests. `--coverage=FILE` also writes the counts of
    /// all lines to the file, in the format of lcov. Tests run slower.
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true)]
    pub(crate) coverage: Option<Option<PathBuf>>,
    /// Run the tests again whenever a file of the program changes, until Ctrl-C
    #[arg(long)]
    pub(crate) watch: bool,
    /// Do not start the services of the manifest
    #[arg(long)]
    pub(crate) no_services: bool,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Deny all processes every action that no policy permits
    #[arg(long)]
    pub(crate) strict: bool,
    /// Do not warn of likely mistakes
    #[arg(long)]
    pub(crate) lint_off: bool,
}

impl TestArgs {
    /// Returns the number of tests that run at a time.
    pub(super) fn jobs(&self) -> usize {
        let jobs = self.jobs.or_else(|| thread::available_parallelism().ok());
        jobs.map_or(1, NonZeroUsize::get)
    }

    /// Returns the form of the report on standard output.
    pub(super) fn format(&self) -> Format {
        match (self.json, self.tap) {
            (true, _) => Format::Json,
            (_, true) => Format::Tap,
            _ => Format::Text,
        }
    }
}

/// Reads the value of `--timeout`.
fn parse_timeout(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(Duration::ZERO) => Err("expected more than 0".to_owned()),
        Ok(timeout) => Ok(timeout),
        Err(error) => Err(error.to_string()),
    }
}
