//! Origins: those of URLs, and those that a program is granted.

use std::fmt;

use thiserror::Error;
use url::{Host, Url};

/// The right to the private addresses of an origin.
const PRIVATE: &str = "private";

/// The scheme, host and port of a URL of HTTP. Its text has no port that is the scheme's own.
///
/// ```
/// use warren_engine::capability::Origin;
///
/// let origin = Origin::of("HTTPS://API.example.com:443/v1?x=1").unwrap();
/// assert_eq!(origin.to_string(), "https://api.example.com");
/// assert_eq!((origin.host(), origin.port()), ("api.example.com", 443));
/// assert_eq!(Origin::of("http://0x7f.1").unwrap().host(), "127.0.0.1");
/// assert_eq!(Origin::of("file:///etc/passwd"), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    text: String,
    scheme: &'static str,
    host: String,
    port: u16,
}

/// Schemes of origins.
const SCHEMES: [&str; 2] = ["http", "https"];

impl Origin {
    /// Returns the origin of a URL of the scheme `http` or `https`; `None` for another text.
    pub fn of(url: &str) -> Option<Origin> {
        let url = Url::parse(url).ok()?;
        let scheme = SCHEMES.into_iter().find(|scheme| *scheme == url.scheme())?;
        let host = url.host_str()?;
        let text = match url.port() {
            Some(port) => format!("{scheme}://{host}:{port}"),
            None => format!("{scheme}://{host}"),
        };
        Some(Origin {
            text,
            scheme,
            host: host.to_owned(),
            port: url.port_or_known_default()?,
        })
    }

    /// Returns the text, such as `https://api.example.com:8443`.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        self.scheme
    }

    /// Returns the host: a name in ASCII, an IPv4 address, or an IPv6 address in brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Origins that a program may send requests to: one, all hosts below a domain, or all. A path
/// confines the grant to the URLs below it.
///
/// ```
/// use warren_engine::capability::{Origin, OriginGrant};
///
/// let grant = OriginGrant::parse("https://*.example.org:8443/v1/", false)?;
/// let origin = Origin::of("https://api.example.org:8443/").unwrap();
/// assert!(grant.covers(&origin, "/v1/orders"));
/// assert!(!grant.covers(&origin, "/admin"));
/// # Ok::<(), warren_engine::capability::OriginError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OriginGrant {
    text: String,
    /// Absent for all origins.
    pattern: Option<Pattern>,
    /// Empty for all paths.
    path: String,
    private: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Pattern {
    scheme: &'static str,
    host: HostPattern,
    port: u16,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum HostPattern {
    Any,
    /// Hosts that end with this text, which begins with a point.
    Below(String),
    Exactly(String),
}

/// The reason why a text is no origin that can be granted.
///
/// ```
/// use warren_engine::capability::{OriginError, OriginGrant};
///
/// let refused = |text| OriginGrant::parse(text, false).unwrap_err();
/// assert_eq!(refused("ftp://example.org"), OriginError::Scheme);
/// assert_eq!(refused("https://user@example.org"), OriginError::User);
/// assert_eq!(refused("https://api.*.org"), OriginError::Wildcard);
/// assert_eq!(OriginGrant::parse("*", true), Err(OriginError::Private));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum OriginError {
    /// The text begins with neither scheme.
    #[error("expected `http://` or `https://` before the host, or `*` for all origins")]
    Scheme,
    /// The text is no URL.
    #[error("not a URL: {0}")]
    Url(String),
    /// The text has a user or a password.
    #[error("a grant has neither user nor password")]
    User,
    /// The text has a query or a fragment.
    #[error("a grant has neither query nor fragment")]
    Query,
    /// A `*` is at a place where it stands for nothing.
    #[error("`*` stands for all hosts, or for the labels before a domain: `https://*.example.org`")]
    Wildcard,
    /// Private addresses are granted to more than one host.
    #[error("private addresses are granted to one host, which the grant names without `*`")]
    Private,
}

impl OriginGrant {
    /// The capability whose things in [`Uses`](crate::Uses) are origins.
    pub const CAPABILITY: &str = "http";

