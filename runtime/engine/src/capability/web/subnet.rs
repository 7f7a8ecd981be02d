//! Ranges of IP addresses.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

use thiserror::Error;

/// A range of IP addresses, such as `10.0.0.0/8`. An address alone is a range of one.
///
/// ```
/// use warren_engine::capability::web::Subnet;
///
/// let subnet: Subnet = "10.0.0.0/8".parse()?;
/// assert!(subnet.contains("10.1.2.3".parse()?));
/// assert!(!subnet.contains("11.1.2.3".parse()?));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subnet {
    address: IpAddr,
    prefix: u8,
}

/// The reason why a text is not a range of addresses.
///
/// ```
/// use warren_engine::capability::web::{Subnet, SubnetError};
///
/// assert_eq!("10.0.0.0/33".parse::<Subnet>(), Err(SubnetError));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("expected an IP address, or a range of them such as `10.0.0.0/8`")]
pub struct SubnetError;

impl Subnet {
    /// Returns the ranges that private networks and the machine itself use.
    pub fn private() -> Vec<Subnet> {
        let v4 = |a, b, prefix| Subnet {
            address: IpAddr::V4(Ipv4Addr::new(a, b, 0, 0)),
            prefix,
        };
        let v6 = |first, prefix| Subnet {
            address: IpAddr::V6(Ipv6Addr::new(first, 0, 0, 0, 0, 0, 0, 0)),
            prefix,
        };
        vec![
            v4(10, 0, 8),
            v4(127, 0, 8),
            v4(172, 16, 12),
            v4(192, 168, 16),
            v4(169, 254, 16),
            v6(0xfc00, 7),
            v6(0xfe80, 10),
            Subnet {
                address: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }

    /// Returns true if an address is in the range. An IPv4 address that is written as an
    /// IPv6 address counts as itself.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(own), IpAddr::V4(other)) => {
                let mask = mask_of(self.prefix, 32);
                u128::from(own.to_bits()) & mask == u128::from(other.to_bits()) & mask
            }
            (IpAddr::V6(own), IpAddr::V6(other)) => {
                let mask = mask_of(self.prefix, 128);
                own.to_bits() & mask == other.to_bits() & mask
            }
            _ => false,
        }
    }
}

/// Returns a number of `bits` bits of which the highest `prefix` are set.
fn mask_of(prefix: u8, bits: u8) -> u128 {
    let low = u32::from(bits.saturating_sub(prefix));
    let all = u128::MAX >> (128 - u32::from(bits));
    all & u128::MAX.checked_shl(low).unwrap_or(0)
}

impl FromStr for Subnet {
    type Err = SubnetError;

    fn from_str(text: &str) -> Result<Subnet, SubnetError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| SubnetError)?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => most,
            Some(prefix) if prefix.bytes().all(|byte| byte.is_ascii_digit()) => {
                prefix.parse().map_err(|_| SubnetError)?
            }
            Some(_) => return Err(SubnetError),
        };
        match prefix <= most {
            true => Ok(Subnet { address, prefix }),
            false => Err(SubnetError),
        }
    }
}

impl fmt::Display for Subnet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_the_addresses_of_their_prefix() {
        let contains = |subnet: &str, address: &str| {
            let subnet: Subnet = subnet.parse().unwrap();
            subnet.contains(address.parse().unwrap())
        };
        assert!(contains("10.0.0.0/8", "10.255.0.1"));
        assert!(!contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("10.0.0.0/8", "::ffff:10.0.0.1"));
        assert!(contains("172.16.0.0/12", "172.31.255.255"));
        assert!(!contains("172.16.0.0/12", "172.32.0.0"));
        assert!(contains("0.0.0.0/0", "8.8.8.8"));
        assert!(!contains("0.0.0.0/0", "::1"));
        assert!(contains("fc00::/7", "fdff::1"));
        assert!(!contains("fc00::/7", "fe00::1"));
        assert!(contains("1.2.3.4", "1.2.3.4"));
        assert!(!contains("1.2.3.4", "1.2.3.5"));
        let private = Subnet::private();
        let is_private = |address: &str| {
            let address = address.parse().unwrap();
            private.iter().any(|subnet| subnet.contains(address))
        };
        assert!(is_private("192.168.7.7") && is_private("::1") && !is_private("8.8.8.8"));
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "10.0.0.0/33",
            "::/129",
            "10.0.0.0/",
            "10/8",
            "a",
            "::/+8",
        ] {
            assert_eq!(text.parse::<Subnet>(), Err(SubnetError), "{text}");
        }
    }
}
