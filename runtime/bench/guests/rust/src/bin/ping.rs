//! Sends a value to an echo and waits for its return, repeatedly.
//!
//! Arguments: the number of repetitions, the definition of the echo, the value.

use bench_guests::Program;
use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_guest::{Args, Error, Spawn, inbox, send};

struct Ping;

impl Program for Ping {
    fn run<T: Serialize + DeserializeOwned + PartialEq>(args: &Args) -> Result<(), Error> {
        let (count, echo, value): (u32, String, T) = args.get()?;
        let inbox = inbox();
        // An echo in Rust gets an example of the values it will echo.
        let pid = Spawn::new(&echo)
            .host("bench:processes")
            .args((count, &value))
            .start()?;
        let mut answer = None;
        for _ in 0..count {
            send(&pid, "t", &value)?;
            answer = Some(inbox.recv_as::<T>()?);
        }
        match answer {
            Some(answer) if answer != value => Err(Error::internal("another value came back")),
            _ => Ok(()),
        }
    }
}

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    bench_guests::run::<Ping>(&args, 2)
}