    /// Reads a grant: `*`, or scheme and host, with a port and a path if they are wanted. The
    /// host may be `*`, or begin with `*.`. With `private` the host may have addresses of
    /// private networks, of links and of this machine.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn parse(text: &str, private: bool) -> Result<OriginGrant, OriginError> {
        if text == "*" {
            return match private {
                true => Err(OriginError::Private),
                false => Ok(OriginGrant {
                    text: text.to_owned(),
                    pattern: None,
                    path: String::new(),
                    private,
                }),
            };
        }
        let (scheme, rest) = SCHEMES
            .into_iter()
            .find_map(|scheme| Some((scheme, text.strip_prefix(scheme)?.strip_prefix("://")?)))
            .ok_or(OriginError::Scheme)?;
        let stripped = rest.strip_prefix("*.");
        let is_any = stripped.is_none() && rest.starts_with('*');
        let url = match stripped {
            Some(domain) => format!("{scheme}://{domain}"),
            // Any name will do: it is not looked at.
            None if is_any => format!("{scheme}://any{}", &rest[1..]),
            None => text.to_owned(),
        };
        let url = Url::parse(&url).map_err(|error| OriginError::Url(error.to_string()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(OriginError::User);
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(OriginError::Query);
        }
        // No request goes to such a host.
        if url.host_str().is_some_and(|host| host.ends_with('.')) {
            let why = "its host ends with a dot";
            return Err(OriginError::Url(why.to_owned()));
        }
        let port = url.port_or_known_default().ok_or(OriginError::Scheme)?;
        let host = match (url.host(), stripped) {
            (Some(Host::Domain("any")), None) if is_any => HostPattern::Any,
            (Some(Host::Domain(domain)), _) if is_any || domain.contains('*') => {
                return Err(OriginError::Wildcard);
            }
            (Some(Host::Domain(domain)), Some(_)) => HostPattern::Below(format!(".{domain}")),
            (Some(host), None) => HostPattern::Exactly(host.to_string()),
            _ => return Err(OriginError::Wildcard),
        };
        if private && !matches!(host, HostPattern::Exactly(_)) {
            return Err(OriginError::Private);
        }
        let path = match url.path() {
            "/" => String::new(),
            path => path.to_owned(),
        };
        let shown = match &host {
            HostPattern::Any => "*".to_owned(),
            HostPattern::Below(domain) => format!("*{domain}"),
            HostPattern::Exactly(host) => host.clone(),
        };
        let text = match url.port() {
            Some(port) => format!("{scheme}://{shown}:{port}{path}"),
            None => format!("{scheme}://{shown}{path}"),
        };
        Ok(OriginGrant {
            text,
            pattern: Some(Pattern { scheme, host, port }),
            path,
            private,
        })
    }

    /// Reads a thing of [`Uses`](crate::Uses) with its right.
    ///
    /// # Errors
    ///
    /// [`OriginError`].
    pub fn of_use(thing: &str, right: &str) -> Result<OriginGrant, OriginError> {
        OriginGrant::parse(thing, right == PRIVATE)
    }

    /// Returns the text, which is the thing of [`Uses`](crate::Uses).
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns the right of [`Uses`](crate::Uses).
    pub fn right(&self) -> &'static str {
        if self.private { PRIVATE } else { "" }
    }

    /// Returns true if the host may have private addresses.
    pub fn is_private(&self) -> bool {
        self.private
    }

    /// Returns true if the grant covers a URL of this origin and path. The path of a URL that
    /// was parsed has no dot segments. A path with an encoded slash or backslash, or with a
    /// segment such as `..;`, is below no other path: servers differ in what they make of it.
    pub fn covers(&self, origin: &Origin, path: &str) -> bool {
        let covers_host = self.pattern.as_ref().is_none_or(|pattern| {
            pattern.scheme == origin.scheme
                && pattern.port == origin.port
                && match &pattern.host {
                    HostPattern::Any => true,
                    HostPattern::Below(domain) => origin.host.ends_with(domain),
                    HostPattern::Exactly(host) => *host == origin.host,
                }
        });
        covers_host && (self.path.is_empty() || self.covers_path(path))
    }

    fn covers_path(&self, path: &str) -> bool {
        let Some(rest) = path.strip_prefix(&self.path) else {
            return false;
        };
        let is_below = rest.is_empty() || self.path.ends_with('/') || rest.starts_with('/');
        let is_slash =
            |three: &[u8]| three.eq_ignore_ascii_case(b"%2f") || three.eq_ignore_ascii_case(b"%5c");
        is_below && !rest.as_bytes().windows(3).any(is_slash) && !rest.split('/').any(leads_up)
    }
}

