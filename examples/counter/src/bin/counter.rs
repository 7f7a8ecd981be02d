//! A server that counts.

use serde::{Deserialize, Serialize};
use warren_guest::server::{self, Caller, Next, Server};
use warren_guest::{Args, Error};

/// A request to the counter. From Lua: `"Get"`, `{Add = 5}`, `{Divide = 2}`.
#[derive(Serialize, Deserialize)]
enum Request {
    Get,
    Add(i64),
    Divide(i64),
    /// Shows the effect of a bug.
    Crash,
}

struct Counter {
    count: i64,
}

impl Server for Counter {
    type Request = Request;
    type Reply = i64;

    fn call(&mut self, request: Request, caller: Caller<i64>) -> Result<Next, Error> {
        match request {
            Request::Get => {}
            Request::Add(n) => self.count += n,
            Request::Divide(n) => match self.count.checked_div(n) {
                Some(quotient) => self.count = quotient,
                // The caller's mistake: this server lives on.
                None => {
                    caller.refuse(&Error::invalid(format!("cannot divide by {n}")))?;
                    return Ok(Next::Continue);
                }
            },
            Request::Crash => panic!("asked to crash at {}", self.count),
        }
        caller.reply(&self.count)?;
        Ok(Next::Continue)
    }

    fn cast(&mut self, request: Request) -> Result<Next, Error> {
        if let Request::Add(n) = request {
            self.count += n;
        }
        Ok(Next::Continue)
    }
}

#[warren_guest::main]
fn main(args: Args) -> Result<(), Error> {
    server::serve(Counter {
        count: args.nth(0)?.unwrap_or(0),
    })
}
