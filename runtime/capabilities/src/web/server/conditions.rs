//! Conditions and ranges of requests for files (RFC 9110, sections 13 and 14).

use std::time::{Duration, SystemTime};

use http::{HeaderMap, HeaderName, header};

/// The outcome of the conditions of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Unchanged {
    /// The client has the file.
    Yes,
    /// The client gets the file.
    No,
    /// The client wants another file than there is.
    Failed,
}

/// The part of a file that a client wants.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Range {
    Whole,
    /// From the first to the last byte.
    Part(u64, u64),
    /// Bytes that the file does not have.
    Outside,
}

/// Evaluates the conditions of a request for a file with this tag and time.
pub(super) fn unchanged(headers: &HeaderMap, tag: &str, modified: Option<SystemTime>) -> Unchanged {
    let modified = modified.map(whole_seconds);
    if headers.contains_key(header::IF_MATCH) {
        if !has_tag(headers, &header::IF_MATCH, tag, true) {
            return Unchanged::Failed;
        }
    } else if let (Some(since), Some(modified)) =
        (date(headers, &header::IF_UNMODIFIED_SINCE), modified)
        && modified > since
    {
        return Unchanged::Failed;
    }
    if headers.contains_key(header::IF_NONE_MATCH) {
        return match has_tag(headers, &header::IF_NONE_MATCH, tag, false) {
            true => Unchanged::Yes,
            false => Unchanged::No,
        };
    }
    match (date(headers, &header::IF_MODIFIED_SINCE), modified) {
        (Some(since), Some(modified)) if modified <= since => Unchanged::Yes,
        _ => Unchanged::No,
    }
}

/// Returns the part of a file of `len` bytes that a request is for. Several parts at once
/// are the whole, and so is a part of another version of the file.
pub(super) fn range(
    headers: &HeaderMap,
    tag: &str,
    modified: Option<SystemTime>,
    len: u64,
) -> Range {
    let text = headers.get(header::RANGE);
    let text = text.and_then(|value| value.to_str().ok());
    let Some(parts) = text.and_then(|text| text.strip_prefix("bytes=")) else {
        return Range::Whole;
    };
    if headers.contains_key(header::IF_RANGE) && !is_of_version(headers, tag, modified) {
        return Range::Whole;
    }
    let Some((first, last)) = parts.trim().split_once('-') else {
        return Range::Whole;
    };
    let number = |text: &str| -> Option<u64> {
        let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // A number beyond all files is that of the largest one.
        is_number.then(|| text.parse().unwrap_or(u64::MAX))
    };
    let end = len.saturating_sub(1);
    match (number(first), number(last)) {
        (Some(first), Some(last)) if first <= last && first < len => {
            Range::Part(first, last.min(end))
        }
        (Some(first), Some(last)) if first > last => Range::Whole,
        (Some(first), None) if last.is_empty() && first < len => Range::Part(first, end),
        (Some(_), Some(_)) => Range::Outside,
        (Some(_), None) if last.is_empty() => Range::Outside,
        (None, Some(0)) if first.is_empty() => Range::Outside,
        (None, Some(_)) if first.is_empty() && len == 0 => Range::Outside,
        (None, Some(bytes)) if first.is_empty() => Range::Part(len.saturating_sub(bytes), end),
        _ => Range::Whole,
    }
}

/// Returns true if the tag or the time of `If-Range` is that of the file.
fn is_of_version(headers: &HeaderMap, tag: &str, modified: Option<SystemTime>) -> bool {
    let is_tag = headers
        .get(header::IF_RANGE)
        .is_some_and(|value| value.as_bytes() == tag.as_bytes());
    is_tag
        || match (
            date(headers, &header::IF_RANGE),
            modified.map(whole_seconds),
        ) {
            (Some(known), Some(modified)) => known == modified,
            _ => false,
        }
}

/// Returns true if a list of tags has the tag. A weak tag is none to a strong comparison.
fn has_tag(headers: &HeaderMap, name: &HeaderName, tag: &str, is_strong: bool) -> bool {
    let values = headers.get_all(name).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut tags = texts.flat_map(|text| text.split(',')).map(str::trim);
    tags.any(|known| {
        let plain = match (known.strip_prefix("W/"), is_strong) {
            (Some(_), true) => return false,
            (Some(plain), false) => plain,
            (None, _) => known,
        };
        plain == "*" || plain == tag
    })
}

