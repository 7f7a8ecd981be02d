//! `real_ip`: the address of a client behind a proxy.

use std::net::{IpAddr, SocketAddr};

use http::HeaderMap;
use warren_engine::capability::web::RealIp;

/// The header fields with one address, those that count first.
const FIELDS: [&str; 2] = ["true-client-ip", "x-real-ip"];

/// The header field to which each proxy adds an address.
const FORWARDED: &str = "x-forwarded-for";

/// The most entries of `X-Forwarded-For` that are looked at.
const MAX_ENTRIES: usize = 32;

/// Returns the address of the client: that in a header of a trusted proxy, else that of the
/// connection.
pub(super) fn remote(real_ip: &RealIp, headers: &HeaderMap, peer: SocketAddr) -> SocketAddr {
    let is_trusted = |address: IpAddr| {
        let mut trusted = real_ip.trusted.iter();
        real_ip.trust_all || trusted.any(|subnet| subnet.contains(address))
    };
    if !is_trusted(peer.ip()) {
        return peer;
    }
    let address = match real_ip.header.as_deref() {
        Some(FORWARDED) => forwarded(headers, is_trusted),
        Some(field) => of_field(headers, field),
        None => {
            let mut fields = FIELDS.iter();
            let given = fields.find_map(|field| of_field(headers, field));
            given.or_else(|| forwarded(headers, is_trusted))
        }
    };
    match address {
        // The port of the client is not known.
        Some(address) => SocketAddr::new(address, 0),
        None => peer,
    }
}

/// Returns the address of a header field that has one.
fn of_field(headers: &HeaderMap, field: &str) -> Option<IpAddr> {
    address_of(headers.get(field)?.to_str().ok()?)
}

/// Returns the last address of `X-Forwarded-For` that no trusted proxy has: the entries
/// before it may be made up.
fn forwarded(headers: &HeaderMap, is_trusted: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
    let values = headers.get_all(FORWARDED).iter();
    let texts: Vec<&str> = values.filter_map(|value| value.to_str().ok()).collect();
    let entries = texts.iter().rev().flat_map(|text| text.rsplit(','));
    let mut last = None;
    for entry in entries.take(MAX_ENTRIES) {
        let Some(address) = address_of(entry) else {
            break;
        };
        last = Some(address);
        if !is_trusted(address) {
            break;
        }
    }
    last
}

fn address_of(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let bare = text
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    let with_port = || text.parse().ok().map(|address: SocketAddr| address.ip());
    bare.unwrap_or(text).parse().ok().or_else(with_port)
}

#[cfg(test)]
mod tests {
    use warren_engine::capability::web::Subnet;

    use super::*;

    fn of(trust_all: bool, peer: &str, headers: &[(&'static str, &str)]) -> String {
        of_header(None, trust_all, peer, headers)
    }

    fn of_header(
        header: Option<&str>,
        trust_all: bool,
        peer: &str,
        headers: &[(&'static str, &str)],
    ) -> String {
        let real_ip = RealIp {
            trusted: Subnet::private(),
            trust_all,
            header: header.map(str::to_owned),
        };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let peer = SocketAddr::new(peer.parse().unwrap(), 9);
        remote(&real_ip, &map, peer).ip().to_string()
    }

    #[test]
    fn headers_count_from_trusted_proxies_alone() {
        let headers = [("x-real-ip", "8.8.8.8")];
        assert_eq!(of(false, "10.0.0.1", &headers), "8.8.8.8");
        assert_eq!(of(false, "9.9.9.9", &headers), "9.9.9.9");
        assert_eq!(of(true, "9.9.9.9", &headers), "8.8.8.8");
        let both = [("x-real-ip", "8.8.8.8"), ("true-client-ip", "7.7.7.7")];
        assert_eq!(of(false, "10.0.0.1", &both), "7.7.7.7");
        assert_eq!(
            of(false, "10.0.0.1", &[("x-real-ip", "nobody")]),
            "10.0.0.1"
        );
    }

    #[test]
    fn fields_that_the_proxy_does_not_set_are_made_up() {
        let headers = [
            ("true-client-ip", "6.6.6.6"),
            ("x-real-ip", "7.7.7.7"),
            ("x-forwarded-for", "6.6.6.6, 8.8.8.8"),
        ];
        let of = |header: &str| of_header(Some(header), false, "10.0.0.1", &headers);
        assert_eq!(of("x-forwarded-for"), "8.8.8.8");
        assert_eq!(of("x-real-ip"), "7.7.7.7");
        assert_eq!(of("cf-connecting-ip"), "10.0.0.1");
    }

    #[test]
    fn the_last_address_of_no_proxy_is_the_client() {
        let forwarded = |value: &str| of(false, "10.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(forwarded("1.1.1.1, 8.8.8.8, 10.0.0.2"), "8.8.8.8");
        assert_eq!(forwarded("10.0.0.3, 10.0.0.2"), "10.0.0.3");
        assert_eq!(forwarded("8.8.8.8:443, 10.0.0.2"), "8.8.8.8");
        assert_eq!(forwarded("[2001:db8::1]"), "2001:db8::1");
        assert_eq!(forwarded("8.8.8.8, made up"), "10.0.0.1");
        let twice = [
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "8.8.8.8, 10.0.0.2"),
        ];
        assert_eq!(of(false, "10.0.0.1", &twice), "8.8.8.8");
        let many = vec!["10.0.0.2"; 1_000].join(",");
        assert_eq!(forwarded(&format!("8.8.8.8,{many}")), "10.0.0.2");
    }
}
