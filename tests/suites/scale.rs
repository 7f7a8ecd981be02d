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

/// Names, places, links and messages are counted by the program itself; what is
/// left of memory is seen from outside.
#[test]
fn nothing_is_left_of_a_hundred_thousand_lua_processes() {
    let mut session = Warren::run("tests/programs/churn")
        .options(["--log", "error"])
        .arguments(["20000", "100000"])
        .start();
    session.wait_for_line("20000");
    let after_few = session.resident();
    session.wait_for_line("100000");
    let after_all = session.resident();
    session.signal("TERM");
    session.end().ends_with(143).says_nothing();
    let allowed = after_few + after_few / 20 + (8 << 20);
    assert!(
        after_all <= allowed,
        "{after_few} bytes after 20,000 processes grew to {after_all}"
    );
}
