//! The log, on standard error: the records of processes and those of the
//! runtime.

mod asked;
mod fields;

use std::env;
use std::time::SystemTime;

use clap::{Args, ValueEnum};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::FormatTime;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::{EnvFilter, Layer, Registry, fmt, registry};
use warren::text;

use crate::exit::Exit;
use crate::report::failure::{Failure, Look};
use crate::report::progress::Progress;
use crate::report::stderr::Lines;
use asked::Asked;
use fields::{Fields, SafeJson};

/// The environment variable for `--log`.
pub(crate) const VARIABLE: &str = "WARREN_LOG";

/// The default filter: the program's notable records, and the runtime's
/// warnings.
const DEFAULT_FILTER: &str = "warn,warren::process=info";

const LEVELS: [&str; 6] = ["off", "error", "warn", "info", "debug", "trace"];

/// The options of the log.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Records to log: a level, or a list of TARGET=LEVEL
    ///
    /// The default is the environment variable WARREN_LOG.
    #[arg(long, global = true, value_name = "LEVEL|FILTER", help_heading = "Log")]
    pub(crate) log: Option<String>,
    /// The format of log lines
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Log"
    )]
    pub(crate) log_format: Format,
}

/// The format of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Starts the log. The option `--log` takes precedence over [`VARIABLE`].
pub(crate) fn start(args: &LogArgs) -> Result<(), Box<Failure>> {
    let variable = env::var(VARIABLE).ok();
    let filter = match (&args.log, &variable) {
        (Some(filter), _) => parse("--log", filter)?,
        (None, Some(filter)) if !filter.is_empty() => parse(VARIABLE, filter)?,
        _ => parse("--log", DEFAULT_FILTER)?,
    };
    let lines = fmt::layer()
        .fmt_fields(Fields)
        .with_timer(RecordTime)
        .with_writer(Lines)
        // An internal error would be a closed standard error, reported on
        // standard error.
        .log_internal_errors(false)
        .with_ansi(Look::of_stderr().fancy);
    let filter = Asked(filter);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match args.log_format {
        Format::Text => lines.with_filter(filter).boxed(),
        Format::Json => lines
            .json()
            .map_event_format(SafeJson)
            .with_filter(filter)
            .boxed(),
    };
    let progress = Progress::of_stderr()
        .map(|progress| progress.with_filter(filter_fn(|event| Progress::wants(event.target()))));
    // tracing refuses a second start; the first one goes on.
    let _ = tracing::subscriber::set_global_default(registry().with(lines).with(progress));
    Ok(())
}

/// The time at which a record was written. For records of processes that is a
/// while ago if the log was not read.
struct RecordTime;

impl FormatTime for RecordTime {
    fn format_time(&self, w: &mut Writer<'_>) -> std::fmt::Result {
        let at = warren::record_time().unwrap_or_else(SystemTime::now);
        match jiff::Timestamp::try_from(at) {
            Ok(at) => write!(w, "{at:.6}"),
            // Beyond the year 9999, or long before the first.
            Err(_) => w.write_str("-"),
        }
    }
}

/// Reads a filter: a level, or directives such as `warren=debug,info`.
fn parse(given_by: &str, filter: &str) -> Result<EnvFilter, Box<Failure>> {
    let refused = |reason: String| {
        Box::new(Failure {
            help: Some(format!(
                "write a level ({}) or a list of TARGET=LEVEL",
                LEVELS.join(", ")
            )),
            ..Failure::new(Exit::Usage, format!("{given_by}: {reason}"))
        })
    };
    // tracing would silently take a lone word that is no level for a target.
    for word in filter.split(',').map(str::trim) {
        let lone = !word.contains(['=', '[', ':']);
        if lone && !LEVELS.iter().any(|level| level.eq_ignore_ascii_case(word)) {
            return Err(refused(format!("`{}` is not a level", text::line(word))));
        }
    }
    EnvFilter::builder()
        .parse(filter)
        .map_err(|error| refused(format!("`{}` is not a filter: {error}", text::line(filter))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_and_filters() {
        for filter in ["info", "OFF", "warn,warren::process=debug", DEFAULT_FILTER] {
            assert!(parse("--log", filter).is_ok(), "{filter}");
        }
    }

    #[test]
    fn a_slip_is_not_taken_for_a_target() {
        let failure = parse("--log", "inof").unwrap_err();
        assert_eq!(failure.message, "--log: `inof` is not a level");
        assert_eq!(failure.exit, Exit::Usage);
        assert!(parse(VARIABLE, "warren=lots").is_err());
        assert!(parse(VARIABLE, "").is_err());
    }
}
