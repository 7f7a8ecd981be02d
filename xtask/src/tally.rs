//! Counts the tests that `cargo test` and `cargo nextest` report.

use std::fmt;
use std::ops::AddAssign;

/// Numbers of tests, by their result.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Tally {
    /// Tests that passed.
    pub(crate) passed: u64,
    /// Tests that failed or ran out of time.
    pub(crate) failed: u64,
    /// Tests that were not run.
    pub(crate) ignored: u64,
}

impl Tally {
    /// Adds the counts in a line of output, if there are any.
    pub(crate) fn read(&mut self, line: &str) {
        // `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0
        // filtered out; ...` An indented line is nextest's excerpt of a failed
        // test, which nextest counts itself.
        let libtest = line
            .strip_prefix("test result: ")
            .and_then(|rest| rest.split_once(". "));
        // `Summary [   0.012s] 3 tests run: 2 passed (1 slow), 1 failed, 0 skipped`
        let nextest = line
            .trim_start()
            .strip_prefix("Summary [")
            .and_then(|rest| rest.split_once(" run: "));
        let Some((_, counts)) = libtest.or(nextest) else {
            return;
        };
        for count in counts.split([';', ',']) {
            let mut words = count.split_whitespace();
            let (Some(number), Some(outcome)) = (words.next(), words.next()) else {
                continue;
            };
            let Ok(number) = number.parse::<u64>() else {
                continue;
            };
            match outcome {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                "ignored" | "skipped" => self.ignored += number,
                _ => {}
            }
        }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.ignored += other.ignored;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} tests passed, {} failed, {} ignored",
            self.passed, self.failed, self.ignored
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(lines: &[&str]) -> Tally {
        let mut tally = Tally::default();
        lines.iter().for_each(|line| tally.read(line));
        tally
    }

    #[test]
    fn reads_cargo_test() {
        let lines = [
            "running 4 tests",
            "test tests::one ... ok",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; finished in 0.00s",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.1s",
        ];
        assert_eq!(
            tally(&lines),
            Tally {
                passed: 4,
                failed: 2,
                ignored: 1
            }
        );
    }

    #[test]
    fn reads_nextest() {
        let lines = [
            "        PASS [   0.004s] (1/3) xtask tally::tests::reads_nextest",
            "     Summary [   0.012s] 5 tests run: 2 passed (1 slow), 2 failed, 1 timed out, 7 skipped",
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored; 0 measured; 9 filtered out",
            "     Summary [   0.012s] 1 test run: 1 passed, 0 skipped",
        ];
        assert_eq!(
            tally(&lines),
            Tally {
                passed: 3,
                failed: 3,
                ignored: 7
            }
        );
    }
}
