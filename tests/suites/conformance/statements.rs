//! The statements of `docs/semantics.md`.

use std::collections::HashSet;
use std::fs;

use warren_tests::project;

/// The page of the statements.
const FILE: &str = "docs/semantics.md";

/// One numbered statement.
pub(crate) struct Statement {
    /// The statement's id, such as `D-3`.
    pub(crate) id: String,
    /// The statement's heading, such as `D: Delivery`.
    pub(crate) section: String,
    /// The Rust tests that show the statement, if it names any.
    pub(crate) tests: Vec<RustTest>,
}

/// A test somewhere in the project.
pub(crate) struct RustTest {
    file: String,
    function: String,
}

/// Reads all statements, in order.
///
/// # Errors
/// The file cannot be read; a statement out of place or numbered twice.
pub(crate) fn read() -> Result<Vec<Statement>, String> {
    let text = fs::read_to_string(project().join(FILE))
        .map_err(|error| format!("cannot read {FILE}: {error}"))?;
    parse(&text)
}

/// Reads all statements of a text.
///
/// # Errors
/// As [`read`].
pub(crate) fn parse(text: &str) -> Result<Vec<Statement>, String> {
    let mut statements: Vec<Statement> = Vec::new();
    let mut ids = HashSet::new();
    let mut section = "";
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(heading) = line.strip_prefix("## ") {
            section = heading;
        }
        let Some((id, rest)) = line
            .strip_prefix("- **")
            .and_then(|rest| rest.split_once("** "))
        else {
            continue;
        };
        let letter = id.split('-').next().unwrap_or_default();
        if !section.starts_with(&format!("{letter}: ")) {
            return Err(format!("{FILE}:{number}: {id} stands under {section:?}"));
        }
        if !ids.insert(id.to_owned()) {
            return Err(format!("{FILE}:{number}: {id} is there twice"));
        }
        statements.push(Statement {
            id: id.to_owned(),
            section: section.to_owned(),
            tests: rust_tests(rest),
        });
    }
    if statements.is_empty() {
        return Err(format!("{FILE} has no statement"));
    }
    Ok(statements)
}

impl Statement {
    /// Returns the statement's Rust tests that do not exist.
    pub(crate) fn missing_tests(&self) -> impl Iterator<Item = String> {
        self.tests.iter().filter_map(|test| {
            let text = fs::read_to_string(project().join(&test.file)).unwrap_or_default();
            let there = text.contains(&format!("fn {}(", test.function));
            (!there).then(|| format!("{}: {} has no {}", self.id, test.file, test.function))
        })
    }
}

/// Reads each ``(Rust: `FILE` `TEST`, `TEST`)`` of a statement.
fn rust_tests(statement: &str) -> Vec<RustTest> {
    let mut tests = Vec::new();
    for named in statement.split("(Rust: ").skip(1) {
        let mut quoted = named.split('`').skip(1).step_by(2);
        let file = quoted.next().unwrap_or_default();
        tests.extend(quoted.map(|function| RustTest {
            file: file.to_owned(),
            function: function.to_owned(),
        }));
    }
    tests
}
