//! Thousands of processes at once.

use warren_tests::Warren;

#[test]
fn ten_thousand_live_processes_answer() {
    Warren::run("tests/programs/crowd")
        .arguments(["10000"])
        .outcome()
        .ends_with(0)
        .prints("10000 live processes have answered twice\n")
        .says_nothing();
}

#[test]
fn thousands_come_and_go() {
    Warren::run("tests/programs/crowd")
        .arguments(["200", "50"])
        .outcome()
        .ends_with(0)
        .prints(&"200 live processes have answered twice\n".repeat(50))
        .says_nothing();
}
