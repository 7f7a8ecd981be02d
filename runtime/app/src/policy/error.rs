//! The problems of a program's policies.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use miette::Diagnostic;

use super::file::File;
use crate::manifest::{ManifestError, Problem, more_problems};

/// Policies that cannot be used: at least one problem.
///
/// ```
/// use std::path::Path;
/// use warren_app::Policies;
///
/// let error = Policies::of([("starts", "permit ("), ("ends", "forbid (")]).unwrap_err();
/// assert!(error.to_string().starts_with("starts.cedar:1:"));
/// let last = error.problems.last().expect("there is a problem at least");
/// assert_eq!(last.path, Path::new("ends.cedar"));
/// ```
#[derive(Clone, Debug)]
pub struct PolicyError {
    /// The problems, in the order of the files.
    pub problems: Vec<PolicyProblem>,
}

/// One problem of a file of policies.
///
/// ```
/// use std::path::Path;
/// use warren_app::Policies;
///
/// let error = Policies::of([("starts", "permit (")]).unwrap_err();
/// let problem = &error.problems[0];
/// assert_eq!(problem.path, Path::new("starts.cedar"));
/// assert_eq!(&*problem.text, "permit (");
/// println!("{}: {}", problem.path.display(), problem.problem);
/// ```
#[derive(Clone, Debug)]
pub struct PolicyProblem {
    /// The file, as the caller named its directory; empty for a problem of no file.
    pub path: PathBuf,
    /// Its text.
    pub text: Arc<str>,
    /// The problem, and its place.
    pub problem: Problem,
}

/// Removes Cedar's own name of a statement from a message: `policy0`, since each
/// statement is read alone.
fn without_id(message: String) -> String {
    match message.strip_prefix("for policy `policy0`, ") {
        Some(rest) => rest.to_owned(),
        None => message,
    }
}

impl PolicyProblem {
    /// Converts Cedar's diagnostic for a part of a file, which starts at byte
    /// `start`, with the place it names.
    pub(crate) fn within(file: &File, start: usize, diagnostic: &dyn Diagnostic) -> PolicyProblem {
        let label = diagnostic.labels().and_then(|mut labels| labels.next());
        let span: Range<usize> = label.as_ref().map_or(start..start, |label| {
            let at = start.saturating_add(label.offset());
            at..at.saturating_add(label.len())
        });
        PolicyProblem {
            path: file.path.clone(),
            text: Arc::clone(&file.text),
            problem: Problem {
                span,
                message: without_id(diagnostic.to_string()),
                label: label
                    .and_then(|label| label.label().map(str::to_owned))
                    .unwrap_or_else(|| "here".to_owned()),
                remedy: diagnostic.help().map(|help| help.to_string()),
            },
        }
    }

    /// Returns a problem at a byte of a file.
    pub(crate) fn at(
        file: &File,
        at: usize,
        message: impl Into<String>,
        label: impl Into<String>,
    ) -> PolicyProblem {
        PolicyProblem {
            path: file.path.clone(),
            text: Arc::clone(&file.text),
            problem: Problem {
                span: at..at.saturating_add(1),
                message: message.into(),
                label: label.into(),
                remedy: None,
            },
        }
    }

    /// Returns a problem without a place of its own.
    pub(crate) fn whole(path: PathBuf, message: impl Into<String>) -> PolicyProblem {
        PolicyProblem {
            path,
            text: "".into(),
            problem: Problem {
                span: 0..0,
                message: message.into(),
                label: String::new(),
                remedy: None,
            },
        }
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self
            .problems
            .iter()
            .take(ManifestError::MAX_SHOWN)
            .enumerate()
        {
            if index > 0 {
                f.write_str("\n")?;
            }
            if problem.path.as_os_str().is_empty() {
                write!(f, "{}", problem.problem)?;
                continue;
            }
            let error = ManifestError {
                path: problem.path.clone(),
                text: Arc::clone(&problem.text),
                problems: vec![problem.problem.clone()],
            };
            write!(f, "{error}")?;
        }
        match more_problems(self.problems.len()) {
            Some(more) => write!(f, "\n{more}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for PolicyError {}
