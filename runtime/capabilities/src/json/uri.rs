//! References to URIs, resolved as RFC 3986 says.

/// The parts of a reference without its fragment.
struct Parts<'u> {
    scheme: Option<&'u str>,
    authority: Option<&'u str>,
    path: &'u str,
    query: Option<&'u str>,
}

/// Splits a reference at its fragment; without one the fragment is empty.
pub(super) fn split(reference: &str) -> (&str, &str) {
    reference.split_once('#').unwrap_or((reference, ""))
}

/// Resolves a reference without fragment against an absolute URI.
pub(super) fn resolve(base: &str, reference: &str) -> String {
    if reference.is_empty() {
        return base.to_owned();
    }
    let (base, given) = (parts(base), parts(reference));
    let mut out = String::new();
    let scheme = given.scheme.or(base.scheme);
    if let Some(scheme) = scheme {
        out.extend([scheme, ":"]);
    }
    let is_own = given.scheme.is_some() || given.authority.is_some();
    let authority = if is_own {
        given.authority
    } else {
        base.authority
    };
    if let Some(authority) = authority {
        out.extend(["//", authority]);
    }
    let (path, query) = if is_own || given.path.starts_with('/') {
        (without_dots(given.path), given.query)
    } else if given.path.is_empty() {
        (base.path.to_owned(), given.query.or(base.query))
    } else {
        let directory = match base.path.rfind('/') {
            Some(slash) => &base.path[..=slash],
            None if base.authority.is_some() => "/",
            None => "",
        };
        (
            without_dots(&format!("{directory}{}", given.path)),
            given.query,
        )
    };
    out.push_str(&path);
    if let Some(query) = query {
        out.extend(["?", query]);
    }
    out
}

fn parts(reference: &str) -> Parts<'_> {
    let is_scheme = |text: &str| {
        text.starts_with(|first: char| first.is_ascii_alphabetic())
            && text
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let (scheme, rest) = match reference.split_once(':') {
        Some((scheme, rest)) if is_scheme(scheme) => (Some(scheme), rest),
        _ => (None, reference),
    };
    let (rest, query) = match rest.split_once('?') {
        Some((rest, query)) => (rest, Some(query)),
        None => (rest, None),
    };
    let (authority, path) = match rest.strip_prefix("//") {
        Some(rest) => {
            let end = rest.find('/').unwrap_or(rest.len());
            (Some(&rest[..end]), &rest[end..])
        }
        None => (None, rest),
    };
    Parts {
        scheme,
        authority,
        path,
        query,
    }
}

/// Removes the segments `.` and `..` of a path.
fn without_dots(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." if is_last => kept.push(""),
            "." => {}
            ".." => {
                // The empty segment before a leading slash stays.
                if kept.len() > 1 || kept.first().is_some_and(|first| !first.is_empty()) {
                    kept.pop();
                }
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_resolved_as_in_rfc_3986() {
        for (reference, resolved) in [
            ("g:h", "g:h"),
            ("g", "http://a/b/c/g"),
            ("./g", "http://a/b/c/g"),
            ("g/", "http://a/b/c/g/"),
            ("/g", "http://a/g"),
            ("//g", "http://g"),
            ("?y", "http://a/b/c/d;p?y"),
            ("g?y", "http://a/b/c/g?y"),
            (";x", "http://a/b/c/;x"),
            ("", "http://a/b/c/d;p?q"),
            (".", "http://a/b/c/"),
            ("..", "http://a/b/"),
            ("../g", "http://a/b/g"),
            ("../../g", "http://a/g"),
            ("../../../g", "http://a/g"),
            ("/../g", "http://a/g"),
            ("g/../h", "http://a/b/c/h"),
            ("g;x=1/./y", "http://a/b/c/g;x=1/y"),
        ] {
            assert_eq!(
                resolve("http://a/b/c/d;p?q", reference),
                resolved,
                "{reference}"
            );
        }
        assert_eq!(resolve("urn:uuid:1", "urn:x:y"), "urn:x:y");
        assert_eq!(resolve("http://a", "b"), "http://a/b");
        assert_eq!(split("a#b#c"), ("a", "b#c"));
        assert_eq!(split("a"), ("a", ""));
    }
}
