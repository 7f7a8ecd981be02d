//! `hash.md5`, `hash.hmac_sha256` and so on.

use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Digest;
use warren_engine::capability::Answer;
use warren_kernel::Error;

use crate::answer;
use crate::hex;
use crate::request::Arguments;

/// Answers `hash.NAME(data, raw)`.
pub(super) fn plain<D: Digest>(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let data = arguments.bytes("data")?;
    let raw = arguments.boolean_or("raw", false)?;
    shown(&D::digest(data), raw)
}

/// Answers `hash.hmac_NAME(data, secret, raw)`.
pub(super) fn hmac<D: EagerHash>(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let data = arguments.bytes("data")?;
    let secret = arguments.bytes("secret")?;
    let raw = arguments.boolean_or("raw", false)?;
    shown(&authenticate::<D>(secret, data)?, raw)
}

/// Returns the HMAC of data.
///
/// # Errors
///
/// None: HMAC takes keys of any length.
pub(crate) fn authenticate<D: EagerHash>(key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
    let mut mac = Hmac::<D>::new_from_slice(key)
        .map_err(|error| Error::internal(format!("the key is refused: {error}")))?;
    mac.update(data);
    Ok(mac.finalize().into_bytes().to_vec())
}

fn shown(digest: &[u8], raw: bool) -> Answer {
    answer::write(|out| match raw {
        true => out.string(digest),
        false => out.string(hex::lower(digest).as_bytes()),
    })
}

#[cfg(test)]
mod tests {
    use crate::hash::Hash;
    use crate::test::{called, of};
    use warren_kernel::Kind;
    use warren_values::Value;

    fn hash(operation: &str, arguments: &[Value]) -> Value {
        called(&Hash, operation, arguments).unwrap()
    }

    #[test]
    fn digests_are_those_of_their_standards() {
        for (operation, digest) in [
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            (
                "sha512",
                "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a\
                 2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
            ),
        ] {
            assert_eq!(hash(operation, &[of("abc")]), of(digest), "{operation}");
        }
        let Value::Bytes(raw) = hash("md5", &[of("abc"), Value::Boolean(true)]) else {
            panic!("no bytes");
        };
        assert_eq!(raw[..3], [0x90, 0x01, 0x50]);
    }

    #[test]
    fn codes_of_messages_are_those_of_rfc_2202_and_4231() {
        let (data, key) = (of("what do ya want for nothing?"), of("Jefe"));
        for (operation, code) in [
            ("hmac_md5", "750c783e6ab0b503eaa86e310a5db738"),
            ("hmac_sha1", "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79"),
            (
                "hmac_sha256",
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
            ),
            (
                "hmac_sha512",
                "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554\
                 9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
            ),
        ] {
            assert_eq!(hash(operation, &[data.clone(), key.clone()]), of(code));
        }
    }

    #[test]
    fn arguments_of_another_type_are_invalid() {
        for arguments in [vec![], vec![Value::Integer(7)], vec![of("abc"), of("raw")]] {
            let error = called(&Hash, "sha256", &arguments).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
        }
        let error = called(&Hash, "hmac_sha256", &[of("abc")]).unwrap_err();
        assert_eq!(error.message, "secret: expected text, got nil");
    }
}
