//! The tests that a command line names.

use std::path::Path;

use warren::app::{App, AppError, Test};
use warren::text;

use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::opening;

/// Returns the tests of a program whose ids contain one of the patterns; all without a
/// pattern. A file is the only test of its program.
pub(super) fn tests(
    app: &App,
    path: &Path,
    patterns: &[String],
) -> Result<Vec<Test>, Box<Failure>> {
    let mut tests = app.tests();
    if path.is_file() {
        tests.retain(|test| test.id == *app.main());
    }
    if tests.is_empty() {
        return Err(Box::new(no_tests(path)));
    }
    if !patterns.is_empty() {
        tests.retain(|test| patterns.iter().any(|pattern| test.id.contains(pattern)));
    }
    if tests.is_empty() {
        let patterns: Vec<_> = patterns
            .iter()
            .map(|pattern| format!("`{}`", text::quoted(pattern)))
            .collect();
        return Err(Box::new(Failure::new(
            Exit::Usage,
            format!("no test has an id that contains {}", patterns.join(" or ")),
        )));
    }
    Ok(tests)
}

/// Returns the failures for a program that cannot be opened.
pub(super) fn failures_of_opening(path: &Path, error: &AppError) -> Vec<Failure> {
    // Neither a test nor anything else.
    if matches!(error, AppError::NoMain { .. }) {
        return vec![no_tests(path)];
    }
    let mut failures = opening::failures(error);
    if let (false, [failure]) = (path.exists(), &mut failures[..]) {
        let shown = text::path(path);
        failure.help = Some(format!(
            "to run the tests whose id contains `{shown}`, use `warren test . {shown}`"
        ));
    }
    failures
}

fn no_tests(path: &Path) -> Failure {
    let help = "a test is a definition in a file whose name ends in `_test`, such as \
                `main_test.lua`, or in a directory `test`, or with `test = {}` in its table of \
                the manifest";
    Failure {
        help: Some(help.to_owned()),
        ..Failure::new(Exit::Usage, format!("{}: no tests", text::path(path)))
    }
}
