//! Methods and schemes, in the words of the WIT.

use http::Method;
use http::uri::Scheme;

use super::bindings::wasi::http::types;

/// Reads a method that a component gives; `None` if it is none.
pub(super) fn method(method: types::Method) -> Option<Method> {
    Some(match method {
        types::Method::Get => Method::GET,
        types::Method::Head => Method::HEAD,
        types::Method::Post => Method::POST,
        types::Method::Put => Method::PUT,
        types::Method::Delete => Method::DELETE,
        types::Method::Connect => Method::CONNECT,
        types::Method::Options => Method::OPTIONS,
        types::Method::Trace => Method::TRACE,
        types::Method::Patch => Method::PATCH,
        types::Method::Other(other) => Method::from_bytes(other.as_bytes()).ok()?,
    })
}

/// Returns a method in the words of the WIT.
pub(super) fn of_method(method: &Method) -> types::Method {
    match method.as_str() {
        "GET" => types::Method::Get,
        "HEAD" => types::Method::Head,
        "POST" => types::Method::Post,
        "PUT" => types::Method::Put,
        "DELETE" => types::Method::Delete,
        "CONNECT" => types::Method::Connect,
        "OPTIONS" => types::Method::Options,
        "TRACE" => types::Method::Trace,
        "PATCH" => types::Method::Patch,
        other => types::Method::Other(other.to_owned()),
    }
}

/// Reads a scheme that a component gives; `None` if it is none.
pub(super) fn scheme(scheme: types::Scheme) -> Option<Scheme> {
    Some(match scheme {
        types::Scheme::Http => Scheme::HTTP,
        types::Scheme::Https => Scheme::HTTPS,
        types::Scheme::Other(other) => other.parse().ok()?,
    })
}

/// Returns a scheme in the words of the WIT.
pub(super) fn of_scheme(scheme: &Scheme) -> types::Scheme {
    match scheme.as_str() {
        "http" => types::Scheme::Http,
        "https" => types::Scheme::Https,
        other => types::Scheme::Other(other.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn methods_and_schemes_go_there_and_back() {
        for text in ["GET", "PATCH", "TRACE", "PROPFIND"] {
            let of = of_method(&text.parse().unwrap());
            assert_eq!(method(of).unwrap().as_str(), text);
        }
        let other = |text: &str| method(types::Method::Other(text.to_owned()));
        assert_eq!(other("GET"), Some(Method::GET));
        assert_eq!(other("G T"), None);
        assert_eq!(other(""), None);
        for text in ["http", "https", "ftp"] {
            let of = of_scheme(&text.parse().unwrap());
            assert_eq!(scheme(of).unwrap().as_str(), text);
        }
        assert_eq!(scheme(types::Scheme::Other("a b".to_owned())), None);
    }
}
