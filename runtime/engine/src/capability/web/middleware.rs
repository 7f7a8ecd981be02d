//! The settings of middleware.

use std::time::Duration;

use super::cors::Cors;
use super::options::{MiddlewareError, Options};
use super::origins::Origins;
use super::subnet::{Subnet, SubnetError};

/// A step of a router around its routes.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{CompressLevel, Middleware, Options};
///
/// let options: Options = [("compress.level", "best")].into_iter().collect();
/// let duration = |_: &str| -> Result<Duration, String> { Err("a duration".to_owned()) };
/// let Middleware::Compress(compress) = Middleware::new("compress", &options, &duration)? else {
///     panic!("another middleware");
/// };
/// assert_eq!(compress.level, CompressLevel::Best);
/// # Ok::<_, warren_engine::capability::web::MiddlewareError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Middleware {
    /// `cors`: lets pages of other origins read answers.
    Cors(Cors),
    /// `compress`: compresses answers.
    Compress(Compress),
    /// `ratelimit`: refuses clients that ask too often.
    RateLimit(RateLimit),
    /// `real_ip`: takes the client's address from a header of a trusted proxy.
    RealIp(RealIp),
    /// `token_auth`: gives the process the actor and the scope of a token.
    TokenAuth(TokenAuth),
    /// `metrics`: counts requests by route.
    Metrics,
    /// `endpoint_firewall`: asks for a permission on the route's definition.
    EndpointFirewall {
        /// The action: `endpoint_firewall.action`.
        action: String,
    },
    /// `resource_firewall`: asks for a permission on one resource.
    ResourceFirewall {
        /// The action: `resource_firewall.action`.
        action: String,
        /// The resource: `resource_firewall.target`.
        target: String,
    },
    /// `websocket_relay`: makes WebSockets of requests whose handlers ask for it.
    WebsocketRelay {
        /// The origins of pages that may open one, beside the server's own:
        /// `wsrelay.allowed.origins`.
        origins: Origins,
    },
    /// `sse_relay`: makes streams of events of requests whose handlers ask for it.
    SseRelay {
        /// The origins of pages that may open one, beside the server's own:
        /// `sserelay.allowed.origins`.
        origins: Origins,
    },
}

/// The settings of `compress`.
///
/// ```
/// use warren_engine::capability::web::{Compress, CompressLevel, Middleware, RouterSettings};
///
/// let compress = Compress {
///     level: CompressLevel::Fastest,
///     min_length: 4_096,
/// };
/// let api = RouterSettings {
///     middleware: vec![Middleware::Compress(compress)],
///     ..RouterSettings::new("app:api", "app:web")
/// };
/// assert_eq!(api.middleware.len(), 1);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compress {
    /// The level: `compress.level`.
    pub level: CompressLevel,
    /// The bytes of the shortest answer that is compressed, if its length is known:
    /// `compress.min.length`.
    pub min_length: u64,
}

/// A level of compression.
///
/// ```
/// use warren_engine::capability::web::CompressLevel;
///
/// assert_eq!(CompressLevel::default(), CompressLevel::Default);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CompressLevel {
    /// `fastest`.
    Fastest,
    /// `default`.
    #[default]
    Default,
    /// `best`.
    Best,
}

/// The settings of `ratelimit`: each key has a bucket of tokens.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{Middleware, RateLimit, RateLimitKey, RouterSettings};
///
/// let limit = RateLimit {
///     requests: 100,
///     window: Duration::from_secs(60),
///     burst: 20,
///     key: RateLimitKey::Ip,
///     entry_ttl: Duration::from_secs(600),
///     max_entries: 10_000,
/// };
/// let api = RouterSettings {
///     middleware: vec![Middleware::RateLimit(limit)],
///     ..RouterSettings::new("app:api", "app:web")
/// };
/// assert_eq!(api.middleware.len(), 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests in each window: `ratelimit.requests`.
    pub requests: u64,
    /// The window: `ratelimit.window`.
    pub window: Duration,
    /// Requests at once: `ratelimit.burst`.
    pub burst: u64,
    /// The keys: `ratelimit.key`.
    pub key: RateLimitKey,
    /// Time after which a key without requests is forgotten: `ratelimit.entry_ttl`.
    pub entry_ttl: Duration,
    /// The most keys: `ratelimit.max_entries`.
    pub max_entries: usize,
}

/// The part of a request that is its key.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{Middleware, Options, RateLimitKey};
///
/// let options: Options = [("ratelimit.key", "header:X-Api-Key")].into_iter().collect();
/// let duration = |_: &str| -> Result<Duration, String> { Err("a duration".to_owned()) };
/// let Middleware::RateLimit(limit) = Middleware::new("ratelimit", &options, &duration)? else {
///     panic!("another middleware");
/// };
/// assert_eq!(limit.key, RateLimitKey::Header("x-api-key".to_owned()));
/// # Ok::<_, warren_engine::capability::web::MiddlewareError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RateLimitKey {
    /// `ip`: the address of the client.
    Ip,
    /// `header:NAME`: a header field.
    Header(String),
    /// `query:NAME`: a parameter of the query.
    Query(String),
}

