//! The report as a file of XML in the form of JUnit, which servers of builds read.

use std::fmt::Write as _;
use std::time::Duration;

use super::Summary;
use crate::commands::test::outcome::{Failure, Point, Tested, Verdict};

/// Returns the file.
pub(in crate::commands::test) fn file(all: &[Tested], summary: &Summary) -> String {
    let mut suites: Vec<(&str, Vec<&Tested>)> = Vec::new();
    for tested in all {
        let suite = &*tested.test.suite;
        match suites.last_mut() {
            Some((name, tests)) if *name == suite => tests.push(tested),
            _ => suites.push((suite, vec![tested])),
        }
    }
    let counts = summary.counts;
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"warren test\" tests=\"{}\" failures=\"{}\" time=\"{}\">\n",
        counts.passed + counts.failed + counts.skipped + counts.not_run,
        counts.failed + counts.not_run,
        seconds(summary.duration)
    );
    for (name, tests) in suites {
        suite(&mut xml, name, &tests);
    }
    xml + "</testsuites>\n"
}

fn suite(xml: &mut String, name: &str, tests: &[&Tested]) {
    let points = || tests.iter().flat_map(|tested| tested.points());
    let failed = |point: &Point<'_>| matches!(point.verdict, Verdict::Failed(_) | Verdict::NotRun);
    let skipped = |point: &Point<'_>| matches!(point.verdict, Verdict::Skipped);
    let duration: Duration = tests.iter().map(|tested| tested.duration).sum();
    // Writing to a text cannot fail.
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" skipped=\"{}\" time=\"{}\">",
        escaped(name),
        points().count(),
        points().filter(failed).count(),
        points().filter(skipped).count(),
        seconds(duration)
    );
    for tested in tests {
        for point in tested.points() {
            case(xml, tested, &point);
        }
    }
    *xml += "  </testsuite>\n";
}

fn case(xml: &mut String, tested: &Tested, point: &Point<'_>) {
    let name = point
        .case
        .map_or_else(|| tested.test.name.to_string(), |case| case.full_name());
    let _ = write!(
        xml,
        "    <testcase classname=\"{}\" name=\"{}\" time=\"{}\"",
        escaped(&tested.test.id),
        escaped(&name),
        seconds(point.duration.unwrap_or_default())
    );
    let inner = match point.verdict {
        Verdict::Passed => String::new(),
        Verdict::Skipped => "      <skipped/>\n".to_owned(),
        Verdict::NotRun => "      <failure message=\"not run\"/>\n".to_owned(),
        Verdict::Failed(failure) => failed(failure),
    };
    // The processes that a test has left are told with its last point.
    let left = match tested.points().len() == point.number {
        true => left(tested),
        false => String::new(),
    };
    *xml += &match (inner + &left).as_str() {
        "" => "/>\n".to_owned(),
        inner => format!(">\n{inner}    </testcase>\n"),
    };
}

fn failed(failure: &Failure) -> String {
    let first = failure.message.lines().next().unwrap_or_default();
    let mut text = failure.message.clone();
    if let Some(stack) = &failure.stack {
        text += &format!("\n{stack}");
    }
    for process in &failure.waiting {
        text += &format!(
            "\n{} {}\n{}",
            process.pid, process.definition, process.stack
        );
    }
    format!(
        "      <failure message=\"{}\">{}</failure>\n",
        escaped(first),
        escaped(&text)
    )
}

fn left(tested: &Tested) -> String {
    if tested.left.is_empty() {
        return String::new();
    }
    let processes = tested.left.iter().map(|left| {
        let mut process = format!("left: {} {}", left.pid, left.definition);
        if !left.names.is_empty() {
            process += &format!(", named {}", left.names.join(", "));
        }
        process
    });
    let processes: Vec<String> = processes.collect();
    format!(
        "      <system-out>{}</system-out>\n",
        escaped(&processes.join("\n"))
    )
}

fn seconds(duration: Duration) -> String {
    format!("{:.3}", duration.as_secs_f64())
}

/// Returns text for an attribute or an element. Characters that XML cannot have are
/// replaced.
fn escaped(text: &str) -> String {
    let mut all = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => all += "&amp;",
            '<' => all += "&lt;",
            '>' => all += "&gt;",
            '"' => all += "&quot;",
            '\t' | '\n' | '\r' => {
                let _ = write!(all, "&#{};", u32::from(char));
            }
            '\0'..='\x1f' | '\u{fffe}' | '\u{ffff}' => all.push('\u{fffd}'),
            other => all.push(other),
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_valid_in_xml() {
        assert_eq!(
            escaped("a<b> & \"c\"\n\x1b\u{ffff}ü"),
            "a&lt;b&gt; &amp; &quot;c&quot;&#10;\u{fffd}\u{fffd}ü"
        );
    }
}
