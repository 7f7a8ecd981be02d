//! The report for people.

use std::time::Duration;

use warren::text;

use super::{Reporter, Summary};
use crate::commands::test::coverage::{Covered, Share};
use crate::commands::test::outcome::{Case, Failure, Left, Status, Tested};
use crate::report::failure::Look;

/// Lines for people, with colours on a terminal.
pub(super) struct Text {
    look: Look,
    /// The suite of the last test.
    suite: Option<String>,
}

/// A word for a status, and the number of its colour.
type Mark = (&'static str, u8);

const OK: Mark = ("ok", 32);
const FAILED: Mark = ("FAILED", 31);
const SKIPPED: Mark = ("skipped", 33);
const NOT_RUN: Mark = ("not run", 33);
const LEFT: Mark = ("left", 33);

/// The width of the longest word.
const WIDTH: usize = 7;

impl Text {
    pub(super) fn new(look: Look) -> Text {
        Text { look, suite: None }
    }

    fn painted(&self, text: &str, colour: u8) -> String {
        if self.look.fancy {
            format!("\x1b[{colour}m{text}\x1b[0m")
        } else {
            text.to_owned()
        }
    }

    /// Returns a line: a mark, what it is about, and how long that took.
    fn line(&self, indent: &str, mark: Mark, name: &str, duration: Option<Duration>) -> String {
        let (word, colour) = mark;
        let word = self.painted(&format!("{word:WIDTH$}"), colour);
        let duration =
            duration.map_or_else(String::new, |duration| format!(" ({})", short(duration)));
        format!("{indent}{word} {}{duration}\n", text::line(name))
    }

    fn case(&self, case: &Case) -> String {
        let mark = match &case.status {
            Status::Passed => OK,
            Status::Failed(_) => FAILED,
            Status::Skipped => SKIPPED,
            Status::NotRun | Status::Running => NOT_RUN,
        };
        self.line("    ", mark, &case.full_name(), case.duration)
    }

    fn left(&self, left: &Left) -> String {
        let names = match &left.names[..] {
            [] => String::new(),
            names => format!(", named {}", names.join(", ")),
        };
        let process = format!("{} {}{names}", left.pid, left.definition);
        self.line("    ", LEFT, &process, None)
    }

    fn failure(&self, name: &str, failure: &Failure) -> String {
        let mut all = format!("\n{}\n", self.painted(&text::line(name).to_string(), 1));
        add_lines(&mut all, "  ", &failure.message);
        if let Some(stack) = &failure.stack
            && stack.lines().count() > 1
        {
            add_lines(&mut all, "  ", stack);
        }
        for process in &failure.waiting {
            let process_name = format!("{} {}", process.pid, process.definition);
            add_lines(&mut all, "  ", &process_name);
            add_lines(&mut all, "    ", &process.stack);
        }
        all
    }
}

impl Reporter for Text {
    fn start(&mut self, tests: usize, _jobs: usize) -> String {
        format!("running {tests} test{}\n", plural(tests))
    }

    fn tested(&mut self, tested: &Tested) -> String {
        let mut all = String::new();
        let suite = &*tested.test.suite;
        if self.suite.as_deref() != Some(suite) {
            all += &format!("\n{}\n", self.painted(&text::line(suite).to_string(), 1));
            self.suite = Some(suite.to_owned());
        }
        let mark = if tested.has_passed() { OK } else { FAILED };
        all += &self.line("  ", mark, &tested.test.name, Some(tested.duration));
        for case in &tested.cases {
            all += &self.case(case);
        }
        for left in &tested.left {
            all += &self.left(left);
        }
        all
    }

    fn end(&mut self, all: &[Tested], summary: &Summary) -> String {
        let mut failures = String::new();
        for tested in all {
            let name = &tested.test.name;
            for case in &tested.cases {
                if let Status::Failed(failure) = &case.status {
                    failures += &self.failure(&format!("{name}: {}", case.full_name()), failure);
                }
            }
            if let Some(failure) = &tested.failure {
                failures += &self.failure(name, failure);
            }
        }
        if !failures.is_empty() {
            failures = format!("\nfailures:\n{failures}");
        }
        if let Some(covered) = &summary.covered {
            failures += &format!("\n{}\n", self.painted("coverage", 1));
            for line in coverage_lines(covered) {
                failures += &format!("{line}\n");
            }
        }
        let counts = summary.counts;
        let mut parts = vec![
            self.painted(&format!("{} passed", counts.passed), OK.1),
            format!("{} failed", counts.failed),
        ];
        if counts.failed > 0 {
            parts[1] = self.painted(&parts[1], FAILED.1);
        }
        for (count, word) in [(counts.skipped, "skipped"), (counts.not_run, "not run")] {
            if count > 0 {
                parts.push(self.painted(&format!("{count} {word}"), SKIPPED.1));
            }
        }
        if counts.left > 0 {
            let s = if counts.left == 1 { "" } else { "es" };
            parts.push(self.painted(&format!("{} process{s} left", counts.left), LEFT.1));
        }
        let ended = match all.len() {
            ended if ended < summary.tests => format!("{ended} of "),
            _ => String::new(),
        };
        let s = plural(summary.tests);
        format!(
            "{failures}\n{ended}{} test{s} in {}: {}\n",
            summary.tests,
            short(summary.duration),
            parts.join(", ")
        )
    }
}

/// Returns a line for each file and one for all of them. Names come last: they may be long.
pub(super) fn coverage_lines(covered: &Covered) -> Vec<String> {
    let files = covered.files.iter();
    let files = files.map(|file| (file.share(), text::line(&*file.name).to_string()));
    let all = (covered.share(), "all files".to_owned());
    let shares: Vec<(Share, String)> = files.chain([all]).collect();
    let counts = |share: &Share| format!("{}/{}", share.covered, share.lines);
    let width = shares.iter().map(|(share, _)| counts(share).len()).max();
    let width = width.unwrap_or(0);
    let line = |(share, name): &(Share, String)| {
        let (percent, tenth) = (share.per_mille() / 10, share.per_mille() % 10);
        format!("  {percent:3}.{tenth} %  {:>width$}  {name}", counts(share))
    };
    shares.iter().map(line).collect()
}

/// Adds the lines of a text, each in a line of its own.
fn add_lines(all: &mut String, indent: &str, lines: &str) {
    for line in lines.lines() {
        let tabs = line.len() - line.trim_start_matches('\t').len();
        let (tabs, rest) = line.split_at(tabs);
        *all += format!("{indent}{}{}", tabs.replace('\t', "  "), text::line(rest)).trim_end();
        *all += "\n";
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

/// Formats a duration.
fn short(duration: Duration) -> String {
    match duration.as_millis() {
        ms @ 0..1_000 => format!("{ms}ms"),
        _ => format!("{:.2}s", duration.as_secs_f64()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines() {
        let mut all = String::new();
        add_lines(&mut all, "  ", "a\x1b[2J\n\tb\r\n\nc");
        assert_eq!(all, "  a\\u{1b}[2J\n    b\n\n  c\n");
    }

    #[test]
    fn only_a_terminal_sees_colours() {
        let line = |fancy| Text::new(Look { fancy }).line("  ", OK, "sum", None);
        assert_eq!(line(false), "  ok      sum\n");
        assert_eq!(line(true), "  \x1b[32mok     \x1b[0m sum\n");
    }

    #[test]
    fn durations_are_short() {
        assert_eq!(short(Duration::from_micros(900)), "0ms");
        assert_eq!(short(Duration::from_millis(999)), "999ms");
        assert_eq!(short(Duration::from_millis(1_234)), "1.23s");
    }
}
