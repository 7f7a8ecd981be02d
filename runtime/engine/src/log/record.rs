//! Log records, in the form that a hook receives.

use std::sync::Arc;
use std::time::SystemTime;

use warren_kernel::Trace;

use crate::trace_context::TraceContext;

/// Most bytes of a log record's message, which is cut off beyond, and of its encoded
/// fields, which are left out if they are longer.
pub(crate) const MAX_LOGGED: usize = 64 * 1024;

/// Severity of a log record.
///
/// ```
/// use warren_engine::Level;
///
/// let mut levels = vec![Level::Error, Level::Debug, Level::Warn, Level::Info];
/// levels.retain(|level| *level >= Level::Info);
/// levels.sort();
/// assert_eq!(levels, [Level::Info, Level::Warn, Level::Error]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// Detail for the search for a mistake.
    Debug,
    /// Worth knowing.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

/// A record that a process wrote with `logger`.
///
/// ```
/// use warren_engine::{Level, LogRecord};
///
/// fn shown(record: &LogRecord<'_>) -> Option<String> {
///     let LogRecord { level, pid, message, .. } = record;
///     (*level >= Level::Warn).then(|| format!("{level:?} {pid} {message}"))
/// }
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LogRecord<'a> {
    /// Severity.
    pub level: Level,
    /// Time at which it was written, which may be a while ago.
    pub time: SystemTime,
    /// The text of the process's PID.
    pub pid: &'a str,
    /// The identifier of its call chain.
    pub frame: &'a str,
    /// The definition it runs.
    pub definition: &'a str,
    /// The name of the logger, if it has one.
    pub logger: Option<&'a str>,
    /// The message, cut off at 64 KiB.
    pub message: &'a str,
    /// Fields as one encoded map.
    pub fields: Option<&'a [u8]>,
    /// The message that the process handles, if messages are traced.
    pub trace: Option<Trace>,
    /// The place of the process in a trace over several programs, if it has one.
    pub trace_context: Option<&'a TraceContext>,
}

/// A function that takes log records. It runs on a thread that does nothing else and
/// may block. Records that find no room meanwhile are lost and counted. If the hook
/// panics, its record is lost.
pub type LogHook = Arc<dyn Fn(&LogRecord<'_>) + Send + Sync>;

/// Cuts a text off after [`MAX_LOGGED`] bytes.
pub(crate) fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_LOGGED));
    text
}
