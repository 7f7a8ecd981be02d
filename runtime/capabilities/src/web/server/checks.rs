//! The checks of the head of a request, before anything else of it is looked at.

use http::request::Parts;
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header};

/// The most header fields of a request. hyper knows the same number for HTTP/1.
const MAX_FIELDS: usize = 100;

/// Checks the head of a request, but for its path.
///
/// # Errors
///
/// The status of the refusal.
pub(super) fn check(parts: &Parts, max_body: u64) -> Result<(), StatusCode> {
    if parts.method == Method::CONNECT {
        return Err(StatusCode::NOT_IMPLEMENTED);
    }
    if parts.headers.len() > MAX_FIELDS {
        return Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE);
    }
    if !has_sound_host(parts) {
        return Err(StatusCode::BAD_REQUEST);
    }
    // HTTP/1 has no blanks around a value (RFC 9113, section 8.2.1).
    if parts.version == Version::HTTP_2 && parts.headers.values().any(has_blanks) {
        return Err(StatusCode::BAD_REQUEST);
    }
    // hyper has refused several lengths that differ.
    match length_in(&parts.headers) {
        Some(length) if length > max_body => Err(StatusCode::PAYLOAD_TOO_LARGE),
        None if parts.headers.contains_key(header::CONTENT_LENGTH) => Err(StatusCode::BAD_REQUEST),
        _ => Ok(()),
    }
}

/// Returns true for a value with a blank before or behind it.
fn has_blanks(value: &HeaderValue) -> bool {
    let is_blank = |byte: Option<&u8>| matches!(byte, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    is_blank(bytes.first()) || is_blank(bytes.last())
}

/// Returns true for a body with a coding besides `chunked`. hyper has refused those that do not
/// end with it, and reads the others as if they had no more.
pub(super) fn has_other_coding(headers: &HeaderMap) -> bool {
    let mut codings = headers.get_all(header::TRANSFER_ENCODING).iter();
    let is_chunked = |coding: &HeaderValue| coding.as_bytes().eq_ignore_ascii_case(b"chunked");
    match (codings.next(), codings.next()) {
        (None, _) => false,
        (Some(first), None) => !is_chunked(first),
        (Some(_), Some(_)) => true,
    }
}

/// Returns true for a request that names one host, which only HTTP/1.0 leaves out.
fn has_sound_host(parts: &Parts) -> bool {
    let authority = parts.uri.authority().map(Authority::as_str);
    if authority.is_some_and(|authority| authority.contains('@')) {
        return false;
    }
    let mut hosts = parts.headers.get_all(header::HOST).iter();
    let (first, second) = (hosts.next(), hosts.next());
    let Some(first) = first else {
        return authority.is_some() || parts.version < Version::HTTP_11;
    };
    let (None, Ok(host)) = (second, first.to_str()) else {
        return false;
    };
    let parsed: Result<Authority, _> = host.parse();
    let is_host = host.is_empty() || (parsed.is_ok() && !host.contains('@'));
    match authority {
        // HTTP/1 has the target count; HTTP/2 forbids another host (RFC 9113, section 8.3.1).
        Some(authority) if parts.version == Version::HTTP_2 => {
            is_host && without_port(host).eq_ignore_ascii_case(without_port(authority))
        }
        _ => is_host,
    }
}

/// Returns a host without the port that goes without saying.
fn without_port(host: &str) -> &str {
    let bare = host.strip_suffix(":80").or(host.strip_suffix(":443"));
    bare.unwrap_or(host)
}

/// Joins the cookies that a client of HTTP/2 may send one by one (RFC 9113, section 8.2.3).
pub(super) fn join_cookies(headers: &mut HeaderMap) {
    let values = headers.get_all(header::COOKIE).iter();
    let crumbs: Vec<&[u8]> = values.map(HeaderValue::as_bytes).collect();
    if crumbs.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..]))
    {
        headers.insert(header::COOKIE, joined);
    }
}

