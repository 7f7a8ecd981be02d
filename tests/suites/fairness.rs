//! A process in a busy loop does not keep the others from running.

use std::num::NonZero;
use std::thread;

use warren_tests::Warren;

#[test]
fn a_pair_makes_its_round_trips_beside_twice_as_many_busy_loops_as_workers() {
    let workers = thread::available_parallelism().map_or(1, NonZero::get);
    let busy = 2 * workers;
    Warren::run("tests/programs/fairness")
        .arguments([busy.to_string(), "1000".to_owned()])
        .outcome()
        .ends_with(0)
        .prints(&format!("1000 round trips, {busy} still busy\n"));
}
