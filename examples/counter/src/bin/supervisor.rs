//! Keeps a counter running.

use warren_guest::supervisor::{Child, Strategy, Supervisor};
use warren_guest::{Error, Spawn};

#[warren_guest::main]
fn main() -> Result<(), Error> {
    let counter = Spawn::new("app:counter").arg(10).name("counter");
    Supervisor::new(Strategy::OneForOne)
        .child(Child::new("counter", counter))
        .run()
}
