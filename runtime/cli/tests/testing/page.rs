//! The examples of docs/testing.md: programs, and what `warren test` prints for them.

use std::fs;

use warren_tests::{Program, project};

use crate::support::{outcome, warren};

/// A program of the page with a command line and its output.
struct Example {
    files: Vec<(String, String)>,
    arguments: Vec<String>,
    output: String,
}

/// Returns the examples. A file behind an output begins another program.
fn examples(page: &str) -> Vec<Example> {
    let mut examples = Vec::new();
    let mut files: Vec<(String, String)> = Vec::new();
    let mut is_complete = false;
    for block in page.split("\n```").skip(1).step_by(2) {
        let (language, text) = block.split_once('\n').unwrap_or((block, ""));
        let text = format!("{text}\n");
        let first = text.lines().next().unwrap_or_default();
        let file = match language {
            "lua" => first.strip_prefix("-- "),
            "toml" => first.strip_prefix("# "),
            "console" => None,
            _ => continue,
        };
        if let Some(name) = file {
            if is_complete {
                files.clear();
                is_complete = false;
            }
            files.push((name.to_owned(), text));
            continue;
        }
        let command = first
            .strip_prefix("$ warren test")
            .unwrap_or_else(|| panic!("{first}"));
        is_complete = true;
        examples.push(Example {
            files: files.clone(),
            arguments: command.split_whitespace().map(str::to_owned).collect(),
            output: text
                .lines()
                .skip(1)
                .map(|line| format!("{line}\n"))
                .collect(),
        });
    }
    examples
}

/// Replaces what differs from run to run: times, numbers of PIDs and jobs.
fn without_numbers(text: &str) -> String {
    let mut shown = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(at);
        shown += before;
        let end = number.find(|c: char| !(c.is_ascii_digit() || c == '.'));
        let (digits, behind) = number.split_at(end.unwrap_or(number.len()));
        let is_time =
            behind.starts_with("ms") || behind.starts_with('s') && shown.ends_with(['(', ' ']);
        let is_varying = ["_ms\":", "\"jobs\":", "|0x"]
            .iter()
            .any(|end| shown.ends_with(end));
        if is_time || is_varying {
            // A time may be in seconds on a slow machine.
            shown.push('N');
            rest = behind
                .strip_prefix('m')
                .filter(|_| is_time)
                .unwrap_or(behind);
        } else if digits == "0" && behind.starts_with('x') {
            // The beginning of a PID's number.
            shown += "0x";
            rest = &behind[1..];
        } else {
            shown += digits;
            rest = behind;
        }
    }
    shown + rest
}

#[test]
fn the_examples_of_the_page_run() {
    let page = fs::read_to_string(project().join("docs/testing.md"));
    let page = page.unwrap_or_else(|error| panic!("{error}"));
    let examples = examples(&page);
    assert_eq!(examples.len(), 8);
    for example in examples {
        let files: Vec<_> = example
            .files
            .iter()
            .map(|(name, text)| (name.as_str(), text))
            .collect();
        let program = Program::of(&files);
        let arguments = ["test".to_owned()].into_iter().chain(example.arguments);
        let arguments: Vec<_> = arguments.collect();
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let status = i32::from(example.output.contains("FAILED"));
        let ended = outcome(warren(program.path(), &arguments)).ends_with(status);
        let (printed, stated) = (
            without_numbers(ended.text()),
            without_numbers(&example.output),
        );
        assert_eq!(printed, stated, "{ended}");
    }
}

#[test]
fn numbers_that_vary_are_left_out() {
    for (text, shown) in [
        ("ok x (4ms)", "ok x (Ns)"),
        ("in 1.25s: 1 passed", "in Ns: 1 passed"),
        ("{a|0x00003}", "{a|0xN}"),
        (
            "\"duration_ms\":3.25,\"jobs\":2}",
            "\"duration_ms\":N,\"jobs\":N}",
        ),
        ("x.lua:3: {1, 2}", "x.lua:3: {1, 2}"),
    ] {
        assert_eq!(without_numbers(text), shown);
    }
}
