//! Messages about the end of a program.

use std::io;
use std::time::Duration;

use warren::app::{Code, Definition, Source};
use warren::{Details, Error, Field, Kind, Pid, ServiceError, Value, text};

use crate::exit::Exit;
use crate::report::excerpt::Excerpt;
use crate::report::failure::{Failure, Look};

/// Returns the failure of the program's first process.
pub(crate) fn main_failed(pid: &str, definition: &str, error: &Error) -> Failure {
    failure(
        Exit::Failed,
        error,
        format!("in process {pid} ({definition})"),
    )
}

/// Returns the failure for a first process that could not be started.
pub(crate) fn not_started(definition: &Definition, error: &Error) -> Failure {
    // The definition is gone since the program was opened; all other errors are
    // the program's own failures.
    let exit = match error.kind {
        Kind::NotFound => Exit::Usage,
        _ => Exit::Failed,
    };
    let excerpt = match &definition.code {
        Code::Lua(source) => place_of_syntax_error(source, error),
        // Messages about these show the place themselves.
        Code::Wasm(_) | Code::Native(_) => None,
    };
    let process = format!("{} was not started", definition.id);
    match excerpt {
        // The details are the place that the excerpt shows.
        Some(_) => Failure {
            excerpt,
            notes: vec![process],
            ..Failure::new(exit, message(error))
        },
        None => failure(exit, error, process),
    }
}

/// Returns the failure of a critical service.
pub(crate) fn service_failed(error: &ServiceError) -> Failure {
    let (name, happened, cause) = match error {
        ServiceError::NotStarted { name, error } => (name, "was not started".to_owned(), error),
        ServiceError::NotUp { name, error } => (name, "is not up".to_owned(), error),
        ServiceError::Gone { name, error } => (name, "cannot be restarted".to_owned(), error),
        ServiceError::Failed {
            name,
            restarts,
            error,
        } => {
            let s = if *restarts == 1 { "" } else { "s" };
            (name, format!("gave up after {restarts} restart{s}"), error)
        }
    };
    let cause = cause.clone().into();
    failure(
        Exit::Failed,
        &cause,
        format!("the service {name} {happened}"),
    )
}

/// Returns the warning of messages that waited at the end of the first process, and that
/// nobody has read; `None` if there are none.
pub(crate) fn unread(processes: &[(Pid, usize)]) -> Option<String> {
    /// Processes that are named.
    const NAMED: usize = 5;
    let messages: usize = processes.iter().map(|(_, messages)| messages).sum();
    let named: Vec<String> = processes
        .iter()
        .take(NAMED)
        .map(|(pid, messages)| format!("{pid} had {messages}"))
        .collect();
    let more = match processes.len().saturating_sub(NAMED) {
        0 => "",
        _ => ", and others",
    };
    let (s, was) = match messages {
        0 => return None,
        1 => ("", "was"),
        _ => ("s", "were"),
    };
    Some(format!(
        "{messages} message{s} {was} not read when the first process ended, and all others \
         with it: {}{more}; let the first process wait for the others",
        named.join(", ")
    ))
}

/// Returns the failure of standard output; `None` if its reader simply went
/// away.
pub(crate) fn output_lost(error: &io::Error) -> Option<Failure> {
    (error.kind() != io::ErrorKind::BrokenPipe).then(|| {
        let message = format!("standard output cannot be written: {error}");
        Failure::new(Exit::Failed, message)
    })
}

/// Returns the notice for a person at a terminal after the first Ctrl-C.
pub(crate) fn notice_of_stop(grace: Duration, look: Look) -> Option<String> {
    look.fancy.then(|| {
        format!("ending: processes have {grace:?} to finish; Ctrl-C again ends all at once\n")
    })
}

fn failure(exit: Exit, error: &Error, process: String) -> Failure {
    let mut notes = Vec::new();
    notes.extend(error.stack.clone());
    notes.extend(details(error));
    notes.push(process);
    Failure {
        notes,
        ..Failure::new(exit, message(error))
    }
}

/// Returns the message, with its kind if that adds information.
fn message(error: &Error) -> String {
    if let Some(words) = error.without_message() {
        return words;
    }
    match (&error.kind, error.message.trim()) {
        (Kind::Internal | Kind::Invalid | Kind::Unknown, message) => message.to_owned(),
        (kind, message) => format!("{message} ({})", kind.as_str()),
    }
}

/// Returns the line of a source at which the compiler has stopped.
fn place_of_syntax_error(source: &Source, error: &Error) -> Option<Excerpt> {
    let (file, line) = error.place()?;
    if file != &*source.name {
        return None;
    }
    let message = &*error.message;
    // Lua shortens a long name in its message.
    let reason = message.strip_prefix(&format!("{}:{line}:", text::line(file)));
    let line = usize::try_from(line).ok()?;
    let text = std::str::from_utf8(&source.bytes).ok()?;
    let before = text.split_inclusive('\n').take(line.checked_sub(1)?);
    let start: usize = before.map(str::len).sum();
    let shown = text[start..].lines().next()?;
    let indent = shown.len() - shown.trim_start().len();
    Some(Excerpt {
        name: source.name.to_string(),
        text: text.into(),
        span: start + indent..start + shown.trim_end().len().max(indent),
        label: reason.unwrap_or(message).trim().to_owned(),
    })
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
        // The author can decode the details no better than this.
        Details::Encoded(_) => shown(&warren::error_details(error)?),
    };
    Some(format!("details: {}", text::line(&text)))
}