/// Returns true for a segment that leads up to servers to which a segment ends before its
/// semicolon.
fn leads_up(segment: &str) -> bool {
    let decoded = segment.to_ascii_lowercase().replace("%2e", ".");
    decoded.replace("%3b", ";").starts_with("..;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(grant: &str, url: &str) -> bool {
        let grant = OriginGrant::parse(grant, false).unwrap();
        let path = Url::parse(url).unwrap().path().to_owned();
        grant.covers(&Origin::of(url).unwrap(), &path)
    }

    #[test]
    fn a_grant_covers_its_scheme_host_and_port() {
        for (grant, url, covered) in [
            ("https://a.org", "https://a.org/x", true),
            ("https://a.org", "https://A.ORG:443/x", true),
            ("https://a.org/", "https://a.org/x", true),
            ("https://a.org", "http://a.org/x", false),
            ("https://a.org", "https://a.org:444/", false),
            ("https://a.org", "https://b.a.org/", false),
            ("https://a.org", "https://a.org./", false),
            ("https://a.org", "https://a.org.evil.net/", false),
            ("https://*.a.org", "https://b.a.org/", true),
            ("https://*.a.org", "https://c.b.a.org/", true),
            ("https://*.a.org", "https://a.org/", false),
            ("https://*.a.org", "https://evila.org/", false),
            ("https://*.a.org:8443", "https://b.a.org:8443/", true),
            ("https://*.a.org:8443", "https://b.a.org/", false),
            ("https://*", "https://b.a.org/", true),
            ("https://*", "https://b.a.org:1/", false),
            ("https://*:1", "https://b.a.org:1/", true),
            ("https://*", "http://b.a.org/", false),
            ("*", "http://b.a.org:1/", true),
            ("http://127.0.0.1", "http://0x7f.1/", true),
            ("http://127.0.0.1", "http://2130706433/", true),
            ("http://[::1]:80", "http://[0:0::1]/", true),
            ("http://127.0.0.1", "http://[::ffff:127.0.0.1]/", false),
            ("https://münchen.de", "https://xn--mnchen-3ya.de/", true),
        ] {
            assert_eq!(covers(grant, url), covered, "{grant} {url}");
        }
    }

    #[test]
    fn a_path_covers_what_is_below_it() {
        for (grant, path, covered) in [
            ("/v1/", "/v1/", true),
            ("/v1/", "/v1/a/b", true),
            ("/v1/", "/v1", false),
            ("/v1", "/v1", true),
            ("/v1", "/v1/a", true),
            ("/v1", "/v10", false),
            ("/v1/", "/v2/", false),
            ("/v1/", "/v1/../v2", false),
            ("/v1/", "/v1/%2e%2e/v2", false),
            ("/v1/", "/v1/..%2fv2", false),
            ("/v1/", "/v1/..%5Cv2", false),
            ("/v1/", "/v1/%252e", true),
            ("/v1/", "/v1/..;/v2", false),
            ("/v1/", "/v1/a/%2E.;x/v2", false),
            ("/v1/", "/v1/..%3B/v2", false),
            ("/v1/", "/v1/a;x/b", true),
            ("/v1/", "/v1/..a;x", true),
        ] {
            let (grant, url) = (format!("http://a{grant}"), format!("http://a{path}"));
            assert_eq!(covers(&grant, &url), covered, "{grant} {url}");
        }
        assert!(covers("http://a", "http://a/%2f"));
    }

    #[test]
    fn a_grant_has_one_form() {
        for (text, form) in [
            ("*", "*"),
            ("https://A.org:443/", "https://a.org"),
            ("http://a.org:80/x/../y", "http://a.org/y"),
            ("http://*.a.org:81/", "http://*.a.org:81"),
            ("https://*", "https://*"),
            ("http://0x7f.1:8080", "http://127.0.0.1:8080"),
        ] {
            let grant = OriginGrant::parse(text, false).unwrap();
            assert_eq!(grant.as_str(), form);
            assert_eq!(
                OriginGrant::of_use(grant.as_str(), grant.right()),
                Ok(grant)
            );
        }
        let grant = OriginGrant::parse("http://[::1]:1", true).unwrap();
        assert_eq!((grant.right(), grant.is_private()), ("private", true));
    }

    #[test]
    fn other_texts_are_refused() {
        for (text, private, expected) in [
            ("", false, "expected `http://`"),
            ("a.org", false, "expected `http://`"),
            ("ftp://a.org", false, "expected `http://`"),
            ("https://", false, "not a URL"),
            ("https://a b", false, "not a URL"),
            ("https://a.org:99999", false, "not a URL"),
            ("https://a.org.", false, "ends with a dot"),
            ("https://*.a.org.", false, "ends with a dot"),
            ("https://user@a.org", false, "neither user"),
            ("https://:x@a.org", false, "neither user"),
            ("https://a.org?x", false, "neither query"),
            ("https://a.org#x", false, "neither query"),
            ("https://*a.org", false, "`*` stands"),
            ("https://a.*.org", false, "`*` stands"),
            ("https://*.*.org", false, "`*` stands"),
            ("https://*.127.0.0.1", false, "`*` stands"),
            ("*", true, "private addresses"),
            ("https://*", true, "private addresses"),
            ("https://*.a.org", true, "private addresses"),
        ] {
            let error = OriginGrant::parse(text, private).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }
}
