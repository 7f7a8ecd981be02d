//! Reports for other programs, and tests that run again.

use std::fs;

use warren_tests::{Program, Session};

use super::{CASES, FAILS, PASSES, test};
use crate::support::warren;

#[test]
fn lines_of_tap() {
    let program = Program::of(&[
        ("good_test.lua", "return function() print('printed') end"),
        ("sum_test.lua", CASES),
    ]);
    let ended = test(&program, &["--tap"]).ends_with(1).says(&["printed\n"]);
    let lines: Vec<&str> = ended.text().lines().collect();
    assert_eq!(
        lines[..6],
        [
            "TAP version 13",
            "ok 1 - app:good_test",
            "ok 2 - app:sum_test: sum > adds",
            "not ok 3 - app:sum_test: sum > carry > fails",
            "  ---",
            "  message: |-",
        ]
    );
    assert!(
        lines[6].starts_with("    sum_test.lua:7: totals: expected {1, 3}"),
        "{ended}"
    );
    assert_eq!(
        lines[lines.len() - 3..],
        [
            "  ...",
            "ok 4 - app:sum_test: sum > carry > later # SKIP",
            "1..4"
        ]
    );
    test(&program, &["--tap", "--json"]).ends_with(2);
}

#[test]
fn a_file_of_junit() {
    let program = Program::of(&[("good_test.lua", PASSES), ("sum_test.lua", CASES)]);
    test(&program, &["--junit", "report.xml"]).ends_with(1);
    let report = fs::read_to_string(program.path().join("report.xml"));
    let report = report.unwrap_or_else(|error| panic!("{error}"));
    for part in [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"warren test\" tests=\"4\" \
         failures=\"1\" time=\"",
        "  <testsuite name=\"app\" tests=\"4\" failures=\"1\" skipped=\"1\" time=\"",
        "    <testcase classname=\"app:good_test\" name=\"app:good_test\" time=\"",
        "    <testcase classname=\"app:sum_test\" name=\"sum &gt; adds\" time=\"",
        "      <failure message=\"sum_test.lua:7: totals: expected {1, 3}",
        "      <skipped/>\n    </testcase>\n",
        "  </testsuite>\n</testsuites>\n",
    ] {
        assert!(report.contains(part), "{part}: {report}");
    }
    test(&program, &["--junit", "none/report.xml"])
        .ends_with(1)
        .says(&["cannot write none/report.xml: "]);
}

#[test]
fn a_changed_file_runs_the_tests_again() {
    const WAITS: &str = "--watch: waiting for changes, until Ctrl-C";
    let program = Program::of(&[("a_test.lua", FAILS)]);
    let write = |text: &str| {
        fs::write(program.path().join("a_test.lua"), text)
            .unwrap_or_else(|error| panic!("{error}"));
    };
    let mut session = Session::start(warren(program.path(), &["test", "--watch"]));
    session.wait_for_error(WAITS);
    write("return function() print('once more') end");
    session.wait_for_line("once more");
    session.wait_for_error(WAITS);
    // A program that cannot be compiled is told of, and watched.
    write("return function(");
    session.wait_for_error(WAITS);
    write("return function() print('mended') end");
    session.wait_for_line("mended");
    session.wait_for_error(WAITS);
    session.signal("INT");
    let ended = session.end().ends_with(130);
    for told in ["0 passed, 1 failed\n", "1 passed, 0 failed\n"] {
        assert!(ended.text().contains(told), "{told}: {ended}");
    }
}