/// The settings of `real_ip`.
///
/// ```
/// use std::net::IpAddr;
///
/// use warren_engine::capability::web::{RealIp, Subnet};
///
/// let real_ip = RealIp {
///     trusted: Subnet::private(),
///     trust_all: false,
///     header: Some("x-real-ip".to_owned()),
/// };
/// let proxy: IpAddr = "10.0.0.7".parse()?;
/// assert!(real_ip.trusted.iter().any(|subnet| subnet.contains(proxy)));
/// # Ok::<_, std::net::AddrParseError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RealIp {
    /// The addresses of proxies whose headers count: `real_ip.trusted.subnets`.
    pub trusted: Vec<Subnet>,
    /// True if everybody's headers count: `real_ip.trust_all`.
    pub trust_all: bool,
    /// The header field that the proxies set, in small letters: `real_ip.header`. No other one
    /// counts, since a proxy may pass on those that a client has made up. Without it
    /// `True-Client-IP`, `X-Real-IP` and `X-Forwarded-For` count, in this order.
    pub header: Option<String>,
}

/// The settings of `token_auth`.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{Middleware, Options};
///
/// let options: Options = [("token_auth.store", "tokens")].into_iter().collect();
/// let duration = |_: &str| -> Result<Duration, String> { Err("a duration".to_owned()) };
/// let Middleware::TokenAuth(auth) = Middleware::new("token_auth", &options, &duration)? else {
///     panic!("another middleware");
/// };
/// assert_eq!(auth.store, "app:tokens");
/// assert_eq!(auth.header, "authorization");
/// # Ok::<_, warren_engine::capability::web::MiddlewareError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAuth {
    /// The id of the store of tokens: `token_auth.store`.
    pub store: String,
    /// The header field: `token_auth.header.name`.
    pub header: String,
    /// The text before the token in the header field: `token_auth.header.prefix`.
    pub prefix: String,
    /// The parameter of the query: `token_auth.query.param`.
    pub query: String,
    /// The cookie: `token_auth.cookie.name`.
    pub cookie: String,
}

const ENDPOINT_ACTION: &str = "endpoint_firewall.action";
const RESOURCE_ACTION: &str = "resource_firewall.action";
const RESOURCE_TARGET: &str = "resource_firewall.target";
const WEBSOCKET_ORIGINS: &str = "wsrelay.allowed.origins";
const SSE_ORIGINS: &str = "sserelay.allowed.origins";

/// The most requests that `ratelimit` counts.
const MAX_COUNT: u64 = 1_000_000_000;

/// The action of firewalls, if nothing else is said.
const ACCESS: &str = "access";

impl Middleware {
    /// The names of the middleware before routing.
    pub const BEFORE: [&str; 6] = [
        "cors",
        "compress",
        "ratelimit",
        "real_ip",
        "token_auth",
        "metrics",
    ];

    /// The names of the middleware behind routing.
    pub const BEHIND: [&str; 4] = [
        "endpoint_firewall",
        "resource_firewall",
        "websocket_relay",
        "sse_relay",
    ];

    /// Makes middleware of its name, with the options that it knows. It reads a duration with
    /// `duration`, which returns the reason why a text is none.
    ///
    /// # Errors
    ///
    /// See [`MiddlewareError`].
    pub fn new(
        name: &str,
        options: &Options,
        duration: &dyn Fn(&str) -> Result<Duration, String>,
    ) -> Result<Middleware, MiddlewareError> {
        let origins = |option| Origins::of(options.text(option).unwrap_or_default());
        Ok(match name {
            "cors" => Middleware::Cors(Cors::of(options)?),
            "compress" => Middleware::Compress(Compress::of(options)?),
            "ratelimit" => Middleware::RateLimit(RateLimit::of(options, duration)?),
            "real_ip" => Middleware::RealIp(RealIp::of(options)?),
            "token_auth" => Middleware::TokenAuth(TokenAuth::of(options)?),
            "metrics" => Middleware::Metrics,
            "endpoint_firewall" => Middleware::EndpointFirewall {
                action: options.word(ENDPOINT_ACTION, ACCESS)?,
            },
            "resource_firewall" => Middleware::ResourceFirewall {
                action: options.word(RESOURCE_ACTION, ACCESS)?,
                target: match options.text(RESOURCE_TARGET) {
                    Some(_) => options.word(RESOURCE_TARGET, "")?,
                    None => {
                        return Err(MiddlewareError::Missing {
                            option: RESOURCE_TARGET,
                            expected: "the resource of the permission",
                        });
                    }
                },
            },
            "websocket_relay" => Middleware::WebsocketRelay {
                origins: origins(WEBSOCKET_ORIGINS),
            },
            "sse_relay" => Middleware::SseRelay {
                origins: origins(SSE_ORIGINS),
            },
            _ => {
                let name = name.to_owned();
                return Err(MiddlewareError::Unknown { name });
            }
        })
    }