fn date(headers: &HeaderMap, name: &HeaderName) -> Option<SystemTime> {
    let text = headers.get(name)?.to_str().ok()?;
    httpdate::parse_http_date(text).ok()
}

/// Returns a time without parts of a second, which dates of HTTP do not have.
fn whole_seconds(time: SystemTime) -> SystemTime {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => SystemTime::UNIX_EPOCH + Duration::from_secs(since.as_secs()),
        Err(_) => SystemTime::UNIX_EPOCH,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TAG: &str = "\"ab-1\"";

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_millis(seconds * 1_000 + 700)
    }

    #[test]
    fn conditions_are_those_of_http() {
        let date = |seconds| httpdate::fmt_http_date(at(seconds));
        let of = |pairs: &[(&'static str, &str)]| unchanged(&headers(pairs), TAG, Some(at(1_000)));
        assert_eq!(of(&[]), Unchanged::No);
        assert_eq!(of(&[("if-none-match", TAG)]), Unchanged::Yes);
        assert_eq!(
            of(&[("if-none-match", "\"x\", W/\"ab-1\"")]),
            Unchanged::Yes
        );
        assert_eq!(of(&[("if-none-match", "*")]), Unchanged::Yes);
        assert_eq!(of(&[("if-none-match", "\"x\"")]), Unchanged::No);
        assert_eq!(of(&[("if-match", TAG)]), Unchanged::No);
        assert_eq!(of(&[("if-match", "W/\"ab-1\"")]), Unchanged::Failed);
        assert_eq!(of(&[("if-modified-since", &date(1_000))]), Unchanged::Yes);
        assert_eq!(of(&[("if-modified-since", &date(999))]), Unchanged::No);
        assert_eq!(of(&[("if-modified-since", "soon")]), Unchanged::No);
        assert_eq!(
            of(&[("if-unmodified-since", &date(999))]),
            Unchanged::Failed
        );
        assert_eq!(of(&[("if-unmodified-since", &date(1_000))]), Unchanged::No);
        // The tag counts before the time.
        let later = date(2_000);
        let both = [
            ("if-none-match", "\"x\""),
            ("if-modified-since", later.as_str()),
        ];
        assert_eq!(of(&both), Unchanged::No);
    }

    #[test]
    fn ranges_are_those_of_http() {
        let of = |value: &str| range(&headers(&[("range", value)]), TAG, Some(at(1)), 10);
        assert_eq!(of("bytes=0-4"), Range::Part(0, 4));
        assert_eq!(of("bytes=5-99"), Range::Part(5, 9));
        assert_eq!(of("bytes=5-"), Range::Part(5, 9));
        assert_eq!(of("bytes=-3"), Range::Part(7, 9));
        assert_eq!(of("bytes=-99"), Range::Part(0, 9));
        assert_eq!(of("bytes=9-99999999999999999999999"), Range::Part(9, 9));
        for outside in [
            "bytes=10-",
            "bytes=10-20",
            "bytes=-0",
            "bytes=99999999999999999999-",
        ] {
            assert_eq!(of(outside), Range::Outside, "{outside}");
        }
        for whole in [
            "bytes=",
            "bytes=a-b",
            "bytes=4-2",
            "bytes=0-1,3-4",
            "lines=1-2",
            "bytes=-",
        ] {
            assert_eq!(of(whole), Range::Whole, "{whole}");
        }
        let none = range(&headers(&[("range", "bytes=-1")]), TAG, None, 0);
        assert_eq!(none, Range::Outside);
    }

    #[test]
    fn a_range_of_another_version_is_the_whole() {
        let of = |version: &str| {
            let headers = headers(&[("range", "bytes=0-1"), ("if-range", version)]);
            range(&headers, TAG, Some(at(1_000)), 10)
        };
        assert_eq!(of(TAG), Range::Part(0, 1));
        assert_eq!(of(&httpdate::fmt_http_date(at(1_000))), Range::Part(0, 1));
        assert_eq!(of("\"x\""), Range::Whole);
        assert_eq!(of(&httpdate::fmt_http_date(at(999))), Range::Whole);
    }
}
