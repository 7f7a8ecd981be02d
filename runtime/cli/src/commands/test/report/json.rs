//! The report for programs: a record of JSON in each line.

use std::time::Duration;

use serde::Serialize;
use warren::text;

use super::{Reporter, Summary};
use crate::commands::test::coverage::Share;
use crate::commands::test::outcome::{Case, Failure, Left, Status, Tested, Waiting};

/// Records of JSON.
pub(super) struct Json;

/// A record.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Record<'a> {
    /// Before all tests.
    Start { tests: usize, jobs: usize },
    /// A case of a test, before the record of the test.
    Case {
        /// The id of the test.
        test: &'a str,
        /// The suites around the case, joined.
        suite: &'a str,
        name: &'a str,
        status: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        duration_ms: Option<f64>,
        #[serde(flatten)]
        failure: Option<FailureRecord<'a>>,
    },
    /// A test.
    Test {
        id: &'a str,
        suite: &'a str,
        name: &'a str,
        status: &'static str,
        duration_ms: f64,
        /// The number of its cases.
        cases: usize,
        #[serde(flatten)]
        failure: Option<FailureRecord<'a>>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        left: Vec<LeftRecord<'a>>,
    },
    /// The coverage of a file, behind all tests.
    Coverage {
        file: &'a str,
        #[serde(flatten)]
        share: ShareRecord,
        /// The lines that did not run.
        missing: Vec<u32>,
    },
    /// Behind everything.
    End {
        status: &'static str,
        tests: usize,
        passed: usize,
        failed: usize,
        skipped: usize,
        not_run: usize,
        left: usize,
        duration_ms: f64,
        #[serde(skip_serializing_if = "Option::is_none")]
        coverage: Option<ShareRecord>,
    },
}

/// Lines that have run.
#[derive(Serialize)]
struct ShareRecord {
    covered: usize,
    lines: usize,
    percent: f64,
}

#[derive(Serialize)]
struct FailureRecord<'a> {
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stack: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting: Vec<WaitingRecord<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
}

#[derive(Serialize)]
struct WaitingRecord<'a> {
    pid: &'a str,
    definition: &'a str,
    stack: &'a str,
}

#[derive(Serialize)]
struct LeftRecord<'a> {
    pid: &'a str,
    definition: &'a str,
    names: &'a [String],
}

impl From<Share> for ShareRecord {
    fn from(share: Share) -> Self {
        // Far below the integers that a float cannot hold.
        let per_mille = u32::try_from(share.per_mille()).unwrap_or(0);
        ShareRecord {
            covered: share.covered,
            lines: share.lines,
            percent: f64::from(per_mille) / 10.0,
        }
    }
}

impl<'a> From<&'a Failure> for FailureRecord<'a> {
    fn from(failure: &'a Failure) -> Self {
        let place = failure.place.as_ref();
        let waiting = failure.waiting.iter();
        FailureRecord {
            message: &failure.message,
            file: place.map(|(file, _)| file.as_str()),
            line: place.map(|(_, line)| *line),
            stack: failure.stack.as_deref(),
            waiting: waiting.map(WaitingRecord::from).collect(),
            seed: failure.seed,
        }
    }
}

impl<'a> From<&'a Waiting> for WaitingRecord<'a> {
    fn from(waiting: &'a Waiting) -> Self {
        WaitingRecord {
            pid: waiting.pid.as_str(),
            definition: &waiting.definition,
            stack: &waiting.stack,
        }
    }
}

impl<'a> From<&'a Left> for LeftRecord<'a> {
    fn from(left: &'a Left) -> Self {
        LeftRecord {
            pid: left.pid.as_str(),
            definition: &left.definition,
            names: &left.names,
        }
    }
}

impl Record<'_> {
    fn line(&self) -> String {
        // Texts and numbers can always be written.
        let line = serde_json::to_string(self).unwrap_or_default();
        format!("{}\n", text::json(&line))
    }
}

impl Reporter for Json {
    fn start(&mut self, tests: usize, jobs: usize) -> String {
        Record::Start { tests, jobs }.line()
    }

    fn tested(&mut self, tested: &Tested) -> String {
        let mut lines: String = tested
            .cases
            .iter()
            .map(|case| of_case(&tested.test.id, case).line())
            .collect();
        let record = Record::Test {
            id: &tested.test.id,
            suite: &tested.test.suite,
            name: &tested.test.name,
            status: status_of(tested.has_passed()),
            duration_ms: milliseconds(tested.duration),
            cases: tested.cases.len(),
            failure: tested.failure.as_ref().map(FailureRecord::from),
            left: tested.left.iter().map(LeftRecord::from).collect(),
        };
        lines += &record.line();
        lines
    }

    fn end(&mut self, all: &[Tested], summary: &Summary) -> String {
        let counts = summary.counts;
        let files = summary.covered.iter().flat_map(|covered| &covered.files);
        let files = files.map(|file| Record::Coverage {
            file: &file.name,
            share: file.share().into(),
            missing: file.missing(),
        });
        let coverage = summary
            .covered
            .as_ref()
            .map(|covered| covered.share().into());
        let lines: String = files.map(|record| record.line()).collect();
        let end = Record::End {
            status: status_of(counts.failed == 0 && all.len() == summary.tests),
            tests: all.len(),
            passed: counts.passed,
            failed: counts.failed,
            skipped: counts.skipped,
            not_run: counts.not_run,
            left: counts.left,
            duration_ms: milliseconds(summary.duration),
            coverage,
        };
        lines + &end.line()
    }
}

fn of_case<'a>(test: &'a str, case: &'a Case) -> Record<'a> {
    let (status, failure) = match &case.status {
        Status::NotRun | Status::Running => ("not_run", None),
        Status::Passed => ("passed", None),
        Status::Skipped => ("skipped", None),
        Status::Failed(failure) => ("failed", Some(FailureRecord::from(failure))),
    };
    Record::Case {
        test,
        suite: &case.suite,
        name: &case.name,
        status,
        duration_ms: case.duration.map(milliseconds),
        failure,
    }
}

fn status_of(passed: bool) -> &'static str {
    if passed { "passed" } else { "failed" }
}

/// Returns milliseconds with at most three digits behind the point.
fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}