    /// Returns the names of the options of a middleware.
    pub fn options_of(name: &str) -> &'static [&'static str] {
        match name {
            "cors" => Cors::OPTIONS,
            "compress" => &["compress.level", "compress.min.length"],
            "ratelimit" => RateLimit::OPTIONS,
            "real_ip" => RealIp::OPTIONS,
            "token_auth" => TokenAuth::OPTIONS,
            "endpoint_firewall" => &[ENDPOINT_ACTION],
            "resource_firewall" => &[RESOURCE_ACTION, RESOURCE_TARGET],
            "websocket_relay" => &[WEBSOCKET_ORIGINS],
            "sse_relay" => &[SSE_ORIGINS],
            _ => &[],
        }
    }
}

impl Compress {
    fn of(options: &Options) -> Result<Compress, MiddlewareError> {
        const LEVEL: &str = "compress.level";
        Ok(Compress {
            level: match options.text(LEVEL) {
                None | Some("default") => CompressLevel::Default,
                Some("fastest") => CompressLevel::Fastest,
                Some("best") => CompressLevel::Best,
                Some(_) => {
                    let expected = "`fastest`, `default` or `best`";
                    return Err(MiddlewareError::wrong(LEVEL, expected));
                }
            },
            min_length: options.number("compress.min.length", 1_024, 0..=1 << 30)?,
        })
    }
}

impl RateLimit {
    const OPTIONS: &[&str] = &[
        "ratelimit.requests",
        "ratelimit.window",
        "ratelimit.burst",
        "ratelimit.key",
        "ratelimit.cleanup_interval",
        "ratelimit.entry_ttl",
        "ratelimit.max_entries",
    ];

    fn of(
        options: &Options,
        duration: &dyn Fn(&str) -> Result<Duration, String>,
    ) -> Result<RateLimit, MiddlewareError> {
        let time = |option: &'static str, default: u64| -> Result<Duration, MiddlewareError> {
            let Some(text) = options.text(option) else {
                return Ok(Duration::from_secs(default));
            };
            match duration(text) {
                Ok(time) if !time.is_zero() => Ok(time),
                Ok(_) => Err(MiddlewareError::wrong(option, "more than 0")),
                Err(expected) => Err(MiddlewareError::wrong(option, expected)),
            }
        };
        // Keys are forgotten one by one, as others come: the interval says nothing more.
        time("ratelimit.cleanup_interval", 300)?;
        let entries = options.number("ratelimit.max_entries", 100_000, 1..=10_000_000)?;
        Ok(RateLimit {
            requests: options.number("ratelimit.requests", 100, 1..=MAX_COUNT)?,
            window: time("ratelimit.window", 60)?,
            burst: options.number("ratelimit.burst", 20, 1..=MAX_COUNT)?,
            key: RateLimitKey::of(options.text("ratelimit.key").unwrap_or("ip"))?,
            entry_ttl: time("ratelimit.entry_ttl", 600)?,
            max_entries: usize::try_from(entries).unwrap_or(usize::MAX),
        })
    }
}

impl RateLimitKey {
    fn of(text: &str) -> Result<RateLimitKey, MiddlewareError> {
        let wrong = || {
            let expected = "`ip`, `header:NAME` or `query:NAME`";
            MiddlewareError::wrong("ratelimit.key", expected)
        };
        match text.split_once(':') {
            None if text == "ip" => Ok(RateLimitKey::Ip),
            Some(("header", name)) if !name.is_empty() => {
                Ok(RateLimitKey::Header(name.to_ascii_lowercase()))
            }
            Some(("query", name)) if !name.is_empty() => Ok(RateLimitKey::Query(name.to_owned())),
            _ => Err(wrong()),
        }
    }
}

impl RealIp {
    const OPTIONS: &[&str] = &[
        "real_ip.trusted.subnets",
        "real_ip.trust_all",
        "real_ip.header",
    ];

