//! The report of a run of tests: text for people, or records for programs.

mod json;
mod junit;
mod tap;
mod text;

use std::collections::BTreeMap;
use std::time::Duration;

use super::coverage::Covered;
use super::outcome::{Counts, Tested};
use crate::report::failure::Look;

/// Makes the parts of a report, which are printed one after the other.
pub(super) trait Reporter {
    /// Returns what comes before all tests.
    fn start(&mut self, tests: usize, jobs: usize) -> String;

    /// Returns what is said of a test that has ended.
    fn tested(&mut self, tested: &Tested) -> String;

    /// Returns what comes behind the tests, given those that have ended.
    fn end(&mut self, all: &[Tested], summary: &Summary) -> String;
}

/// A run as a whole.
#[derive(Debug)]
pub(super) struct Summary {
    /// The number of tests, those included that a signal has cut off.
    pub(super) tests: usize,
    pub(super) duration: Duration,
    pub(super) counts: Counts,
    /// The lines that have run, if they were counted and all tests have ended.
    pub(super) covered: Option<Covered>,
}

/// The form of the report on standard output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    Text,
    Json,
    Tap,
}

/// Returns the reporter of a format.
pub(super) fn reporter(format: Format) -> Box<dyn Reporter> {
    match format {
        Format::Text => Box::new(text::Text::new(Look::of_stdout())),
        Format::Json => Box::new(json::Json),
        Format::Tap => Box::new(tap::Tap::default()),
    }
}

/// A report in which tests come in the order of their places, whichever ends first.
pub(super) struct InOrder {
    reporter: Box<dyn Reporter>,
    /// Tests that have ended before one of an earlier place.
    early: BTreeMap<usize, Tested>,
    /// Tests that were reported.
    reported: Vec<Tested>,
    counts: Counts,
}

impl InOrder {
    pub(super) fn new(reporter: Box<dyn Reporter>) -> InOrder {
        InOrder {
            reporter,
            early: BTreeMap::new(),
            reported: Vec::new(),
            counts: Counts::default(),
        }
    }

    /// Counts what has ended so far.
    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    pub(super) fn start(&mut self, tests: usize, jobs: usize) -> String {
        self.reporter.start(tests, jobs)
    }

    /// Takes a test that has ended. Returns what can be said now.
    pub(super) fn add(&mut self, place: usize, tested: Tested) -> String {
        self.counts.add(tested.counts());
        self.early.insert(place, tested);
        let mut text = String::new();
        while let Some(tested) = self.early.remove(&self.reported.len()) {
            text += &self.reporter.tested(&tested);
            self.reported.push(tested);
        }
        text
    }

    /// Returns the end of the report. A run that was cut short has tests that had ended
    /// before earlier ones.
    pub(super) fn end(&mut self, summary: &Summary) -> String {
        let mut text = String::new();
        for (_, tested) in std::mem::take(&mut self.early) {
            text += &self.reporter.tested(&tested);
            self.reported.push(tested);
        }
        text + &self.reporter.end(&self.reported, summary)
    }

    /// Returns the report as a file of XML, behind the end of the report.
    pub(super) fn junit(&self, summary: &Summary) -> String {
        junit::file(&self.reported, summary)
    }
}
