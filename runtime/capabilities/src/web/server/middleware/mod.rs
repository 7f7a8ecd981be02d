//! Middleware: steps of a router before and behind its routes.

mod cors;
mod firewall;
mod rate_limit;
mod real_ip;
mod token_auth;

use std::mem;
use std::net::SocketAddr;
use std::sync::Arc;

use http::request::Parts;
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use warren_engine::capability::web::{Compress, Cors, Middleware, Origins, RealIp, TokenAuth};
use warren_engine::security::Identity;

use super::answer::plain;
use super::body::Served;
use super::compress::compress;
use super::context::Context;
use super::error::ListenError;
use crate::fs::Volumes;
use crate::security::TokenStores;
use rate_limit::Limiter;

/// A step of a router, ready to run.
pub(super) enum Step {
    Cors(Cors),
    Compress(Compress),
    RateLimit(Limiter),
    RealIp(RealIp),
    TokenAuth(TokenAuth),
    Metrics,
    /// Asks for an action on the definition of the route.
    EndpointFirewall(String),
    /// Asks for an action on a resource.
    ResourceFirewall(String, String),
    WebsocketRelay(Origins),
    SseRelay(Origins),
}

/// The things of the program that routers use.
pub(super) struct Making<'a> {
    pub(super) tokens: &'a TokenStores,
    pub(super) volumes: &'a Volumes,
}

/// A request on its way through the steps.
pub(super) struct Asked {
    pub(super) id: String,
    /// The client: of the connection, or as a trusted proxy says.
    pub(super) remote: SocketAddr,
    /// The actor and scope that the process gets.
    pub(super) identity: Identity,
    /// The page that asks, as the browser says.
    pub(super) origin: Option<HeaderValue>,
    /// True if the client takes answers in gzip.
    pub(super) takes_gzip: bool,
    /// True if the request counts for its route.
    pub(super) is_counted: bool,
}

impl Step {
    /// Makes a step of the settings of a router.
    ///
    /// # Errors
    ///
    /// [`ListenError::TokenStore`].
    pub(super) fn new(
        middleware: &Middleware,
        router: &Arc<str>,
        making: &Making<'_>,
    ) -> Result<Step, ListenError> {
        Ok(match middleware {
            Middleware::Cors(cors) => Step::Cors(cors.clone()),
            Middleware::Compress(compress) => Step::Compress(*compress),
            Middleware::RateLimit(limit) => Step::RateLimit(Limiter::new(limit.clone())),
            Middleware::RealIp(real_ip) => Step::RealIp(real_ip.clone()),
            Middleware::TokenAuth(auth) if making.tokens.contains(&auth.store) => {
                Step::TokenAuth(auth.clone())
            }
            Middleware::TokenAuth(auth) => {
                return Err(ListenError::TokenStore {
                    router: Arc::clone(router),
                    store: auth.store.clone(),
                });
            }
            Middleware::EndpointFirewall { action } => Step::EndpointFirewall(action.clone()),
            Middleware::ResourceFirewall { action, target } => {
                Step::ResourceFirewall(action.clone(), target.clone())
            }
            Middleware::WebsocketRelay { origins } => Step::WebsocketRelay(origins.clone()),
            Middleware::SseRelay { origins } => Step::SseRelay(origins.clone()),
            // `Metrics`, and what later versions of the settings have.
            _ => Step::Metrics,
        })
    }

    /// Looks at a request before its route is known. Returns an answer in place of that of a
    /// route.
    pub(super) async fn before(
        &self,
        parts: &Parts,
        asked: &mut Asked,
        context: &Context,
    ) -> Option<Response<Served>> {
        match self {
            Step::Cors(cors) => cors::preflight(cors, parts),
            Step::RateLimit(limiter) => limiter.check(parts, asked.remote.ip()),
            Step::RealIp(real_ip) => {
                asked.remote = real_ip::remote(real_ip, &parts.headers, asked.remote);
                None
            }
            Step::TokenAuth(auth) => match token_auth::identity(auth, parts, context).await {
                Ok(identity) => {
                    asked.identity = identity.unwrap_or_else(|| mem::take(&mut asked.identity));
                    None
                }
                // Without its store, nobody knows what the token stands for.
                Err(error) => {
                    let store = &*auth.store;
                    tracing::debug!(store, %error, "tokens cannot be read");
                    Some(plain(StatusCode::SERVICE_UNAVAILABLE))
                }
            },
            Step::Metrics => {
                asked.is_counted = true;
                None
            }
            _ => None,
        }
    }

    /// Looks at a request once its route is known. Returns an answer in place of that of the
    /// route.
    pub(super) fn behind(
        &self,
        definition: &Arc<str>,
        asked: &Asked,
        context: &Context,
    ) -> Option<Response<Served>> {
        match self {
            Step::EndpointFirewall(action) => {
                firewall::check(action, definition, definition, asked, context)
            }
            Step::ResourceFirewall(action, target) => {
                firewall::check(action, target, definition, asked, context)
            }
            _ => None,
        }
    }

    /// Looks at an answer.
    pub(super) fn after(&self, asked: &Asked, response: &mut Response<Served>) {
        match self {
            Step::Cors(cors) => cors::allow(cors, asked.origin.as_ref(), response.headers_mut()),
            Step::Compress(settings) => compress(*settings, asked.takes_gzip, response),
            _ => {}
        }
    }
}

impl Asked {
    pub(super) fn new(id: String, parts: &Parts, remote: SocketAddr) -> Asked {
        Asked {
            id,
            remote,
            identity: Identity::default(),
            origin: parts.headers.get(header::ORIGIN).cloned(),
            takes_gzip: takes_gzip(&parts.headers),
            is_counted: false,
        }
    }
}

/// Returns true if a client takes answers in gzip.
fn takes_gzip(headers: &HeaderMap) -> bool {
    let values = headers.get_all(header::ACCEPT_ENCODING).iter();
    let texts = values.filter_map(|value| value.to_str().ok());
    let mut codings = texts.flat_map(|text| text.split(','));
    codings.any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let weight = weight.trim().strip_prefix("q=").unwrap_or("1");
        let is_refused = weight.trim().parse().is_ok_and(|weight: f32| weight <= 0.0);
        name.trim().eq_ignore_ascii_case("gzip") && !is_refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_taken_unless_its_weight_is_none() {
        let takes = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static(value));
            takes_gzip(&headers)
        };
        assert!(takes("gzip") && takes("br, GZIP;q=0.5") && takes("gzip ;q=1"));
        assert!(!takes("br") && !takes("gzip;q=0") && !takes("gzip;q=0.0, br") && !takes(""));
        assert!(!takes_gzip(&HeaderMap::new()));
    }
}
