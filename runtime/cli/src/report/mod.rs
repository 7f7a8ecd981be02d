//! The text that the command prints: failures, notices, the log and tables.

#[cfg(unix)]
pub(crate) mod apply;
pub(crate) mod ending;
pub(crate) mod excerpt;
pub(crate) mod failure;
pub(crate) mod log;
pub(crate) mod opening;
pub(crate) mod panics;
#[cfg(unix)]
pub(crate) mod processes;
pub(crate) mod progress;
#[cfg_attr(not(unix), allow(dead_code))]
pub(crate) mod quantity;
pub(crate) mod refused;
pub(crate) mod reload;
pub(crate) mod stderr;
pub(crate) mod stdout;
pub(crate) mod step;
pub(crate) mod warning;
