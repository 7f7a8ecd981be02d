//! The command as its user sees it: options, output, exit statuses.
//!
//! One binary, because linking takes longer than compiling: a new file is a
//! module below.

#[cfg(unix)]
mod apply;
mod check;
#[cfg(unix)]
mod control;
#[cfg(unix)]
mod control_paths;
mod data;
mod doctor;
mod error_messages;
#[cfg(unix)]
mod grants;
mod log;
mod mistakes;
mod policy;
#[cfg(target_os = "linux")]
mod processor_time;
#[cfg(unix)]
mod prompt;
#[cfg(unix)]
mod reload;
mod run;
mod services;
#[cfg(unix)]
mod shown;
#[cfg(unix)]
mod streams;
mod support;
mod testing;
mod tools;
#[cfg(unix)]
mod wasi;
