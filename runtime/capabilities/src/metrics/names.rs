//! The names of metrics and labels, as Prometheus has them.

use warren_kernel::{Error, text};

use super::kind::MetricKind;

use crate::limit::beyond;

/// The most bytes of the name of a metric.
const MAX_METRIC_NAME: usize = 128;

/// The most bytes of the name of a label.
const MAX_LABEL_NAME: usize = 64;

/// The suffix that Prometheus gives the sample of a counter.
const TOTAL: &str = "_total";

/// Returns the name of a metric with `_` for each point. The suffix of a counter is added
/// where the counter is shown, so a name that has it already loses it.
pub(super) fn metric_name(kind: MetricKind, name: &str) -> Result<String, Error> {
    if name.is_empty() {
        return Err(Error::invalid("name is empty"));
    }
    check_length(
        || "name".to_owned(),
        name.as_bytes(),
        "max_metric_name",
        MAX_METRIC_NAME,
    )?;
    let name = spelt("name", name.as_bytes())?;
    match name.strip_suffix(TOTAL) {
        Some(rest) if kind == MetricKind::Counter && !rest.is_empty() => Ok(rest.to_owned()),
        _ => Ok(name),
    }
}

/// Returns the name of a label with `_` for each point.
pub(super) fn label_name(name: &[u8]) -> Result<String, Error> {
    check_length(
        || "labels: a name".to_owned(),
        name,
        "max_label_name",
        MAX_LABEL_NAME,
    )?;
    let spelt = spelt("labels", name)?;
    let first = spelt.bytes().next();
    if first.is_none_or(|byte| byte.is_ascii_digit()) || spelt.starts_with("__") {
        return Err(Error::invalid(format!(
            "label name {} is invalid: it must begin with a letter or one `_`",
            text::line(name)
        )));
    }
    Ok(spelt)
}

/// Returns the names of the samples of a metric, and its own.
pub(super) fn shown(kind: MetricKind, name: &str) -> Vec<String> {
    let suffixes: &[&str] = match kind {
        MetricKind::Counter => &["", TOTAL],
        MetricKind::Gauge => &[""],
        MetricKind::Histogram => &["", "_bucket", "_count", "_sum"],
    };
    let named = suffixes.iter().map(|suffix| format!("{name}{suffix}"));
    named.collect()
}

/// Refuses a text that is longer than a limit.
pub(super) fn check_length(
    what: impl Fn() -> String,
    text: &[u8],
    limit: &'static str,
    value: usize,
) -> Result<(), Error> {
    if text.len() <= value {
        return Ok(());
    }
    let what = what();
    let message = format!(
        "{what} is {} bytes, more than {limit} = {value}",
        text.len()
    );
    Err(beyond(limit, value, message))
}

fn spelt(what: &str, name: &[u8]) -> Result<String, Error> {
    let letter = |byte: &u8| match byte {
        b'.' => Some('_'),
        byte if byte.is_ascii_alphanumeric() || *byte == b'_' => Some(char::from(*byte)),
        _ => None,
    };
    let spelt: Option<String> = name.iter().map(letter).collect();
    spelt.ok_or_else(|| {
        Error::invalid(format!(
            "{what}: {} has other characters than ASCII letters, digits, `_` and points",
            text::line(name)
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_prometheus() {
        let counter = |name| metric_name(MetricKind::Counter, name);
        assert_eq!(counter("http.requests").unwrap(), "http_requests");
        assert_eq!(counter("http.requests.total").unwrap(), "http_requests");
        assert_eq!(counter("_total").unwrap(), "_total");
        assert_eq!(
            metric_name(MetricKind::Gauge, "a_total").unwrap(),
            "a_total"
        );
        let long = "x".repeat(MAX_METRIC_NAME + 1);
        for wrong in ["", "a b", "a-b", "a{", "ä", "a\n", long.as_str()] {
            assert!(counter(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn labels_begin_with_a_letter() {
        assert_eq!(label_name(b"http.method").unwrap(), "http_method");
        assert_eq!(label_name(b"_x1").unwrap(), "_x1");
        let long = [b'x'; MAX_LABEL_NAME + 1];
        for wrong in [&b""[..], b"1x", b"__x", b"..x", b"a\"", b"\xff", &long] {
            assert!(label_name(wrong).is_err(), "{wrong:?}");
        }
    }
}
