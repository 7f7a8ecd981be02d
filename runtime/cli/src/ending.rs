//! How a program ended, told to whoever ran it.

use std::io;
use std::time::Duration;

use warren::{Details, Error, Field, Kind};

use crate::diagnostics::{Failure, Look};
use crate::exit::Exit;

/// The program's first process failed.
pub(crate) fn main_failed(pid: &str, definition: &str, error: &Error) -> Failure {
    let mut notes: Vec<String> = error.stack.iter().cloned().collect();
    notes.extend(details(error));
    notes.push(format!("in process {pid} ({definition})"));
    Failure {
        notes,
        ..Failure::new(Exit::Failed, message(error))
    }
}

/// The program's first process could not be started.
pub(crate) fn not_started(definition: &str, error: &Error) -> Failure {
    // Gone since it was opened; everything else is the program's own failure.
    let exit = match error.kind {
        Kind::NotFound => Exit::Usage,
        _ => Exit::Failed,
    };
    let mut notes: Vec<String> = error.stack.iter().cloned().collect();
    notes.extend(details(error));
    notes.push(format!("{definition} was not started"));
    Failure {
        notes,
        ..Failure::new(exit, message(error))
    }
}

/// Standard output failed; none where its reader simply went away.
pub(crate) fn output_lost(error: &io::Error) -> Option<Failure> {
    (error.kind() != io::ErrorKind::BrokenPipe).then(|| {
        let message = format!("standard output cannot be written: {error}");
        Failure::new(Exit::Failed, message)
    })
}

/// What a person at a terminal reads after the first Ctrl-C.
pub(crate) fn notice_of_stop(grace: Duration, look: Look) -> Option<String> {
    look.fancy.then(|| {
        format!("ending: processes have {grace:?} to finish; Ctrl-C again ends all at once\n")
    })
}

/// The message, with its kind where that says something.
fn message(error: &Error) -> String {
    match (&error.kind, error.message.as_str()) {
        (Kind::Internal | Kind::Invalid | Kind::Unknown, message) if !message.is_empty() => {
            message.to_owned()
        }
        (kind, "") => format!("an error of kind {} without a message", kind.as_str()),
        (kind, message) => format!("{message} ({})", kind.as_str()),
    }
}

fn details(error: &Error) -> Option<String> {
    let text = match error.details.as_ref()? {
        Details::Fields(fields) => {
            let fields: Vec<String> = fields
                .iter()
                .map(|(name, field)| match field {
                    Field::Text(text) => format!("{name} = {text}"),
                    Field::Number(number) => format!("{name} = {number}"),
                })
                .collect();
            fields.join(", ")
        }
        // Its author can decode what is shown of it no better than this.
        Details::Encoded(bytes) => rmpv::decode::read_value(&mut &**bytes).ok()?.to_string(),
    };
    Some(format!("details: {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnostics::render;

    #[test]
    fn a_failure_of_main_has_traceback_details_and_pid() {
        let mut error = Error::internal("main.lua:3: boom").with("limit", 7_u64);
        error.stack = Some("stack traceback:\n\tmain.lua:3: in main".into());
        let failure = main_failed("{app:processes|0x00001}", "app:main", &error);
        assert_eq!(failure.exit, Exit::Failed);
        assert_eq!(
            render(&failure, Look { fancy: false }),
            "error: main.lua:3: boom\n  stack traceback:\n  \tmain.lua:3: in main\n  \
             details: limit = 7\n  in process {app:processes|0x00001} (app:main)\n"
        );
    }

    #[test]
    fn a_kind_that_says_something_is_shown() {
        let error = Error::new(Kind::Timeout, "no answer");
        assert_eq!(main_failed("p", "d", &error).message, "no answer (Timeout)");
        assert_eq!(main_failed("p", "d", &Error::invalid("x")).message, "x");
        let empty = Error::new(Kind::Internal, "");
        assert!(!main_failed("p", "d", &empty).message.is_empty());
    }

    #[test]
    fn encoded_details_are_shown() {
        let mut bytes = Vec::new();
        let value = rmpv::Value::Map(vec![("a".into(), 1.into())]);
        rmpv::encode::write_value(&mut bytes, &value).unwrap();
        let mut error = Error::internal("x");
        error.details = Some(Details::Encoded(bytes.into()));
        let failure = main_failed("p", "d", &error);
        assert_eq!(failure.notes[0], r#"details: {"a": 1}"#);
    }

    #[test]
    fn only_a_program_that_is_gone_is_a_usage_error() {
        assert_eq!(not_started("d", &Error::not_found("x")).exit, Exit::Usage);
        assert_eq!(not_started("d", &Error::invalid("x")).exit, Exit::Failed);
        assert_eq!(
            not_started("d", &Error::rate_limited("x")).exit,
            Exit::Failed
        );
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert!(output_lost(&io::ErrorKind::BrokenPipe.into()).is_none());
        assert!(output_lost(&io::ErrorKind::StorageFull.into()).is_some());
    }
}
