//! Addresses that a listener is bound to.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use thiserror::Error;
use warren_kernel::text;

/// The reason why a text is not an address to listen at.
///
/// ```
/// use warren_engine::capability::web::parse_bind;
///
/// let error = parse_bind("example.com:80").unwrap_err();
/// assert_eq!(error.text, "example.com:80");
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{}` is not an address to listen at: expected `ADDRESS:PORT`, such as `127.0.0.1:8080`, \
     `[::1]:8080`, `localhost:8080` or `:8080`",
    text::clipped(text, 60)
)]
pub struct BindError {
    /// The text.
    pub text: String,
}

/// Reads an address to listen at: an IP address and a port. `localhost` is `127.0.0.1`, and
/// no address means all IPv4 addresses of the machine. The port 0 lets the system choose one.
///
/// ```
/// use warren_engine::capability::web::parse_bind;
///
/// assert_eq!(parse_bind("localhost:80")?.to_string(), "127.0.0.1:80");
/// assert_eq!(parse_bind(":80")?.to_string(), "0.0.0.0:80");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`BindError`] for any other text: names are not looked up.
pub fn parse_bind(text: &str) -> Result<SocketAddr, BindError> {
    let address = || -> Option<SocketAddr> {
        let (host, port) = text.rsplit_once(':')?;
        let ip = match host {
            "" => Ipv4Addr::UNSPECIFIED,
            "localhost" => Ipv4Addr::LOCALHOST,
            _ => return text.parse().ok(),
        };
        // `parse` takes a sign.
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|_| is_number)?;
        Some(SocketAddr::new(IpAddr::V4(ip), port))
    };
    address().ok_or_else(|| BindError {
        text: text.to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_numbers() {
        for (text, address) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::1]:0", "[::1]:0"),
            ("localhost:443", "127.0.0.1:443"),
            (":8080", "0.0.0.0:8080"),
        ] {
            assert_eq!(parse_bind(text).unwrap().to_string(), address);
        }
        for text in [
            "",
            "8080",
            "127.0.0.1",
            "::1:8080",
            "example.com:80",
            ":+80",
            ":65536",
            ":",
            "127.0.0.1:80 ",
        ] {
            let error = parse_bind(text).unwrap_err();
            assert_eq!(error.text, text);
        }
    }
}
