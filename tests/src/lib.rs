//! Runs the real `warren` command for the end-to-end tests.
//!
//! The command comes from the same build: `cargo test --workspace` builds it.
//! The environment variable `WARREN` names another command.
//!
//! No function here waits for a time: a test waits for a line, for the end of
//! the command, or for the one generous timeout after which the command is
//! killed and the test fails. A failure here leaves a test nothing to go on
//! with, so it panics.

#![allow(clippy::expect_used)]

mod command;
pub mod growth;
pub mod guests;
pub mod hostile;
mod images;
mod layout;
pub mod memory;
pub mod nats;
mod outcome;
pub mod packages;
mod ports;
pub mod postgres;
mod program;
pub mod scripts;
pub mod served;
mod session;
mod site;

pub use command::Warren;
pub use layout::{binary, cache, entries, project};
pub use outcome::Outcome;
pub use ports::free_address;
pub use program::Program;
pub use session::{Session, TIMEOUT, TimedOut};
pub use site::Site;
