//! The report in the form of the Test Anything Protocol, version 13.

use warren::text;

use super::text::coverage_lines;
use super::{Reporter, Summary};
use crate::commands::test::outcome::{Failure, Point, Tested, Verdict};

/// Lines of TAP. The plan comes last: cases are known when they have run.
#[derive(Default)]
pub(super) struct Tap {
    points: usize,
}

impl Tap {
    fn point(&mut self, tested: &Tested, point: &Point<'_>) -> String {
        self.points += 1;
        let (word, directive) = match point.verdict {
            Verdict::Passed => ("ok", ""),
            Verdict::Skipped => ("ok", " # SKIP"),
            Verdict::Failed(_) | Verdict::NotRun => ("not ok", ""),
        };
        let name = description(&point.name(tested));
        let mut lines = format!("{word} {} - {name}{directive}\n", self.points);
        match point.verdict {
            Verdict::Failed(failure) => lines += &diagnostics(failure),
            Verdict::NotRun => lines += &diagnostics(&Failure::new("not run")),
            Verdict::Passed | Verdict::Skipped => {}
        }
        lines
    }
}

impl Reporter for Tap {
    fn start(&mut self, _tests: usize, _jobs: usize) -> String {
        "TAP version 13\n".to_owned()
    }

    fn tested(&mut self, tested: &Tested) -> String {
        let mut lines = String::new();
        for point in tested.points() {
            lines += &self.point(tested, &point);
        }
        for left in &tested.left {
            let process = format!("left: {} {}", left.pid, left.definition);
            lines += &format!("# {}\n", text::line(&process));
        }
        lines
    }

    fn end(&mut self, all: &[Tested], summary: &Summary) -> String {
        if all.len() < summary.tests {
            return format!("Bail out! {} of {} tests ended\n", all.len(), summary.tests);
        }
        let mut lines = String::new();
        if let Some(covered) = &summary.covered {
            for line in coverage_lines(covered) {
                lines += &format!("# coverage: {}\n", line.trim_start());
            }
        }
        lines + &format!("1..{}\n", self.points)
    }
}

/// Returns the description of a point: without the sign that begins a directive.
fn description(name: &str) -> String {
    text::line(name).to_string().replace('#', "\\#")
}

/// Returns a block of YAML that describes a failure.
fn diagnostics(failure: &Failure) -> String {
    let mut block = "  ---\n".to_owned();
    let mut literal = |key: &str, lines: &str| {
        block += &format!("  {key}: |-\n");
        for line in lines.lines() {
            block += format!("    {}", text::line(line)).trim_end();
            block += "\n";
        }
    };
    literal("message", &failure.message);
    if let Some(stack) = &failure.stack {
        literal("stack", stack);
    }
    for process in &failure.waiting {
        literal(
            "waiting",
            &format!("{} {}\n{}", process.pid, process.definition, process.stack),
        );
    }
    block + "  ...\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_directive() {
        assert_eq!(description("a # SKIP\nb"), "a \\# SKIP\\nb");
    }

    #[test]
    fn a_failure_is_a_block() {
        let failure = Failure::new("it fails\n...");
        assert_eq!(
            diagnostics(&failure),
            "  ---\n  message: |-\n    it fails\n    ...\n  ...\n"
        );
    }
}