    fn of(options: &Options) -> Result<RealIp, MiddlewareError> {
        const SUBNETS: &str = "real_ip.trusted.subnets";
        const HEADER: &str = "real_ip.header";
        let trusted = match options.text(SUBNETS) {
            None => Subnet::private(),
            Some(list) => {
                let entries = list.split(',').map(str::trim);
                let entries = entries.filter(|entry| !entry.is_empty());
                let subnets: Result<Vec<Subnet>, SubnetError> = entries.map(str::parse).collect();
                subnets
                    .map_err(|error| MiddlewareError::wrong(SUBNETS, format!("a list; {error}")))?
            }
        };
        Ok(RealIp {
            trusted,
            trust_all: options.boolean("real_ip.trust_all", false)?,
            header: match options.text(HEADER) {
                None => None,
                Some(_) => Some(options.word(HEADER, "")?.to_ascii_lowercase()),
            },
        })
    }
}

impl TokenAuth {
    const OPTIONS: &[&str] = &[
        "token_auth.store",
        "token_auth.header.name",
        "token_auth.header.prefix",
        "token_auth.query.param",
        "token_auth.cookie.name",
    ];

    fn of(options: &Options) -> Result<TokenAuth, MiddlewareError> {
        const STORE: &str = "token_auth.store";
        if options.text(STORE).is_none() {
            return Err(MiddlewareError::Missing {
                option: STORE,
                expected: "the id of a store of tokens",
            });
        }
        let store = options.word(STORE, "")?;
        let prefix = options.text("token_auth.header.prefix");
        Ok(TokenAuth {
            store: match store.contains(':') {
                true => store,
                false => format!("app:{store}"),
            },
            header: options
                .word("token_auth.header.name", "authorization")?
                .to_ascii_lowercase(),
            prefix: prefix.unwrap_or("Bearer ").to_owned(),
            query: options.word("token_auth.query.param", "x-auth-token")?,
            cookie: options.word("token_auth.cookie.name", "x-auth-token")?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(name: &str, options: &[(&str, &str)]) -> Result<Middleware, MiddlewareError> {
        let options = options.iter().copied().collect();
        let duration = |text: &str| match text {
            "0s" => Ok(Duration::ZERO),
            "1s" => Ok(Duration::from_secs(1)),
            _ => Err("a duration".to_owned()),
        };
        Middleware::new(name, &options, &duration)
    }

    #[test]
    fn each_name_makes_middleware_with_defaults() {
        for name in Middleware::BEFORE.into_iter().chain(Middleware::BEHIND) {
            let options: &[_] = match name {
                "token_auth" => &[("token_auth.store", "tokens")],
                "resource_firewall" => &[(RESOURCE_TARGET, "app:admin")],
                _ => &[],
            };
            assert!(made(name, options).is_ok(), "{name}");
            for option in Middleware::options_of(name) {
                assert!(option.contains('.'), "{option}");
            }
        }
        let unknown = made("corse", &[]).unwrap_err();
        assert_eq!(unknown.to_string(), "there is no middleware `corse`");
    }

    #[test]
    fn options_have_their_values() {
        let Middleware::RateLimit(limit) = made(
            "ratelimit",
            &[
                ("ratelimit.requests", "5"),
                ("ratelimit.window", "1s"),
                ("ratelimit.key", "header:X-Api-Key"),
            ],
        )
        .unwrap() else {
            panic!("another middleware");
        };
        assert_eq!((limit.requests, limit.burst), (5, 20));
        assert_eq!(limit.window, Duration::from_secs(1));
        assert_eq!(limit.key, RateLimitKey::Header("x-api-key".into()));
        let Middleware::TokenAuth(auth) =
            made("token_auth", &[("token_auth.store", "tokens")]).unwrap()
        else {
            panic!("another middleware");
        };
        assert_eq!((&*auth.store, &*auth.prefix), ("app:tokens", "Bearer "));
    }

    #[test]
    fn wrong_options_are_named() {
        for (name, option, value) in [
            ("ratelimit", "ratelimit.requests", "0"),
            ("ratelimit", "ratelimit.window", "0s"),
            ("ratelimit", "ratelimit.window", "soon"),
            ("ratelimit", "ratelimit.key", "cookie:a"),
            ("compress", "compress.level", "most"),
            ("real_ip", "real_ip.trusted.subnets", "10.0.0.0/8, x"),
            ("real_ip", "real_ip.trust_all", "yes"),
            ("real_ip", "real_ip.header", ""),
            ("cors", "cors.max.age", "-1"),
            ("cors", "cors.allow.credentials", "true"),
            ("cors", "cors.allow.methods", "GET,P OST"),
            ("endpoint_firewall", ENDPOINT_ACTION, ""),
        ] {
            match made(name, &[(option, value)]).unwrap_err() {
                MiddlewareError::Wrong { option: named, .. } => assert_eq!(named, option),
                error => panic!("{option}: {error}"),
            }
        }
        let missing = made("token_auth", &[]).unwrap_err();
        assert!(matches!(missing, MiddlewareError::Missing { .. }));
    }
}