/// Returns a value for people: JSON, as far as JSON has it.
fn shown(value: &Value) -> String {
    let joined = |parts: Vec<String>| parts.join(", ");
    match value {
        Value::Nil => "null".to_owned(),
        Value::Boolean(boolean) => boolean.to_string(),
        Value::Integer(integer) => integer.to_string(),
        Value::Float(float) => format!("{float:?}"),
        Value::String(text) => format!("{text:?}"),
        Value::Bytes(bytes) => format!("{:?}", String::from_utf8_lossy(bytes)),
        Value::Array(values) => format!("[{}]", joined(values.iter().map(shown).collect())),
        Value::Map(pairs) => {
            let pairs = pairs.iter();
            let pairs = pairs.map(|(key, value)| format!("{}: {}", shown(key), shown(value)));
            format!("{{{}}}", joined(pairs.collect()))
        }
        Value::Error(error) => format!("{:?}", error.message),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::report::failure::render;

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
    }

    #[test]
    fn an_error_without_text_is_one() {
        let message = |kind, text: &str| main_failed("p", "d", &Error::new(kind, text)).message;
        assert_eq!(message(Kind::Unknown, ""), "an error without a message");
        assert_eq!(
            message(Kind::Unknown, " \n\t"),
            "an error without a message"
        );
        assert_eq!(
            message(Kind::Internal, ""),
            "an error of kind Internal without a message"
        );
        assert_eq!(message(Kind::Unknown, "\nlow"), "low");
    }

    #[test]
    fn encoded_details_are_shown() {
        let value = serde_json::json!({"a": [1, 0.5, null, "x"]});
        let encoded = warren::values::to_value(&value).unwrap();
        let mut error = Error::internal("x");
        error.details = Some(Details::Encoded(encoded.as_slice().into()));
        let failure = main_failed("p", "d", &error);
        assert_eq!(failure.notes[0], r#"details: {"a": [1, 0.5, null, "x"]}"#);
    }

    #[test]
    fn errors_in_errors_are_shown_in_a_moment() {
        let mut nested = warren::values::Error::internal("leaf");
        for _ in 0..90 {
            nested = warren::values::Error::internal("m").with_details(&nested);
        }
        let mut error = Error::internal("x");
        error.details = Some(Details::Encoded(nested.details.into()));
        let failure = main_failed("p", "d", &error);
        assert_eq!(failure.notes[0], r#"details: "m""#);
    }

    fn definition(source: &str) -> Definition {
        Definition {
            id: "app:main".into(),
            code: Code::Lua(Source {
                name: "main.lua".into(),
                bytes: source.as_bytes().into(),
            }),
            method: "main".into(),
            host: None,
            grants: Arc::default(),
        }
    }

    #[test]
    fn only_a_program_that_is_gone_is_a_usage_error() {
        let exit = |error: Error| not_started(&definition(""), &error).exit;
        assert_eq!(exit(Error::not_found("x")), Exit::Usage);
        assert_eq!(exit(Error::invalid("x")), Exit::Failed);
        assert_eq!(exit(Error::new(Kind::RateLimited, "x")), Exit::Failed);
    }

    #[test]
    fn a_syntax_error_shows_its_line() {
        let definition = definition("local x\n  y = = 2\n");
        let failure = |file: &str, line: u64| {
            let message = "main.lua:2: unexpected symbol near '='";
            let error = Error::invalid(message)
                .with("file", file)
                .with("line", line);
            not_started(&definition, &error)
        };
        let shown = failure("main.lua", 2);
        let excerpt = shown.excerpt.unwrap();
        assert_eq!(&excerpt.text[excerpt.span], "y = = 2");
        assert_eq!(excerpt.label, "unexpected symbol near '='");
        assert_eq!(shown.notes, ["app:main was not started"]);
        for (file, line) in [("lib.lua", 2), ("main.lua", 9), ("main.lua", 0)] {
            assert!(failure(file, line).excerpt.is_none(), "{file}:{line}");
        }
        // The text of a message is no place.
        let without = not_started(&definition, &Error::invalid("main.lua:2: x"));
        assert!(without.excerpt.is_none());
    }

    #[test]
    fn a_message_of_several_lines_begins_with_its_first() {
        let failure = main_failed("p", "d", &Error::invalid("bad text\n --> 1:1"));
        assert_eq!(
            render(&failure, Look { fancy: false }),
            "error: bad text\n  |  --> 1:1\n  in process p (d)\n"
        );
    }

    #[test]
    fn unread_messages_are_counted() {
        let of = |counts: &[usize]| {
            let named = |(number, count): (usize, &usize)| (format!("p{number}").into(), *count);
            unread(&counts.iter().enumerate().map(named).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        assert_eq!(
            of(&[1]).unwrap(),
            "1 message was not read when the first process ended, and all others with it: p0 had \
             1; let the first process wait for the others"
        );
        let many = of(&[2; 7]).unwrap();
        assert!(many.starts_with("14 messages were not read"), "{many}");
        assert!(many.contains("p4 had 2, and others; let"), "{many}");
    }

    #[test]
    fn a_reader_that_went_away_is_no_failure() {
        assert!(output_lost(&io::ErrorKind::BrokenPipe.into()).is_none());
        assert!(output_lost(&io::ErrorKind::StorageFull.into()).is_some());
    }
}
