//! MessagePack that the runtime itself writes and reads: structured errors, events,
//! outcomes, spawn options. `docs/guest-abi.md` defines the format. Messages between
//! processes are never decoded here.

pub(crate) mod check;
pub(crate) mod reader;

use std::collections::BTreeMap;
use std::sync::Arc;

use rmp::encode;
use rmpv::Value;
use warren_kernel::{Details, Error, Event, Field, Kind, Outcome, Timestamp};

/// The ext type of a structured error.
pub(crate) const ERROR: i8 = 1;

/// The ext type of JSON's null. Readers without such a value read it as nil.
const NULL: i8 = 2;

/// Deepest nesting that [`read`] accepts.
const MAX_DEPTH: usize = 110;

/// Encodes an error as one value.
pub(crate) fn error(error: &Error) -> Vec<u8> {
    written(|out| out.error(error))
}

/// Encodes the outcome of a process as one value: `{value}`, `{error, cause}` or an
/// empty map.
pub(crate) fn outcome(outcome: &Outcome) -> Vec<u8> {
    written(|out| out.outcome(outcome))
}

/// Encodes an event as one value.
pub(crate) fn event(event: &Event) -> Vec<u8> {
    // Room for all but long results and reasons, so that the vector does not grow six times.
    let mut out = Writer(Vec::with_capacity(192));
    out.event(event);
    out.0
}

/// Encodes an array that holds this one encoded value.
pub(crate) fn one(value: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 1);
    out.push(0x91);
    out.extend_from_slice(value);
    out
}

/// Encodes an array of encoded values.
pub(crate) fn array<'a>(values: impl Iterator<Item = &'a [u8]>) -> Vec<u8> {
    let (mut count, mut bytes) = (0, Vec::new());
    for value in values {
        count += 1;
        bytes.extend_from_slice(value);
    }
    written(|out| {
        out.array(count);
        out.raw(&bytes);
    })
}

/// Encodes a map of encoded values.
pub(crate) fn map(values: &BTreeMap<String, Arc<[u8]>>) -> Vec<u8> {
    let values = values.iter().map(|(key, value)| (&**key, &**value));
    written(|out| out.pairs(values))
}

/// Encodes a map of encoded values in the order given.
pub(crate) fn pairs(values: &[(&str, &[u8])]) -> Vec<u8> {
    written(|out| out.pairs(values.iter().copied()))
}

/// Encodes an error's details as one value.
pub(crate) fn details(details: &Details) -> Vec<u8> {
    written(|out| out.details(details))
}

/// Encodes text as one value.
pub(crate) fn text(text: &str) -> Vec<u8> {
    written(|out| out.str(text))
}

/// Nil, encoded.
const NIL: &[u8] = &[0xc0];

/// The empty array, encoded.
pub(crate) const NO_VALUES: &[u8] = &[0x90];

/// Reads an encoded structured error.
///
/// # Errors
///
/// A description of the first fault of the bytes.
pub(crate) fn read_error(bytes: &[u8]) -> Result<Error, String> {
    check::value(bytes).map_err(|error| error.to_string())?;
    match reader::ext(bytes) {
        Some((ERROR, payload)) => read_error_payload(payload),
        _ => Err("not a structured error (ext type 1)".into()),
    }
}

/// Reads one value that spans all the bytes.
///
/// # Errors
///
/// A description of the first fault of the bytes.
pub(crate) fn read(mut bytes: &[u8]) -> Result<Value, String> {
    let value = rmpv::decode::read_value_with_max_depth(&mut bytes, MAX_DEPTH)
        .map_err(|e| format!("not MessagePack: {e}"))?;
    if bytes.is_empty() {
        Ok(value)
    } else {
        Err(check::Malformed::Trailing(bytes.len()).to_string())
    }
}

/// Encodes a decoded value again.
pub(crate) fn encode(value: &Value) -> Arc<[u8]> {
    let mut out = Vec::new();
    // Writing to a vector cannot fail.
    let _ = rmpv::encode::write_value(&mut out, value);
    out.into()
}

