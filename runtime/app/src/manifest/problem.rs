//! The problems of a manifest, and their places.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use warren_kernel::text;

/// A manifest that cannot be used, with all its problems.
///
/// Displayed, it is one line per problem, each with file, line and column, for
/// the first [`ManifestError::MAX_SHOWN`] problems. The text and the spans are
/// for callers that show the place itself.
///
/// ```
/// use warren_app::{App, AppError, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// let manifest = directory.path().join("warren.toml");
/// std::fs::write(&manifest, "[hosts.\"app:workers\"]\nmax_process = 10\n")?;
/// let Err(AppError::Manifest(error)) = App::open(directory.path(), AppOptions::default()) else {
///     panic!("a key is misspelt");
/// };
/// assert_eq!((&error.path, error.problems.len()), (&manifest, 1));
/// assert!(error.to_string().ends_with("did you mean `max_processes`?"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ManifestError {
    /// The file, as the caller named its directory.
    pub path: PathBuf,
    /// Its text. What was not UTF-8 is replaced by U+FFFD.
    pub text: Arc<str>,
    /// At least one problem, in the order of the text.
    pub problems: Vec<Problem>,
}

/// One problem.
///
/// ```
/// use warren_app::{App, AppError, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// std::fs::write(directory.path().join("warren.toml"), "[apps]\nname = \"shop\"\n")?;
/// let Err(AppError::Manifest(error)) = App::open(directory.path(), AppOptions::default()) else {
///     panic!("a key is misspelt");
/// };
/// let problem = &error.problems[0];
/// assert_eq!(&error.text[problem.span.clone()], "apps");
/// assert_eq!(problem.message, "unknown key `apps`");
/// assert_eq!(problem.remedy.as_deref(), Some("did you mean `app`?"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The place, in bytes of the text.
    pub span: Range<usize>,
    /// One sentence that states the problem.
    pub message: String,
    /// The text that was expected at the place.
    pub label: String,
    /// The remedy, if there is one.
    pub remedy: Option<String>,
}

/// A place in a text. Both count from 1.
///
/// ```
/// use warren_app::{ManifestError, Position, Problem};
///
/// let error = ManifestError {
///     path: "shop/warren.toml".into(),
///     text: "[app]\nname = 7\n".into(),
///     problems: vec![Problem {
///         span: 13..14,
///         message: "the name is a number".into(),
///         label: "expected a string".into(),
///         remedy: None,
///     }],
/// };
/// assert_eq!(error.position(&error.problems[0]), Position { line: 2, column: 8 });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The column, in characters.
    pub column: usize,
}

/// Returns a line that counts the problems that are not shown, if there are
/// any.
pub fn more_problems(count: usize) -> Option<String> {
    let more = count.checked_sub(ManifestError::MAX_SHOWN + 1)? + 1;
    let problems = if more == 1 {
        "problem is"
    } else {
        "problems are"
    };
    Some(format!("{more} more {problems} not shown"))
}

impl ManifestError {
    /// Maximum number of problems shown; the others are only counted.
    pub const MAX_SHOWN: usize = 20;

    /// Returns the position at which a problem begins.
    pub fn position(&self, problem: &Problem) -> Position {
        let before = self.text.get(..problem.span.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Position {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

impl fmt::Display for ManifestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.problems.iter().take(Self::MAX_SHOWN).enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            let Position { line, column } = self.position(problem);
            write!(f, "{}:{line}:{column}: {problem}", text::path(&self.path))?;
        }
        match more_problems(self.problems.len()) {
            Some(more) => write!(f, "\n{more}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for ManifestError {}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", text::line(&self.message))?;
        if !self.label.is_empty() {
            write!(f, " ({})", text::line(&self.label))?;
        }
        match &self.remedy {
            Some(remedy) => write!(f, "; {}", text::line(remedy)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_first_problems_are_shown() {
        let problem = |at: usize| Problem {
            span: at..at + 1,
            message: format!("a\nb{at}"),
            label: String::new(),
            remedy: None,
        };
        let error = |count: usize| ManifestError {
            path: "m".into(),
            text: "x".repeat(count).into(),
            problems: (0..count).map(problem).collect(),
        };
        let shown = error(20).to_string();
        assert_eq!(shown.lines().count(), 20);
        assert!(shown.starts_with("m:1:1: a\\nb0\n"), "{shown}");
        let shown = error(21).to_string();
        assert!(shown.ends_with("\n1 more problem is not shown"), "{shown}");
        let shown = error(20_000).to_string();
        assert!(
            shown.ends_with("\n19980 more problems are not shown"),
            "{shown}"
        );
    }

    #[test]
    fn a_problem_has_line_and_column() {
        let error = ManifestError {
            path: "shop/warren.toml".into(),
            text: "[app]\nä = 1\n".into(),
            problems: vec![
                Problem {
                    span: 9..10,
                    message: "bad".into(),
                    label: "expected good".into(),
                    remedy: Some("be good".into()),
                },
                Problem {
                    span: 99..100,
                    message: "beyond".into(),
                    label: String::new(),
                    remedy: None,
                },
            ],
        };
        assert_eq!(
            error.to_string(),
            "shop/warren.toml:2:3: bad (expected good); be good\nshop/warren.toml:3:1: beyond"
        );
    }
}
