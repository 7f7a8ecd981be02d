//! The text of a token: random bytes in Base64 and, in a store with a key, a point and
//! their HMAC-SHA-256 in Base64.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD as BASE64;
use ctutils::CtEq as _;
use sha2::{Digest as _, Sha256};
use warren_engine::security::TokenStore;
use warren_kernel::Error;

use crate::crypto::fill;
use crate::hash::authenticate;

/// Bytes of half a digest.
const HALF: usize = 16;

/// The most bytes of a token's text that are looked at: more than any store's tokens have.
pub(super) const LONGEST: usize = 4096;

/// The part of a token that a store keeps: halves of its SHA-256. The first finds the
/// token. The second is compared in constant time.
#[derive(Clone, Copy)]
pub(super) struct Digest {
    pub(super) selector: [u8; HALF],
    pub(super) verifier: [u8; HALF],
}

/// Makes a new token of a store, and its digest.
///
/// # Errors
///
/// `Internal` if the system has no random bytes.
pub(super) fn new(settings: &TokenStore) -> Result<(String, Digest), Error> {
    let key = settings.key.as_deref();
    let token = draw(settings.token_length, key)?;
    let (digest, _) = read(token.as_bytes(), key)?;
    Ok((token, digest))
}

/// Makes the text of a new token.
///
/// # Errors
///
/// `Internal` if the system has no random bytes.
fn draw(length: usize, key: Option<&[u8]>) -> Result<String, Error> {
    let mut bytes = vec![0; length];
    fill(&mut bytes)?;
    let mut token = BASE64.encode(bytes);
    if let Some(key) = key {
        let code = authenticate::<Sha256>(key, token.as_bytes())?;
        token.push('.');
        BASE64.encode_string(code, &mut token);
    }
    Ok(token)
}

/// Returns the digest of a token, and whether its code is that of the key. A forged token
/// takes the time of an unknown one.
///
/// # Errors
///
/// `Internal` if the key cannot be used.
pub(super) fn read(token: &[u8], key: Option<&[u8]>) -> Result<(Digest, bool), Error> {
    let token = &token[..token.len().min(LONGEST + 1)];
    let authentic = match key {
        None => true,
        Some(key) => {
            let point = token.iter().rposition(|byte| *byte == b'.');
            let (random, code) = token.split_at(point.unwrap_or(0));
            let expected = BASE64.encode(authenticate::<Sha256>(key, random)?);
            bool::from(code.get(1..).unwrap_or_default().ct_eq(expected.as_bytes()))
        }
    };
    let digest = Sha256::digest(token);
    let (mut selector, mut verifier) = ([0; HALF], [0; HALF]);
    selector.copy_from_slice(&digest[..HALF]);
    verifier.copy_from_slice(&digest[HALF..]);
    Ok((Digest { selector, verifier }, authentic))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_base64_of_its_random_bytes() {
        let token = draw(32, None).unwrap();
        assert_eq!(BASE64.decode(&token).unwrap().len(), 32);
        assert_ne!(token, draw(32, None).unwrap());
        assert!(read(token.as_bytes(), None).unwrap().1);
    }

    #[test]
    fn with_a_key_it_has_a_code_that_any_change_breaks() {
        let key = Some(&b"secret"[..]);
        let token = draw(16, key).unwrap();
        let (random, code) = token.split_once('.').unwrap();
        let expected = authenticate::<Sha256>(b"secret", random.as_bytes()).unwrap();
        assert_eq!(BASE64.decode(code).unwrap(), expected);
        let authentic = |token: &[u8]| read(token, key).unwrap().1;
        assert!(authentic(token.as_bytes()));
        for place in 0..token.len() {
            let mut changed = token.clone().into_bytes();
            changed[place] ^= 1;
            assert!(!authentic(&changed), "{place}");
            assert!(!authentic(&token.as_bytes()[..place]), "{place}");
        }
        for other in [&b""[..], b".", random.as_bytes(), &[0xff; 9000]] {
            assert!(!authentic(other));
        }
        assert!(!read(token.as_bytes(), Some(b"other")).unwrap().1);
    }
}
