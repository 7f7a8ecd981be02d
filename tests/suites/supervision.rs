//! Supervisors, beyond what programs of conformance show.

use std::time::{SystemTime, UNIX_EPOCH};

use warren_tests::Warren;

/// The program looks at its tree after each burst of kills, and names the seed if the
/// tree does not recover. The clocks of its supervisors are its own.
#[test]
fn a_tree_survives_ten_thousand_kills() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(1, |since| since.as_nanos() % 1_000_000_007);
    let ended = Warren::run("tests/programs/chaos")
        .options(["--log", "off"])
        .arguments([seed.to_string().as_str(), "10000"])
        .outcome()
        .ends_with(0)
        .says_nothing();
    assert!(ended.text().starts_with("10000 kills ("), "{ended}");
}
