//! Servers that a component may connect to.

use std::fmt;
use std::net::IpAddr;

use thiserror::Error;
use url::Host;

/// A server of TCP that a component may connect to by `wasi:sockets`: a host and a port.
///
/// ```
/// use warren_engine::capability::Endpoint;
///
/// let database = Endpoint::parse("DB.internal:5432")?;
/// assert_eq!(database.to_string(), "db.internal:5432");
/// assert_eq!(database.port(), 5432);
/// # Ok::<(), warren_engine::capability::EndpointError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    host: Host<String>,
    port: u16,
}

/// The most bytes of a name, as in DNS.
const MAX_NAME: usize = 255;

/// The reason why a text is no server.
///
/// ```
/// use warren_engine::capability::{Endpoint, EndpointError};
///
/// assert_eq!(Endpoint::parse("db.internal"), Err(EndpointError::Port));
/// let error = Endpoint::parse("*.internal:5432").unwrap_err();
/// assert_eq!(error, EndpointError::Host);
/// assert!(error.to_string().starts_with("expected a name"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// There is no port behind the last colon.
    #[error("expected a host and a port from 1 to 65535, such as `db.internal:5432`")]
    Port,
    /// The host is neither a name nor an address.
    #[error("expected a name, an IPv4 address or an IPv6 address in brackets before the port")]
    Host,
}

impl Endpoint {
    /// The key of [`Uses`](crate::Uses) under which servers are granted.
    pub const CAPABILITY: &'static str = "tcp";

    /// Reads a host and a port.
    ///
    /// # Errors
    ///
    /// [`EndpointError`].
    pub fn parse(text: &str) -> Result<Endpoint, EndpointError> {
        let (host, port) = text.rsplit_once(':').ok_or(EndpointError::Port)?;
        let are_digits = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse::<u16>().ok();
        let port = port.filter(|port| are_digits && *port > 0);
        let port = port.ok_or(EndpointError::Port)?;
        match Host::parse(host) {
            Ok(host) if !text.contains('*') => Ok(Endpoint { host, port }),
            _ => Err(EndpointError::Host),
        }
    }

    /// Returns the port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns true if a name that is looked up is that of the server.
    pub(crate) fn is_called(&self, name: &str) -> bool {
        let Host::Domain(domain) = &self.host else {
            return false;
        };
        name.len() <= MAX_NAME && Host::parse(name) == Ok(Host::Domain(domain.clone()))
    }

    /// Returns the address, if the server is granted by one.
    pub(crate) fn address(&self) -> Option<IpAddr> {
        match &self.host {
            Host::Domain(_) => None,
            Host::Ipv4(address) => Some((*address).into()),
            Host::Ipv6(address) => Some(IpAddr::from(*address).to_canonical()),
        }
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_a_host_and_a_port() {
        for (text, shown) in [
            ("db.internal:5432", "db.internal:5432"),
            ("DB.Internal:80", "db.internal:80"),
            ("127.0.0.1:1", "127.0.0.1:1"),
            ("0x7f.1:1", "127.0.0.1:1"),
            ("[0:0::1]:65535", "[::1]:65535"),
        ] {
            assert_eq!(Endpoint::parse(text).unwrap().to_string(), shown);
        }
        for text in ["a", "a:", "a:0", "a:65536", "a:+1", "a:1x"] {
            assert_eq!(Endpoint::parse(text), Err(EndpointError::Port), "{text}");
        }
        for text in [":1", "a b:1", "a/b:1", "::1:1", "*.a:1"] {
            let read = Endpoint::parse(text);
            assert!(matches!(read, Err(EndpointError::Host)), "{text}: {read:?}");
        }
    }

    #[test]
    fn names_are_compared_without_case() {
        let server = Endpoint::parse("db.internal:1").unwrap();
        assert!(server.is_called("DB.internal"));
        assert!(!server.is_called("db.internal.evil.org"));
        assert!(!server.is_called("10.0.0.1"));
        assert_eq!(server.address(), None);
        let address = Endpoint::parse("[::ffff:127.0.0.1]:1").unwrap();
        assert_eq!(address.address(), Some("127.0.0.1".parse().unwrap()));
        assert!(!address.is_called("127.0.0.1"));
    }
}
