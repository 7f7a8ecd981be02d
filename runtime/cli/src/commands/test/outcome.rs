//! The outcome of a test.

use std::time::Duration;

use warren::Pid;
use warren::app::Test;

/// A test that has ended.
#[derive(Debug)]
pub(super) struct Tested {
    pub(super) test: Test,
    pub(super) duration: Duration,
    /// Its cases, in the order of their run; none if it is no more than a function.
    pub(super) cases: Vec<Case>,
    /// The failure that is none of a case's.
    pub(super) failure: Option<Failure>,
    /// The processes that it has left behind.
    pub(super) left: Vec<Left>,
}

/// A case of a test.
#[derive(Debug)]
pub(super) struct Case {
    /// The suites around it, joined; empty for none.
    pub(super) suite: String,
    pub(super) name: String,
    pub(super) status: Status,
    pub(super) duration: Option<Duration>,
}

/// The state of a case.
#[derive(Debug)]
pub(super) enum Status {
    /// It did not begin.
    NotRun,
    /// It has begun.
    Running,
    Passed,
    Failed(Failure),
    Skipped,
}

/// The reason of a failure.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Failure {
    /// Lines, of which the first says what happened.
    pub(super) message: String,
    /// The file and the line where it happened, if they are known.
    pub(super) place: Option<(String, i64)>,
    /// Calls that led there, in lines.
    pub(super) stack: Option<String>,
    /// Processes that did not end in time.
    pub(super) waiting: Vec<Waiting>,
    /// The seed of the run, if it had one.
    pub(super) seed: Option<u64>,
}

impl Failure {
    pub(super) fn new(message: impl Into<String>) -> Failure {
        Failure {
            message: message.into(),
            ..Failure::default()
        }
    }
}

/// A process that did not end in time.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Waiting {
    pub(super) pid: Pid,
    pub(super) definition: String,
    /// Its stack, or the reason why there is none, in lines.
    pub(super) stack: String,
}

/// A process that a test has left behind.
#[derive(Debug)]
pub(super) struct Left {
    pub(super) pid: Pid,
    pub(super) definition: String,
    pub(super) names: Vec<String>,
}

/// Numbers of cases, and of tests without cases.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) skipped: usize,
    /// Cases that did not begin.
    pub(super) not_run: usize,
    /// Processes that were left behind.
    pub(super) left: usize,
}

impl Tested {
    /// Returns true if nothing has failed.
    pub(super) fn has_passed(&self) -> bool {
        self.counts().failed == 0
    }

    /// Counts its cases, or itself if it has none. A failure beside the cases counts, too.
    pub(super) fn counts(&self) -> Counts {
        let mut counts = Counts {
            left: self.left.len(),
            ..Counts::default()
        };
        for case in &self.cases {
            match &case.status {
                Status::NotRun | Status::Running => counts.not_run += 1,
                Status::Passed => counts.passed += 1,
                Status::Failed(_) => counts.failed += 1,
                Status::Skipped => counts.skipped += 1,
            }
        }
        match &self.failure {
            Some(_) => counts.failed += 1,
            None if self.cases.is_empty() => counts.passed += 1,
            None => {}
        }
        counts
    }
}

/// One result of a test: of a case, or of the test beside its cases.
#[derive(Debug)]
pub(super) struct Point<'a> {
    /// Its number within the test, from 1.
    pub(super) number: usize,
    /// Absent for the test itself.
    pub(super) case: Option<&'a Case>,
    pub(super) duration: Option<Duration>,
    pub(super) verdict: Verdict<'a>,
}

/// The verdict on a point.
#[derive(Clone, Copy, Debug)]
pub(super) enum Verdict<'a> {
    Passed,
    Failed(&'a Failure),
    Skipped,
    NotRun,
}

impl Tested {
    /// Returns the results that [`Tested::counts`] counts.
    pub(super) fn points(&self) -> Vec<Point<'_>> {
        let mut points = Vec::with_capacity(self.cases.len() + 1);
        for case in &self.cases {
            points.push(Point {
                number: points.len() + 1,
                case: Some(case),
                duration: case.duration,
                verdict: match &case.status {
                    Status::NotRun | Status::Running => Verdict::NotRun,
                    Status::Passed => Verdict::Passed,
                    Status::Failed(failure) => Verdict::Failed(failure),
                    Status::Skipped => Verdict::Skipped,
                },
            });
        }
        let own = match &self.failure {
            Some(failure) => Some(Verdict::Failed(failure)),
            None if points.is_empty() => Some(Verdict::Passed),
            None => None,
        };
        if let Some(verdict) = own {
            points.push(Point {
                number: points.len() + 1,
                case: None,
                duration: Some(self.duration),
                verdict,
            });
        }
        points
    }
}

impl Point<'_> {
    /// Returns the name of the test, and of the case if it is the result of one.
    pub(super) fn name(&self, tested: &Tested) -> String {
        let test = &tested.test.name;
        match self.case {
            None => test.to_string(),
            Some(case) => format!("{test}: {}", case.full_name()),
        }
    }
}

impl Tested {
    /// Tells with each failure the seed of the run.
    pub(super) fn name_seed(&mut self, seed: u64, simulates: bool) {
        let again = match simulates {
            true => format!("--seed {seed} --simulate 1"),
            false => format!("--seed {seed}"),
        };
        let note = format!("\nseed {seed}: run it again with `{again}`");
        let cases = self.cases.iter_mut().map(|case| &mut case.status);
        let of_cases = cases.filter_map(|status| match status {
            Status::Failed(failure) => Some(failure),
            _ => None,
        });
        for failure in of_cases.chain(&mut self.failure) {
            failure.message += &note;
            failure.seed = Some(seed);
        }
    }
}

impl Counts {
    pub(super) fn add(&mut self, other: Counts) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.not_run += other.not_run;
        self.left += other.left;
    }
}

impl Case {
    /// Returns the name with the suites around it.
    pub(super) fn full_name(&self) -> String {
        match self.suite.as_str() {
            "" => self.name.clone(),
            suite => format!("{suite} > {}", self.name),
        }
    }
}
