//! Keys of RSA in PEM, and signatures by them (RS256 of RFC 7518: PKCS #1 v1.5 with
//! SHA-256).
//!
//! The crate `rsa` blinds the private operation with random numbers, and bounds the public
//! exponent by 33 bits, so that the size of the modulus alone decides on the work.

use rsa::pkcs1::{DecodeRsaPrivateKey as _, DecodeRsaPublicKey as _};
use rsa::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _};
use rsa::traits::PublicKeyParts as _;
use rsa::{PrivateKey, PublicKey};
use sha2::Sha256;
use warren_kernel::{Error, text};

use crate::limit::beyond;

/// The fewest bits of a modulus.
const MIN_MODULUS: usize = 2_048;

/// The most bits of a modulus. One signature takes some 0.3 s then.
const MAX_MODULUS: usize = 8_192;

/// The most bytes of a key in PEM. The largest private key has some 6,500.
const MAX_PEM: usize = 16 << 10;

/// Returns the signature of a text by a private key in PEM.
///
/// # Errors
///
/// `Invalid` for a text that is no such key; `Internal` if signing fails.
pub(super) fn sign(pem: &[u8], message: &[u8]) -> Result<Vec<u8>, Error> {
    let key = match Pem::read(pem)? {
        Pem::Private(key) => key,
        Pem::Public(_) => return Err(invalid("a public key cannot sign")),
    };
    key.pkcs1v15_sign::<Sha256>(message)
        .map_err(|error| Error::internal(format!("RS256 failed: {error}")).retryable(false))
}

/// Tells whether a signature of a text is that of a key.
pub(super) fn verifies(key: &PublicKey, message: &[u8], signature: &[u8]) -> bool {
    key.pkcs1v15_verify::<Sha256>(message, signature).is_ok()
}

/// Reads a public key in PEM, or that of a private key.
///
/// # Errors
///
/// `Invalid` for a text that is no key.
pub(super) fn public_key(pem: &[u8]) -> Result<PublicKey, Error> {
    match Pem::read(pem)? {
        Pem::Private(key) => Ok(key.to_public_key()),
        Pem::Public(key) => Ok(key),
    }
}

enum Pem {
    Private(Box<PrivateKey>),
    Public(PublicKey),
}

impl Pem {
    fn read(pem: &[u8]) -> Result<Pem, Error> {
        if pem.len() > MAX_PEM {
            let bytes = pem.len();
            let message = format!("key: {bytes} bytes are more than {MAX_PEM}");
            return Err(beyond("max_pem", MAX_PEM, message));
        }
        let text = std::str::from_utf8(pem).map_err(|_| invalid("it is not UTF-8"))?;
        // Space around the key, as of a text with indentation, is not PEM's.
        let text = text.trim();
        let label = text
            .strip_prefix("-----BEGIN ")
            .and_then(|rest| Some(rest.split_once("-----")?.0))
            .ok_or_else(|| invalid("it does not begin with -----BEGIN"))?;
        let private = |key: Result<PrivateKey, String>| Ok(Pem::Private(Box::new(key?)));
        let key = match label {
            "RSA PRIVATE KEY" => private(PrivateKey::from_pkcs1_pem(text).map_err(shown)),
            "PRIVATE KEY" => private(PrivateKey::from_pkcs8_pem(text).map_err(shown)),
            "RSA PUBLIC KEY" => PublicKey::from_pkcs1_pem(text)
                .map(Pem::Public)
                .map_err(shown),
            "PUBLIC KEY" => PublicKey::from_public_key_pem(text)
                .map(Pem::Public)
                .map_err(shown),
            other => {
                let other = text::clipped(other, 40);
                return Err(invalid(&format!("{other} is not a key of RSA")));
            }
        };
        let key = key.map_err(|why| invalid(&why))?;
        let bits = match &key {
            Pem::Private(key) => key.n().bit_width_vartime(),
            Pem::Public(key) => key.n().bit_width_vartime(),
        } as usize;
        if !(MIN_MODULUS..=MAX_MODULUS).contains(&bits) {
            let why =
                format!("a modulus of {bits} bits is not from {MIN_MODULUS} to {MAX_MODULUS}");
            if bits > MAX_MODULUS {
                return Err(beyond("max_modulus", MAX_MODULUS, format!("key: {why}")));
            }
            return Err(invalid(&why));
        }
        Ok(key)
    }
}

