//! `cors`: lets pages of other origins read answers.

use http::header::{self, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use warren_engine::capability::web::Cors;

use super::super::body::Served;

const REQUEST_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-request-private-network");
const ALLOW_PRIVATE_NETWORK: HeaderName =
    HeaderName::from_static("access-control-allow-private-network");

/// Answers the preflight of a page that may ask. Other requests, and those of other pages, go
/// on.
pub(super) fn preflight(cors: &Cors, parts: &Parts) -> Option<Response<Served>> {
    let headers = &parts.headers;
    let asks = headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if parts.method != Method::OPTIONS || !asks {
        return None;
    }
    let origin = headers.get(header::ORIGIN)?;
    if !is_allowed(cors, origin) {
        return None;
    }
    let mut response = Response::new(Served::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let out = response.headers_mut();
    set_list(out, header::ACCESS_CONTROL_ALLOW_METHODS, &cors.methods);
    if cors.headers.iter().any(|name| name == "*") {
        // With cookies a browser takes no `*`.
        if let Some(asked) = headers.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
            out.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, asked.clone());
        }
    } else {
        set_list(out, header::ACCESS_CONTROL_ALLOW_HEADERS, &cors.headers);
    }
    let age = HeaderValue::from(cors.max_age.as_secs());
    out.insert(header::ACCESS_CONTROL_MAX_AGE, age);
    if cors.private_network && headers.contains_key(REQUEST_PRIVATE_NETWORK) {
        out.insert(ALLOW_PRIVATE_NETWORK, HeaderValue::from_static("true"));
    }
    let asked = "access-control-request-method, access-control-request-headers";
    out.append(header::VARY, HeaderValue::from_static(asked));
    Some(response)
}

/// Tells the browser that the page may read the answer.
pub(super) fn allow(cors: &Cors, origin: Option<&HeaderValue>, out: &mut HeaderMap) {
    // Also without an origin: a cache may not keep the answer for a page.
    out.append(header::VARY, HeaderValue::from_static("origin"));
    let Some(origin) = origin.filter(|origin| is_allowed(cors, origin)) else {
        return;
    };
    out.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    if cors.credentials {
        let yes = HeaderValue::from_static("true");
        out.insert(header::ACCESS_CONTROL_ALLOW_CREDENTIALS, yes);
    }
    if !cors.expose.is_empty() {
        set_list(out, header::ACCESS_CONTROL_EXPOSE_HEADERS, &cors.expose);
    }
}

fn is_allowed(cors: &Cors, origin: &HeaderValue) -> bool {
    origin
        .to_str()
        .is_ok_and(|origin| cors.origins.contains(origin))
}

fn set_list(out: &mut HeaderMap, name: HeaderName, list: &[String]) {
    // The settings have tokens alone.
    if let Ok(value) = HeaderValue::from_str(&list.join(", ")) {
        out.insert(name, value);
    }
}

#[cfg(test)]
mod tests {
    use http::Request;
    use warren_engine::capability::web::Origins;

    use super::*;

    fn cors() -> Cors {
        Cors {
            origins: Origins::of("https://a.example"),
            credentials: true,
            expose: vec!["X-Total".to_owned()],
            ..Cors::default()
        }
    }

    fn parts(method: &str, headers: &[(&str, &str)]) -> Parts {
        let mut request = Request::builder().method(method).uri("/");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    const ASKS: (&str, &str) = ("access-control-request-method", "PUT");

    #[test]
    fn a_preflight_of_an_allowed_page_is_answered() {
        let asked = [ASKS, ("origin", "https://a.example")];
        let response = preflight(&cors(), &parts("OPTIONS", &asked)).unwrap();
        assert_eq!(response.status(), 204);
        let methods = &response.headers()[header::ACCESS_CONTROL_ALLOW_METHODS];
        assert!(methods.to_str().unwrap().contains("PUT"));
        for asked in [
            parts("OPTIONS", &[ASKS, ("origin", "https://b.example")]),
            parts("OPTIONS", &[("origin", "https://a.example")]),
            parts("OPTIONS", &[ASKS]),
            parts("GET", &[ASKS, ("origin", "https://a.example")]),
        ] {
            assert!(preflight(&cors(), &asked).is_none(), "{asked:?}");
        }
    }

    #[test]
    fn an_answer_names_the_page_that_may_read_it() {
        let allowed = |origin: Option<&'static str>| {
            let mut out = HeaderMap::new();
            let origin = origin.map(HeaderValue::from_static);
            allow(&cors(), origin.as_ref(), &mut out);
            assert_eq!(out[header::VARY], "origin");
            out
        };
        let out = allowed(Some("https://a.example"));
        assert_eq!(
            out[header::ACCESS_CONTROL_ALLOW_ORIGIN],
            "https://a.example"
        );
        assert_eq!(out[header::ACCESS_CONTROL_ALLOW_CREDENTIALS], "true");
        assert_eq!(out[header::ACCESS_CONTROL_EXPOSE_HEADERS], "X-Total");
        assert_eq!(allowed(Some("https://b.example")).len(), 1);
        assert_eq!(allowed(None).len(), 1);
    }
}
