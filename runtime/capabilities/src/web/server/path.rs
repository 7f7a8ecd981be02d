//! The path of a request, decoded.

use percent_encoding::percent_decode_str;

/// The most segments of a path.
const MAX_SEGMENTS: usize = 256;

/// The path of a request.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Path {
    /// The whole path.
    pub(super) text: String,
    /// Its segments. A slash that was percent-encoded is a part of its segment.
    pub(super) segments: Vec<String>,
}

/// Decodes a path. `None` for one that does not begin with `/`, has a broken escape, is not
/// UTF-8 once it is decoded, or has too many segments.
pub(super) fn decode(path: &str) -> Option<Path> {
    let rest = path.strip_prefix('/')?;
    let mut segments = Vec::new();
    for segment in rest.split('/') {
        if segments.len() == MAX_SEGMENTS {
            return None;
        }
        segments.push(decoded(segment)?);
    }
    let mut text = String::with_capacity(path.len());
    for segment in &segments {
        text.push('/');
        text.push_str(segment);
    }
    Some(Path { text, segments })
}

fn decoded(segment: &str) -> Option<String> {
    if !segment.contains('%') {
        return Some(segment.to_owned());
    }
    let escapes = segment.split('%').skip(1);
    let is_escape = |after: &str| {
        let digits = after.as_bytes().get(..2);
        digits.is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
    };
    if !escapes.into_iter().all(is_escape) {
        return None;
    }
    let decoded = percent_decode_str(segment).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Returns the first value of a parameter of a query, decoded as a form is.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    let mut pairs = query.split('&');
    pairs.find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (form_decoded(key)? == name).then(|| form_decoded(value))?
    })
}

fn form_decoded(text: &str) -> Option<String> {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(path: &str) -> Option<Vec<String>> {
        Some(decode(path)?.segments)
    }

    #[test]
    fn segments_are_decoded_and_slashes_stay_in_them() {
        assert_eq!(segments("/").unwrap(), [""]);
        assert_eq!(segments("/a/b%20c/").unwrap(), ["a", "b c", ""]);
        assert_eq!(segments("/a%2Fb").unwrap(), ["a/b"]);
        assert_eq!(segments("/%C3%A4").unwrap(), ["ä"]);
        assert_eq!(decode("/a%2Fb/c").unwrap().text, "/a/b/c");
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["", "a", "*", "/%", "/%4", "/%zz", "/%ff", "/%c3%28", "/a%"] {
            assert_eq!(decode(path), None, "{path}");
        }
        assert!(decode(&"/a".repeat(MAX_SEGMENTS)).is_some());
        assert!(decode(&"/a".repeat(MAX_SEGMENTS + 1)).is_none());
    }

    #[test]
    fn a_query_has_the_first_value() {
        assert_eq!(query_value("a=1&b=x+y%21&b=2", "b").unwrap(), "x y!");
        assert_eq!(query_value("a&b", "b").unwrap(), "");
        assert_eq!(query_value("a=1", "b"), None);
    }
}