fn shown(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn invalid(why: &str) -> Error {
    Error::invalid(format!("key: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_are_no_keys_are_invalid() {
        let long = format!("-----BEGIN PRIVATE KEY-----{}", "A".repeat(MAX_PEM));
        for (pem, says) in [
            ("", "-----BEGIN"),
            ("secret", "-----BEGIN"),
            ("-----BEGIN", "-----BEGIN"),
            ("-----BEGIN EC PRIVATE KEY-----", "EC PRIVATE KEY is not"),
            ("-----BEGIN CERTIFICATE-----", "CERTIFICATE is not"),
            (
                "-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----",
                "key: ",
            ),
            (
                "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----",
                "key: ",
            ),
            (&long, "more than 16384"),
        ] {
            let error = public_key(pem.as_bytes()).unwrap_err();
            assert_eq!(error.kind, warren_kernel::Kind::Invalid);
            assert!(error.message.contains(says), "{error}");
        }
        assert!(public_key(b"-----BEGIN \xff").is_err());
    }

    /// A public key of PKCS #1 whose numbers have these bytes.
    fn pem(modulus: &[u8], exponent: &[u8]) -> String {
        use base64::Engine as _;
        let number = |bytes: &[u8]| {
            let len = u16::try_from(bytes.len() + 1).unwrap().to_be_bytes();
            [&[2, 0x82][..], &len, &[0], bytes].concat()
        };
        let short = |bytes: &[u8]| [&[2, bytes.len() as u8][..], bytes].concat();
        let exponent = match exponent {
            small if small.len() < 100 => short(small),
            large => number(large),
        };
        let content = [number(modulus), exponent].concat();
        let len = u16::try_from(content.len()).unwrap().to_be_bytes();
        let der = [&[0x30, 0x82][..], &len, &content].concat();
        let body = base64::prelude::BASE64_STANDARD.encode(der);
        let lines: Vec<_> = body.as_bytes().chunks(64).collect();
        let lines: Vec<_> = lines
            .iter()
            .map(|line| str::from_utf8(line).unwrap())
            .collect();
        format!(
            "-----BEGIN RSA PUBLIC KEY-----\n{}\n-----END RSA PUBLIC KEY-----\n",
            lines.join("\n")
        )
    }

    #[test]
    fn keys_that_would_take_much_work_or_are_weak_are_invalid() {
        let modulus = |bytes: usize| vec![0xff; bytes];
        let even = [modulus(255), vec![0xfe]].concat();
        for (modulus, exponent, valid) in [
            (modulus(256), vec![1, 0, 1], true),
            (modulus(1024), vec![3], true),
            // Sizes out of range.
            (modulus(255), vec![1, 0, 1], false),
            (modulus(1025), vec![1, 0, 1], false),
            (modulus(8_000), vec![1, 0, 1], false),
            // Exponents that are huge, even or one.
            (modulus(256), vec![0x7f; 200], false),
            (modulus(256), vec![1, 0xff, 0xff, 0xff, 0xff], true),
            (modulus(256), vec![2, 0, 0, 0, 1], false),
            (modulus(256), vec![4], false),
            (modulus(256), vec![1], false),
            (modulus(256), vec![0], false),
            (even, vec![1, 0, 1], false),
        ] {
            let key = public_key(pem(&modulus, &exponent).as_bytes());
            assert_eq!(key.is_ok(), valid, "{key:?}");
        }
    }
}
