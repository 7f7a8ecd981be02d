//! Supervises three workers, each of which has an hour to end.

use std::time::Duration;

use warren_guest::supervisor::{Child, Strategy, Supervisor};
use warren_guest::{Error, Spawn};

#[warren_guest::main]
fn main() -> Result<(), Error> {
    let keeper =
        ["a", "b", "c"]
            .into_iter()
            .fold(Supervisor::new(Strategy::OneForOne), |keeper, name| {
                let worker = Spawn::new("app:worker").name(name);
                keeper.child(Child::new(name, worker).shutdown(Duration::from_secs(3600)))
            });
    keeper.run()
}
