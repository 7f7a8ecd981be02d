//! The order in which tests begin.

use std::collections::VecDeque;

use warren::app::Test;

/// Tests that did not begin, and those that run.
#[derive(Debug)]
pub(super) struct Schedule {
    /// Sorted by suite, order and id, each with its place among all.
    waiting: VecDeque<(usize, Test)>,
    running: Vec<(usize, Test)>,
}

impl Schedule {
    pub(super) fn new(tests: &[Test]) -> Schedule {
        Schedule {
            waiting: tests.iter().cloned().enumerate().collect(),
            running: Vec::new(),
        }
    }

    /// Takes the next test that may begin: all tests of its suite with a lower order have
    /// ended.
    pub(super) fn begin(&mut self) -> Option<(usize, Test)> {
        let goes_before =
            |other: &Test, test: &Test| other.suite == test.suite && other.order < test.order;
        let place = self.waiting.iter().position(|(place, test)| {
            let running = &mut self.running.iter();
            let mut earlier = self.waiting.iter().take_while(|(other, _)| other < place);
            !running.any(|(_, other)| goes_before(other, test))
                && !earlier.any(|(_, other)| goes_before(other, test))
        })?;
        let begun = self.waiting.remove(place)?;
        self.running.push(begun.clone());
        Some(begun)
    }

    /// Notes the end of a test.
    pub(super) fn end(&mut self, place: usize) {
        self.running.retain(|(other, _)| *other != place);
    }
}
