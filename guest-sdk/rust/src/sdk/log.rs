//! The program's log as a backend of the crate `log`.

use log::{Level, LevelFilter, Log, Metadata, Record};

use super::codec::to_value;
use crate::logger;

struct Logger;

/// Sends the records of the crate `log` to the program's log. Called before
/// `main`.
pub(super) fn install() {
    // A logger that the program has set before stays.
    if log::set_logger(&Logger).is_ok() {
        log::set_max_level(LevelFilter::Debug);
    }
}

impl Log for Logger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= Level::Debug
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            Level::Error => logger::Level::Error,
            Level::Warn => logger::Level::Warn,
            Level::Info => logger::Level::Info,
            Level::Debug | Level::Trace => logger::Level::Debug,
        };
        let message = record.args().to_string();
        let fields = Fields {
            file: record.file(),
            line: record.line(),
        };
        let fields = to_value(&fields).ok();
        let fields = fields.as_ref().map(|fields| fields.as_slice());
        logger::log(level, record.target(), &message, fields);
    }

    fn flush(&self) {}
}

#[derive(serde::Serialize)]
struct Fields<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}
