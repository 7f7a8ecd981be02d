//! Redirects: where an answer sends the request.

use http::{HeaderMap, Method, StatusCode, header};
use url::Url;
use warren_engine::capability::http::reason;
use warren_kernel::{Error, Kind};

use super::options;

/// The request that a redirect asks for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Redirect {
    pub(super) url: Url,
    pub(super) method: Method,
    /// True if the request has its body again.
    pub(super) has_body: bool,
}

/// Returns the request that an answer redirects to; `None` for an answer that is none of these.
///
/// # Errors
///
/// `Unavailable` for a redirect to something that is no URL of HTTP.
pub(super) fn of(
    status: StatusCode,
    headers: &HeaderMap,
    method: &Method,
    url: &Url,
) -> Result<Option<Redirect>, Error> {
    let keeps = match status {
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND => *method != Method::POST,
        StatusCode::SEE_OTHER => matches!(*method, Method::GET | Method::HEAD),
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => true,
        _ => return Ok(None),
    };
    let Some(location) = headers.get(header::LOCATION) else {
        return Ok(None);
    };
    let wrong = |why: &str| {
        let message = format!("{} redirects to what cannot be followed: {why}", url.path());
        Error::new(Kind::Unavailable, message)
            .retryable(false)
            .with(reason::NAME, reason::PROTOCOL)
    };
    let location = std::str::from_utf8(location.as_bytes()).map_err(|_| wrong("not UTF-8"))?;
    let next = url
        .join(location)
        .map_err(|error| wrong(&error.to_string()))?;
    let next = options::url(next.as_str()).map_err(|error| wrong(&error.message))?;
    Ok(Some(Redirect {
        url: next,
        method: match keeps {
            true => method.clone(),
            false => Method::GET,
        },
        has_body: keeps,
    }))
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn redirect(status: u16, method: Method, location: &str) -> Result<Option<Redirect>, Error> {
        let mut headers = HeaderMap::new();
        headers.insert(header::LOCATION, HeaderValue::from_str(location).unwrap());
        let url = Url::parse("https://a.org/x/y?q").unwrap();
        of(
            StatusCode::from_u16(status).unwrap(),
            &headers,
            &method,
            &url,
        )
    }

    #[test]
    fn a_method_becomes_get_where_browsers_do_so() {
        for (status, method, next, has_body) in [
            (301, Method::POST, Method::GET, false),
            (302, Method::POST, Method::GET, false),
            (302, Method::PUT, Method::PUT, true),
            (303, Method::PUT, Method::GET, false),
            (303, Method::HEAD, Method::HEAD, true),
            (307, Method::POST, Method::POST, true),
            (308, Method::PATCH, Method::PATCH, true),
        ] {
            let redirect = redirect(status, method, "/z").unwrap().unwrap();
            assert_eq!(
                (redirect.method, redirect.has_body),
                (next, has_body),
                "{status}"
            );
        }
        assert_eq!(redirect(200, Method::GET, "/z"), Ok(None));
        assert_eq!(redirect(304, Method::GET, "/z"), Ok(None));
    }

    #[test]
    fn a_location_is_relative_to_the_url() {
        for (location, url) in [
            ("/z", "https://a.org/z"),
            ("z", "https://a.org/x/z"),
            ("//b.org", "https://b.org/"),
            ("http://b.org/#f", "http://b.org/"),
            ("../../../z", "https://a.org/z"),
        ] {
            let redirect = redirect(302, Method::GET, location).unwrap().unwrap();
            assert_eq!(redirect.url.as_str(), url);
        }
    }

    #[test]
    fn other_locations_are_not_followed() {
        for location in [
            "file:///etc/passwd",
            "javascript:x",
            "http://u@b.org",
            "http://",
            "gopher://a",
        ] {
            let error = redirect(302, Method::GET, location).unwrap_err();
            assert_eq!(
                (error.kind, error.retryable),
                (Kind::Unavailable, Some(false))
            );
        }
    }
}
