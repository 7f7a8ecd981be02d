//! Supervisors, beyond what programs of conformance show.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::time::{SystemTime, UNIX_EPOCH};

use warren_tests::Warren;

/// Bytes by which the command may grow from the first pause of the program to the second.
/// It grows by 2 to 6 MiB, since more slots have been in use at once, and hardly more in
/// 110,000 further kills. Each kill starts some four processes: 1 KiB that each of 20,000
/// processes leaves behind is more.
const GROWTH: u64 = 12 << 20;

/// The program looks at its tree after each burst of kills, and names the seed if the
/// tree does not recover. The clocks of its supervisors are its own.
#[test]
fn a_tree_survives_ten_thousand_kills() {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let seed = now.map_or(1, |since| since.as_nanos() % 1_000_000_007);
    let (typed, mut keyboard) = io::pipe().expect("a pipe");
    let mut session = Warren::run("tests/programs/chaos")
        .options(["--log", "off"])
        .arguments([seed.to_string().as_str(), "10000", "pause"])
        .stdin(File::from(OwnedFd::from(typed)))
        .start();
    let [before, after] = ["5000 kills", "10000 kills"].map(|line| {
        session.wait_for_line(line);
        let memory = session.own_memory();
        keyboard.write_all(b"\n").expect("it reads");
        memory
    });
    let ended = session.end().ends_with(0).says_nothing();
    assert!(ended.text().contains("\n10000 kills ("), "{ended}");
    assert!(
        after < before + GROWTH,
        "seed {seed}: the command holds {after} bytes, and held {before}"
    );
}