/// Returns the length that a head promises.
pub(super) fn length_in(headers: &HeaderMap) -> Option<u64> {
    let length = headers.get(header::CONTENT_LENGTH)?;
    length.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::super::path::decode;
    use super::*;

    fn checked(method: &str, uri: &str, headers: &[(&str, &str)]) -> Result<String, u16> {
        let mut request = Request::builder().method(method).uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        check(&parts, 100).map_err(|status| status.as_u16())?;
        let path = decode(parts.uri.path()).ok_or(400_u16)?;
        Ok(path.text)
    }

    const HOST: (&str, &str) = ("host", "a.example:8080");

    #[test]
    fn a_sound_head_has_a_path() {
        assert_eq!(checked("GET", "/a%20b?c", &[HOST]), Ok("/a b".into()));
        assert_eq!(checked("GET", "http://a.example/a", &[]), Ok("/a".into()));
        assert_eq!(checked("GET", "/", &[("host", "")]), Ok("/".into()));
        let length = ("content-length", "100");
        assert_eq!(checked("POST", "/", &[HOST, length]), Ok("/".into()));
    }

    #[test]
    fn other_heads_are_refused() {
        assert_eq!(checked("GET", "/", &[]), Err(400));
        assert_eq!(checked("GET", "/", &[HOST, HOST]), Err(400));
        for host in ["a b", "user@a.example", "a/b"] {
            assert_eq!(checked("GET", "/", &[("host", host)]), Err(400), "{host}");
        }
        for path in ["/%", "/%zz", "/%ff"] {
            assert_eq!(checked("GET", path, &[HOST]), Err(400), "{path}");
        }
        let length = ("content-length", "101");
        assert_eq!(checked("POST", "/", &[HOST, length]), Err(413));
        let length = ("content-length", "");
        assert_eq!(checked("POST", "/", &[HOST, length]), Err(400));
        assert_eq!(checked("CONNECT", "a.example:80", &[HOST]), Err(501));
        let user = "http://user@a.example/";
        assert_eq!(checked("GET", user, &[HOST]), Err(400));
        let many: Vec<(String, &str)> = (0..100).map(|at| (format!("x-{at}"), "a")).collect();
        let mut many: Vec<(&str, &str)> = many.iter().map(|(name, a)| (&**name, *a)).collect();
        many.push(HOST);
        assert_eq!(checked("GET", "/", &many), Err(431));
        assert_eq!(checked("GET", "/", &many[1..]), Ok("/".into()));
    }

    #[test]
    fn chunked_is_the_only_coding() {
        let is_other = |codings: &[&'static str]| {
            let mut headers = HeaderMap::new();
            for &coding in codings {
                let value = HeaderValue::from_static(coding);
                headers.append(header::TRANSFER_ENCODING, value);
            }
            has_other_coding(&headers)
        };
        assert!(!is_other(&[]) && !is_other(&["chunked"]) && !is_other(&["Chunked"]));
        for codings in [
            &["chunked, chunked"][..],
            &["chunked", "chunked"],
            &["gzip, chunked"],
            &["identity, chunked"],
            &["gzip", "chunked"],
        ] {
            assert!(is_other(codings), "{codings:?}");
        }
    }

    #[test]
    fn http_2_names_one_host_in_either_way() {
        let is_sound = |uri: &str, hosts: &[&str]| {
            let mut request = Request::builder().version(Version::HTTP_2).uri(uri);
            for host in hosts {
                request = request.header("host", *host);
            }
            has_sound_host(&request.body(()).unwrap().into_parts().0)
        };
        let authority = "https://a.example/";
        assert!(is_sound(authority, &[]) && is_sound("/", &["a.example"]));
        assert!(is_sound(authority, &["A.example"]) && is_sound(authority, &["a.example:443"]));
        for hosts in [&["b.example"][..], &["a.example:8443"], &["a.example"; 2]] {
            assert!(!is_sound(authority, hosts), "{hosts:?}");
        }
        assert!(!is_sound("/", &[]) && !is_sound("https://user@a.example/", &[]));
    }

    #[test]
    fn values_of_http_2_have_no_blanks_around_them() {
        let is_sound = |value: &'static str| {
            let request = Request::builder().version(Version::HTTP_2);
            let request = request.uri("https://a.example/").header("x", value);
            check(&request.body(()).unwrap().into_parts().0, 0).is_ok()
        };
        assert!(is_sound("") && is_sound("a b"));
        assert!(!is_sound(" a") && !is_sound("a ") && !is_sound("\ta") && !is_sound(" "));
    }

    #[test]
    fn cookies_of_http_2_are_one_field() {
        let mut headers = HeaderMap::new();
        for crumb in ["a=1", "b=2; c=3", "d"] {
            headers.append(header::COOKIE, HeaderValue::from_static(crumb));
        }
        join_cookies(&mut headers);
        let values: Vec<_> = headers.get_all(header::COOKIE).iter().collect();
        assert_eq!(values, ["a=1; b=2; c=3; d"]);
        join_cookies(&mut headers);
        assert_eq!(headers.len(), 1);
    }
}
