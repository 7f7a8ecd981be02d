//! The failures of commands that ask a running program: on standard error for people, or as
//! JSON on standard output, as the program itself answers.

use serde::Serialize;
use warren::Kind;

use super::Answer;
use super::client::{Client, Lost};
use crate::exit::Exit;
use crate::report::failure::Failure;
use crate::report::{processes, stdout};

/// A failure as JSON.
#[derive(Serialize)]
struct Told<'a> {
    error: Fault<'a>,
}

#[derive(Serialize)]
struct Fault<'a> {
    kind: &'a str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    help: Option<&'a str>,
}

/// Returns the result of a command. If it prints JSON, a failure is printed, too.
pub(crate) fn told(
    result: Result<Exit, Box<Failure>>,
    as_json: bool,
) -> Result<Exit, Box<Failure>> {
    let failure = match result {
        Err(failure) if as_json => failure,
        other => return other,
    };
    let error = Fault {
        kind: kind(&failure).as_str(),
        message: &failure.message,
        help: failure.help.as_deref(),
    };
    stdout::print(&processes::json(&Told { error }), failure.exit)
}

/// Tells that a request has failed. A refusal is the failure that `refused` makes of its
/// message, or the program's own answer if the command prints JSON.
pub(crate) fn lost(
    lost: Lost,
    client: &Client,
    as_json: bool,
    refused: fn(&str) -> Failure,
) -> Result<Exit, Box<Failure>> {
    match lost {
        Lost::Refused {
            kind,
            message,
            problems,
        } if as_json => {
            let answer = Answer::Error {
                kind,
                message,
                problems,
            };
            stdout::print(&processes::json(&answer), Exit::Failed)
        }
        Lost::Refused { message, .. } => Err(Box::new(refused(&message))),
        lost => Err(Box::new(lost.failure(client.path()))),
    }
}

/// Returns the kind of a failure: of one that is not the program's, by its exit.
fn kind(failure: &Failure) -> &Kind {
    match (&failure.kind, failure.exit) {
        (Some(kind), _) => kind,
        (None, Exit::Usage) => &Kind::Invalid,
        (None, _) => &Kind::Unavailable,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_has_the_kind_of_its_answer_or_of_its_exit() {
        let of = |failure: Failure| kind(&failure).as_str().to_owned();
        assert_eq!(of(Failure::new(Exit::Usage, "x")), "Invalid");
        assert_eq!(of(Failure::new(Exit::Failed, "x")), "Unavailable");
        let answered = Failure {
            kind: Some(Kind::RateLimited),
            ..Failure::new(Exit::Failed, "x")
        };
        assert_eq!(of(answered), "RateLimited");
    }
}
