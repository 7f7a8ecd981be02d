//! The statements of a policy, each read and validated as a text of its own.

use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, OnceLock};

use cedar_policy::{Policy, PolicyId, PolicySet, ValidationMode, Validator};
use warren_engine::security::Reuse;

use super::reuse::reuse;
use crate::policy::bounds::Validation;
use crate::policy::error::{PolicyError, PolicyProblem};
use crate::policy::file::File;
use crate::policy::scan::{first_token, statements};

/// Problems after which a file is not checked further. Each statement is
/// checked for each kind of request, and few problems are shown.
pub(super) const MAX_PROBLEMS: usize = 1_000;

/// The statements of one policy.
pub(super) struct Statements {
    pub(super) text: Arc<str>,
    pub(super) all: Vec<Statement>,
    /// Bytes of each statement that was validated.
    lengths: Vec<usize>,
    /// The statements as Cedar judges by them alone, made at the first use.
    pub(super) alone: OnceLock<PolicySet>,
}

/// A `permit` or `forbid`.
pub(super) struct Statement {
    pub(super) policy: Policy,
    /// The subjects for which an answer of the statement may be reused.
    pub(super) reuse: Reuse,
}

impl Statements {
    /// Takes the validation that these statements needed. Returns false, and takes nothing,
    /// if there is too little left.
    pub(super) fn take_again(&self, validation: &mut Validation) -> bool {
        let mut left = validation.clone();
        let fits = self.lengths.iter().all(|bytes| left.take(*bytes).is_ok());
        if fits {
            *validation = left;
        }
        fits
    }

    /// Gives back the validation that these statements needed.
    pub(super) fn give_back(&self, validation: &mut Validation) {
        for bytes in &self.lengths {
            validation.give_back(*bytes);
        }
    }
}

/// Statements with the id of their policy.
type Named = (Arc<str>, Arc<Statements>);

/// Reads the statements of files, by their ids.
pub(super) fn read_all(
    files: &[File],
    validator: &Validator,
    validation: &mut Validation,
) -> Result<Vec<Named>, PolicyError> {
    let mut all = Vec::with_capacity(files.len());
    let mut problems = Vec::new();
    for file in files {
        match read(file, validator, validation) {
            Ok(statements) => all.push((file.id.as_str().into(), Arc::new(statements))),
            Err(error) => problems.extend(error.problems),
        }
    }
    match problems.is_empty() {
        true => Ok(all),
        false => Err(PolicyError { problems }),
    }
}

/// Reads the statements of a file, each validated as a text of its own.
pub(super) fn read(
    file: &File,
    validator: &Validator,
    validation: &mut Validation,
) -> Result<Statements, PolicyError> {
    let mut position = Position::default();
    let mut all = Vec::new();
    let mut lengths = Vec::new();
    let mut problems = Vec::new();
    for range in statements(&file.text) {
        if problems.len() >= MAX_PROBLEMS {
            break;
        }
        let text = &file.text[range.clone()];
        if let Err(message) = validation.take(text.len()) {
            problems.push(PolicyProblem::at(
                file,
                range.start + first_token(text),
                message,
                "the limit is reached here",
            ));
            break;
        }
        lengths.push(text.len());
        let problem = |diagnostic: &dyn miette::Diagnostic| {
            PolicyProblem::within(file, range.start, diagnostic)
        };
        let set = match PolicySet::from_str(text) {
            Ok(set) => set,
            Err(errors) => {
                problems.extend(errors.iter().map(|error| problem(error)));
                continue;
            }
        };
        let start = range.start + first_token(text);
        if set.templates().next().is_some() {
            let message = "`?principal` and `?resource` are not allowed";
            problems.push(PolicyProblem::at(file, start, message, "here"));
            continue;
        }
        let result = validator.validate(&set, ValidationMode::Strict);
        problems.extend(result.validation_errors().map(|error| problem(error)));
        position.go_to(&file.text, start);
        let id = PolicyId::new(format!("{}.cedar:{position}", file.id));
        all.extend(set.policies().map(|policy| Statement {
            policy: policy.new_id(id.clone()),
            reuse: reuse(policy),
        }));
    }
    if problems.is_empty() {
        Ok(Statements {
            text: Arc::clone(&file.text),
            all,
            lengths,
            alone: OnceLock::new(),
        })
    } else {
        Err(PolicyError { problems })
    }
}

/// A position that moves forward through a text: `LINE:COLUMN`, both from 1.
#[derive(Default)]
struct Position {
    at: usize,
    lines: usize,
    /// Characters since the last newline.
    characters: usize,
}

impl Position {
    fn go_to(&mut self, text: &str, at: usize) {
        let passed = text.get(self.at..at).unwrap_or_default();
        match passed.rfind('\n') {
            Some(newline) => {
                self.lines += passed.matches('\n').count();
                self.characters = passed[newline + 1..].chars().count();
            }
            None => self.characters += passed.chars().count(),
        }
        self.at = at;
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.lines + 1, self.characters + 1)
    }
}
