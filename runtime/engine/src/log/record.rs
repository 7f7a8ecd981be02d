//! Log records, as a hook is given them.

use std::sync::Arc;
use std::time::SystemTime;

use warren_kernel::Trace;

/// Bytes of a log record's message, and of its encoded fields: what is longer
/// is cut off, and left out.
pub(crate) const MAX_LOGGED: usize = 64 * 1024;

/// How much a log record matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// For who looks for a mistake.
    Debug,
    /// Worth knowing.
    Info,
    /// Something may be wrong.
    Warn,
    /// Something is wrong.
    Error,
}

/// What a process says with `logger`.
#[derive(Clone, Copy, Debug)]
pub struct LogRecord<'a> {
    /// How much it matters.
    pub level: Level,
    /// When it was written, which may be a while ago.
    pub time: SystemTime,
    /// The text of the process's PID.
    pub pid: &'a str,
    /// The identifier of its call chain.
    pub frame: &'a str,
    /// The definition it runs.
    pub definition: &'a str,
    /// The name of the logger, where it has one.
    pub logger: Option<&'a str>,
    /// What is said, at most 64 KiB of it.
    pub message: &'a str,
    /// Fields as one encoded map.
    pub fields: Option<&'a [u8]>,
    /// The message that the process handles, where messages are traced.
    pub trace: Option<Trace>,
}

/// Takes log records, on a thread that does nothing else and may be blocked: the
/// records that find no room meanwhile are counted and lost. A hook that panics
/// loses its record.
pub type LogHook = Arc<dyn Fn(&LogRecord<'_>) + Send + Sync>;

/// A text as long as the log takes it.
pub(crate) fn shortened(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(MAX_LOGGED));
    text
}
