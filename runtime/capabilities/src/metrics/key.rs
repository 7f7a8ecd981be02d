//! The identity of one series of a definition: type, host, name and labels.

use warren_kernel::{Error, text};
use warren_values::msgpack::{self, Input, Malformed, Token};

use super::kind::MetricKind;
use super::names::{check_length, label_name, metric_name};

use crate::limit::beyond;

/// The most labels of a series.
const MAX_LABELS: usize = 16;

/// The most bytes of a label's value.
const MAX_LABEL_VALUE: usize = 256;

/// Labels that the runtime sets.
const RESERVED: [&str; 3] = ["host", "definition", "le"];

/// A series as a call names it.
pub(super) struct Key {
    pub(super) kind: MetricKind,
    /// The number of the host.
    pub(super) host: usize,
    /// The name as Prometheus knows it, without prefix and suffix.
    pub(super) name: String,
    /// The labels, sorted by name.
    pub(super) labels: Vec<(String, String)>,
    /// All of it as one text of bytes, by which the series is found.
    pub(super) bytes: Vec<u8>,
}

impl Key {
    /// Reads the name and the encoded labels of a call.
    ///
    /// # Errors
    ///
    /// `Invalid` for names that Prometheus does not have, labels that the runtime sets, and
    /// more or longer ones than fit.
    pub(super) fn new(
        kind: MetricKind,
        host: usize,
        name: &str,
        labels: &[u8],
    ) -> Result<Key, Error> {
        let name = metric_name(kind, name)?;
        let mut labels = read_labels(labels)?;
        labels.sort_unstable();
        if let Some(twice) = labels.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(Error::invalid(format!(
                "labels: {} is given twice, once with a point",
                twice[0].0
            )));
        }
        let mut bytes = Vec::with_capacity(64);
        bytes.push(kind as u8);
        bytes.extend_from_slice(&host.to_le_bytes());
        let labelled = labels.iter().flat_map(|(name, value)| [name, value]);
        for part in std::iter::once(&name).chain(labelled) {
            // No part is longer, and each is told from the next.
            bytes.extend_from_slice(&u16::try_from(part.len()).unwrap_or(u16::MAX).to_le_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        Ok(Key {
            kind,
            host,
            name,
            labels,
            bytes,
        })
    }
}

/// Reads the labels that are text. All others are ignored.
fn read_labels(encoded: &[u8]) -> Result<Vec<(String, String)>, Error> {
    let malformed = |why: Malformed| Error::invalid(format!("labels: {why}"));
    let mut input = Input::new(encoded);
    let len = match input.token().map_err(malformed)? {
        Token::Map(len) => len,
        // A list has no names.
        Token::Nil | Token::Null | Token::Array(_) => 0,
        _ => return Err(Error::invalid("labels: expected a table of texts")),
    };
    let mut labels = Vec::new();
    for _ in 0..len {
        let name = input.value().map_err(malformed)?;
        let value = input.value().map_err(malformed)?;
        let (Ok(Token::String(name)), Ok(Token::String(value))) =
            (Input::new(name).token(), Input::new(value).token())
        else {
            continue;
        };
        if labels.len() == MAX_LABELS {
            let message = format!("labels: more than max_labels = {MAX_LABELS}");
            return Err(beyond("max_labels", MAX_LABELS, message));
        }
        labels.push(label(name, value)?);
    }
    Ok(labels)
}

fn label(name: &[u8], value: &[u8]) -> Result<(String, String), Error> {
    let name = label_name(name)?;
    if RESERVED.contains(&name.as_str()) {
        return Err(Error::invalid(format!(
            "labels: {name} is a label that the runtime sets"
        )));
    }
    check_length(
        || format!("labels.{name}"),
        value,
        "max_label_value",
        MAX_LABEL_VALUE,
    )?;
    match msgpack::text(value) {
        Some(value) => Ok((name, value.to_owned())),
        None => Err(Error::invalid(format!(
            "labels.{name}: {} is not UTF-8",
            text::line(value)
        ))),
    }
}

#[cfg(test)]
mod tests {
    use warren_values::Value;

    use super::*;

    fn key(name: &str, labels: &[(&str, &str)]) -> Result<Key, Error> {
        let pairs = labels
            .iter()
            .map(|(name, value)| ((*name).into(), (*value).into()));
        let labels: Value = Value::Map(pairs.collect());
        let encoded = warren_values::to_value(&labels).unwrap();
        Key::new(MetricKind::Gauge, 0, name, encoded.as_slice())
    }

    #[test]
    fn the_order_of_labels_does_not_matter() {
        let one = key("a.b", &[("x", "1"), ("y", "2")]).unwrap();
        let other = key("a_b", &[("y", "2"), ("x", "1")]).unwrap();
        assert_eq!(one.bytes, other.bytes);
        assert_ne!(
            one.bytes,
            key("a_b", &[("x", "12"), ("y", "")]).unwrap().bytes
        );
        let error = key("a", &[("x.y", "1"), ("x_y", "2")]).err().unwrap();
        assert!(error.message.contains("given twice"), "{error}");
    }

    #[test]
    fn labels_are_bounded_and_some_are_the_runtimes() {
        let long = "x".repeat(MAX_LABEL_VALUE);
        assert!(key("a", &[("x", long.as_str())]).is_ok());
        let longer = format!("{long}x");
        for labels in [[("x", longer.as_str())], [("host", "a")], [("le", "1")]] {
            assert!(key("a", &labels).is_err(), "{labels:?}");
        }
        let names: Vec<String> = (0..=MAX_LABELS).map(|n| format!("l{n}")).collect();
        let labels: Vec<_> = names.iter().map(|name| (name.as_str(), "v")).collect();
        assert!(key("a", &labels[1..]).is_ok());
        assert!(key("a", &labels).is_err());
    }

    #[test]
    fn labels_that_are_no_text_are_ignored() {
        let labels = Value::Map(vec![
            ("n".into(), Value::Integer(1)),
            ("t".into(), Value::Array(vec!["x".into()])),
            (Value::Integer(1), "x".into()),
            ("s".into(), "kept".into()),
        ]);
        let encoded = warren_values::to_value(&labels).unwrap();
        let key = Key::new(MetricKind::Gauge, 0, "a", encoded.as_slice()).unwrap();
        assert_eq!(key.labels, [("s".to_owned(), "kept".to_owned())]);
        for none in [&b"\xc0"[..], b"\x90", b"\x91\xa1x"] {
            assert!(Key::new(MetricKind::Gauge, 0, "a", none).is_ok());
        }
        assert!(Key::new(MetricKind::Gauge, 0, "a", b"\xa1x").is_err());
    }
}
