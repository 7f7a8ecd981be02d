//! `token_auth`: the actor and the scope of a token.

use http::header;
use http::request::Parts;
use warren_engine::capability::web::TokenAuth;
use warren_engine::security::Identity;
use warren_kernel::Error;

use super::super::context::Context;
use super::super::path::query_value;
use crate::store::Asker;

/// The most bytes of a text that is looked up as a token.
const MAX_TOKEN: usize = 4_096;

/// Returns the actor and the scope of a request's token; `None` without a token, or with one
/// that is not valid.
///
/// # Errors
///
/// Those of the store of values that keeps the tokens.
pub(super) async fn identity(
    auth: &TokenAuth,
    parts: &Parts,
    context: &Context,
) -> Result<Option<Identity>, Error> {
    let token = token(auth, parts).filter(|token| token.len() <= MAX_TOKEN);
    let Some(token) = token else {
        return Ok(None);
    };
    let asker = Asker {
        host: OF_SERVER,
        now: context.node.now().monotonic,
    };
    let identity = context
        .tokens
        .identity(&auth.store, token.as_bytes(), asker);
    identity.await
}

/// Stands for a host, of which the server has none before a request has its route.
const OF_SERVER: usize = usize::MAX;

/// Returns the token of the header field, else that of the query, else that of the cookie.
fn token(auth: &TokenAuth, parts: &Parts) -> Option<String> {
    let field = parts.headers.get(auth.header.as_str());
    let field = field.and_then(|value| value.to_str().ok());
    if let Some(token) = field.and_then(|value| without_prefix(value, &auth.prefix)) {
        return Some(token.to_owned());
    }
    let query = parts.uri.query();
    let of_query = query.and_then(|query| query_value(query, &auth.query));
    of_query
        .filter(|token| !token.is_empty())
        .or_else(|| cookie(parts, &auth.cookie))
}

/// Returns a text without its prefix, whose letters may be large or small.
fn without_prefix<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (start, token) = text.split_at_checked(prefix.len())?;
    let token = token.trim();
    (start.eq_ignore_ascii_case(prefix) && !token.is_empty()).then_some(token)
}

fn cookie(parts: &Parts, name: &str) -> Option<String> {
    let values = parts.headers.get_all(header::COOKIE).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut pairs = texts.flat_map(|text| text.split(';'));
    pairs.find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        let value = value.trim_matches('"');
        (key == name && !value.is_empty()).then(|| value.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn of(uri: &str, headers: &[(&str, &str)]) -> Option<String> {
        let auth = TokenAuth {
            store: "app:tokens".to_owned(),
            header: "authorization".to_owned(),
            prefix: "Bearer ".to_owned(),
            query: "x-auth-token".to_owned(),
            cookie: "x-auth-token".to_owned(),
        };
        let mut request = Request::builder().uri(uri);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        token(&auth, &request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_token_comes_in_one_of_three_ways() {
        let header = ("authorization", "bearer abc");
        let cookie = ("cookie", "a=b; x-auth-token=\"ghi\"; c=d");
        assert_eq!(of("/", &[header]).as_deref(), Some("abc"));
        assert_eq!(of("/?x-auth-token=de%66", &[]).as_deref(), Some("def"));
        assert_eq!(of("/", &[cookie]).as_deref(), Some("ghi"));
        let all = of("/?x-auth-token=def", &[header, cookie]);
        assert_eq!(all.as_deref(), Some("abc"));
        let basic = ("authorization", "Basic abc");
        assert_eq!(of("/", &[basic, cookie]).as_deref(), Some("ghi"));
        for headers in [&[][..], &[basic], &[("authorization", "Bearer ")]] {
            assert_eq!(of("/?x-auth-token=", headers), None);
        }
    }
}
