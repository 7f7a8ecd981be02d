//! The definition `app:greeter`, named after its file. It runs until the
//! program ends.

use warren_guest::{Error, inbox, pid, send};

#[warren_guest::main]
fn main() -> Result<(), Error> {
    loop {
        let message = inbox().recv()?;
        let name: String = message.get()?;
        if let Some(from) = message.from() {
            send(from, "reply", format!("hello, {name}, from process {}", pid()))?;
        }
    }
}