/// Returns the bytes that `write` writes.
fn written(write: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut out = Writer(Vec::new());
    write(&mut out);
    out.0
}

/// Reads the payload of the ext type of an encoded structured error.
///
/// # Errors
///
/// A description of the first fault of the bytes.
pub(crate) fn read_error_payload(payload: &[u8]) -> Result<Error, String> {
    let payload =
        reader::whole(payload).map_err(|error| format!("the payload of the error: {error}"))?;
    let Some(fields) = reader::elements(payload) else {
        return Err("the payload of the error is not an array".into());
    };
    // A newer SDK may write more fields than these.
    let fields: Vec<_> = fields.take(6).collect();
    let field = |i: usize| fields.get(i).copied().unwrap_or(NIL);
    let text = |i: usize| Some(String::from_utf8_lossy(reader::string(field(i))?).into_owned());
    let (Some(kind), Some(message)) = (text(0), text(1)) else {
        return Err("the error has no kind or no message".into());
    };
    Ok(Error {
        kind: Kind::from(kind.as_str()),
        message,
        retryable: reader::boolean(field(2)),
        details: (field(3) != NIL).then(|| Details::Encoded(field(3).into())),
        stack: text(4),
        contexts: contexts(field(5)),
    })
}

/// Reads the contexts of an error. What is no list of texts has none.
fn contexts(field: &[u8]) -> Box<[String]> {
    let text = |element| Some(String::from_utf8_lossy(reader::string(element)?).into_owned());
    let texts = reader::elements(field).map(|elements| elements.map(text).collect());
    texts.flatten().unwrap_or_default()
}

/// Writes MessagePack to memory, which cannot fail.
struct Writer(Vec<u8>);

impl Writer {
    fn map(&mut self, len: usize) {
        let _ = encode::write_map_len(&mut self.0, length(len));
    }

    fn array(&mut self, len: usize) {
        let _ = encode::write_array_len(&mut self.0, length(len));
    }

    fn str(&mut self, text: &str) {
        let _ = encode::write_str(&mut self.0, text);
    }

    fn nil(&mut self) {
        let _ = encode::write_nil(&mut self.0);
    }

