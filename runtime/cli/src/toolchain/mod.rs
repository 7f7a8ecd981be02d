//! The tool chains of compiled guests, as this machine has them, and the command that gets a
//! missing one.

mod c;
mod machine;
mod rust;
mod zig;

use crate::exit::Exit;
use crate::report::failure::Failure;

pub(crate) use c::Compiler;
pub(crate) use rust::{CARGO, check_target};
pub(crate) use zig::Zig;

/// A tool chain that this machine lacks, or that does not work.
#[derive(Debug)]
pub(crate) struct Missing {
    pub(crate) message: String,
    /// The command to run, in words.
    pub(crate) help: String,
    /// The other ways, in words.
    pub(crate) others: String,
}

impl From<Missing> for Box<Failure> {
    fn from(missing: Missing) -> Self {
        Box::new(Failure {
            help: Some(missing.help),
            notes: vec![missing.others],
            ..Failure::new(Exit::Failed, missing.message)
        })
    }
}
