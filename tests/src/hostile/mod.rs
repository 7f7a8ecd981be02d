//! The catalogue of attacks in `tests/hostile`, whose README says how to write one.

mod attack;
mod program;

pub use attack::{Attack, catalogue, read};
pub use program::{make_pipe, program_of};
