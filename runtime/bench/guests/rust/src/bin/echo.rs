//! Sends each message back to its sender, and ends after a number of messages.
//!
//! Arguments: the number, and a value like those that come.

use bench_guests::Program;
use serde::Serialize;
use serde::de::DeserializeOwned;
use warren_guest::{Args, Error, inbox, send};

struct Echo;

impl Program for Echo {
    fn run<T: Serialize + DeserializeOwned + PartialEq>(args: &Args) -> Result<(), Error> {
        let (count, _): (u32, T) = args.get()?;
        let inbox = inbox();
        for _ in 0..count {
            let message = inbox.recv()?;
            let value: T = message.get()?;
            let sender = message
                .from()
                .ok_or_else(|| Error::invalid("nobody sent it"))?;
            send(sender, message.topic(), value)?;
        }
        Ok(())
    }
}

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    bench_guests::run::<Echo>(&args, 1)
}
