//! The values that the guests exchange.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use warren_guest::{Args, Error};

/// A record of four fields, one of them a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub id: u32,
    pub name: String,
    pub values: Vec<i64>,
    pub ok: bool,
}

/// A program for values of any type.
pub trait Program {
    /// Runs the program.
    ///
    /// # Errors
    ///
    /// Any failure is an error of the benchmark.
    fn run<T: Serialize + DeserializeOwned + PartialEq>(args: &Args) -> Result<(), Error>;
}

/// Runs a program for the type of the argument at this place: a text or a
/// record.
///
/// # Errors
///
/// The argument is neither; or as [`Program::run`].
pub fn run<P: Program>(args: &Args, place: usize) -> Result<(), Error> {
    if let Ok(Some(_)) = args.nth::<String>(place) {
        return P::run::<String>(args);
    }
    args.nth::<Record>(place)?;
    P::run::<Record>(args)
}
