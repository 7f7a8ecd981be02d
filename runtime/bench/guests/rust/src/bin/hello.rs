//! Answers a request over HTTP: its result is the answer.

use warren_guest::Error;

#[warren_guest::main]
fn main() -> Result<&'static str, Error> {
    Ok("hello")
}