    /// Writes a map of encoded values.
    fn pairs<'a>(&mut self, pairs: impl ExactSizeIterator<Item = (&'a str, &'a [u8])>) {
        self.map(pairs.len());
        for (key, value) in pairs {
            self.str(key);
            self.raw(value);
        }
    }

    /// Writes an encoded value.
    fn raw(&mut self, value: &[u8]) {
        self.0.extend_from_slice(value);
    }

    fn details(&mut self, details: &Details) {
        match details {
            Details::Encoded(value) => self.raw(value),
            Details::Fields(fields) => {
                self.map(fields.len());
                for (name, field) in fields {
                    self.str(name);
                    match field {
                        Field::Text(text) => self.str(text),
                        Field::Number(number) => {
                            let _ = encode::write_uint(&mut self.0, *number);
                        }
                    }
                }
            }
        }
    }

    fn error(&mut self, error: &Error) {
        let mut payload = Writer(Vec::new());
        let wrapped = !error.contexts.is_empty();
        payload.array(5 + usize::from(wrapped));
        payload.str(error.kind.as_str());
        payload.str(&error.message);
        match error.retryable {
            Some(known) => {
                let _ = encode::write_bool(&mut payload.0, known);
            }
            None => payload.nil(),
        }
        match &error.details {
            Some(details) => payload.details(details),
            None => payload.nil(),
        }
        match &error.stack {
            Some(stack) => payload.str(stack),
            None => payload.nil(),
        }
        if wrapped {
            payload.array(error.contexts.len());
            for context in &error.contexts {
                payload.str(context);
            }
        }
        let _ = encode::write_ext_meta(&mut self.0, length(payload.0.len()), ERROR);
        self.raw(&payload.0);
    }

    fn outcome(&mut self, outcome: &Outcome) {
        match outcome {
            Outcome::Returned(None) => self.map(0),
            Outcome::Returned(Some(value)) => {
                self.map(1);
                self.str("value");
                self.raw(value);
            }
            Outcome::Failed(error) => {
                self.map(2);
                self.str("error");
                self.str(&error.message);
                self.str("cause");
                self.error(error);
            }
        }
    }

    fn event(&mut self, event: &Event) {
        let (kind, from, at) = match event {
            Event::Cancel { from, at, .. } => ("pid.cancel", from.as_ref(), at),
            Event::Exit { from, at, .. } => ("pid.exit", Some(from), at),
            Event::LinkDown { from, at, .. } => ("pid.link.down", Some(from), at),
            Event::Outdated { at, .. } => ("pid.outdated", None, at),
            Event::NodeUp { at, .. } => ("node.up", None, at),
            Event::NodeDown { at, .. } => ("node.down", None, at),
            Event::NameLost { at, .. } => ("name.lost", None, at),
        };
        let more = match event {
            Event::Cancel {
                deadline, reason, ..
            } => usize::from(deadline.is_some()) + usize::from(reason.is_some()),
            Event::Exit { .. }
            | Event::LinkDown { .. }
            | Event::Outdated { .. }
            | Event::NodeUp { .. }
            | Event::NodeDown { .. }
            | Event::NameLost { .. } => 1,
        };
        self.map(2 + usize::from(from.is_some()) + more);
        self.str("kind");
        self.str(kind);
        if let Some(from) = from {
            self.str("from");
            self.str(from.as_str());
        }
        self.str("at");
        self.str(&rfc3339(*at));
        match event {
            Event::Cancel {
                deadline, reason, ..
            } => {
                if let Some(deadline) = deadline {
                    self.str("deadline");
                    self.str(&rfc3339(*deadline));
                }
                if let Some(reason) = reason {
                    self.str("reason");
                    self.str(reason);
                }
            }
            Event::Exit { outcome, .. } | Event::LinkDown { outcome, .. } => {
                self.str("result");
                self.outcome(outcome);
            }
            Event::Outdated { sources, .. } => {
                self.str("sources");
                self.array(sources.len());
                for source in sources {
                    self.str(source);
                }
            }
            Event::NodeUp { node, .. } | Event::NodeDown { node, .. } => {
                self.str("node");
                self.str(node);
            }
            Event::NameLost { name, .. } => {
                self.str("name");
                self.str(name);
            }
        }
    }
}

fn rfc3339(at: Timestamp) -> String {
    jiff::Timestamp::from_nanosecond(at.0.into()).map_or_else(|_| String::new(), |t| t.to_string())
}

/// Converts a length. MessagePack lengths have 32 bits; nothing that the runtime writes
/// comes near.
fn length(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_survives_the_wire() {
        let written = Error {
            kind: Kind::Other("Shop".into()),
            message: "sold: out".into(),
            retryable: Some(true),
            details: Some(Details::Encoded(encode(&Value::from(7)))),
            stack: Some("main.lua:3".into()),
            contexts: ["sold".into()].into(),
        };
        assert_eq!(read_error(&error(&written)), Ok(written));
    }

    #[test]
    fn fields_are_a_map_for_the_reader() {
        let limit = Error::new(Kind::RateLimited, "full")
            .with("host", "app:processes")
            .with("limit", 3);
        let read = read_error(&error(&limit)).expect("what was written reads");
        let Some(Details::Encoded(details)) = read.details else {
            panic!("details are lost");
        };
        let expected = Value::Map(vec![
            ("host".into(), "app:processes".into()),
            ("limit".into(), 3.into()),
        ]);
        assert_eq!(super::read(&details), Ok(expected));
    }

    #[test]
    fn bytes_that_are_no_error_are_refused() {
        for bytes in [
            &b""[..],
            b"\xc0",
            b"\xc7\x01\x01\xc0",
            b"\xd4\x01\x90",
            b"\xc1",
            b"\x91",
        ] {
            assert!(read_error(bytes).is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn instants_are_written_as_rfc_3339() {
        assert_eq!(rfc3339(Timestamp(0)), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(Timestamp(1_500_000_000)), "1970-01-01T00:00:01.5Z");
    }
}
