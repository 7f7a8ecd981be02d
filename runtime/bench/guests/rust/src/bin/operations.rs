//! Calls an operation that returns its argument, repeatedly.
//!
//! Arguments: the number of repetitions, the operation, the value.

use bench_guests::Program;
use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_guest::{Args, Error, call};

struct Operations;

impl Program for Operations {
    fn run<T: Serialize + DeserializeOwned + PartialEq>(args: &Args) -> Result<(), Error> {
        let (count, operation, value): (u32, String, T) = args.get()?;
        let mut answer = None;
        for _ in 0..count {
            answer = Some(call::<T>(&operation, (&value,))?);
        }
        match answer {
            Some(answer) if answer != value => Err(Error::internal("another value came back")),
            _ => Ok(()),
        }
    }
}

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    bench_guests::run::<Operations>(&args, 2)
}
