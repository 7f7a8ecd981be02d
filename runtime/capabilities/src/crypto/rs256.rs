//! Tokens that are signed with RS256, for tests of [`jwt`](super::jwt).

use crate::crypto::Crypto;
use crate::test::{called, called_within, of};
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use warren_kernel::{Error, Kind};
use warren_values::Value;

const PRIVATE: [&str; 2] = [
    include_str!("keys/private_pkcs1.pem"),
    include_str!("keys/private_pkcs8.pem"),
];
const PUBLIC: [&str; 2] = [
    include_str!("keys/public_pkcs1.pem"),
    include_str!("keys/public_pkcs8.pem"),
];

/// A token that OpenSSL has signed with the private key.
const TOKEN: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJtZSIsImV4cCI6MTA5OTUxMTYyNzc3Nn0.Y7e\
    uhrX_fEZ8_vFk5-zi2JURy6sWatYfN7Uo_5P4NL9qnwyK9bXGh_uMtLuiwrKpwQJ1pk7vv1Q1xyN5FM2PK_Z\
    l0m5Ysjy99lF1zHyNR3rtUQ6FXolAYTCU6YVHXgScwEMrI_SAOAOq-olB2aRNSMFMfgGhkZpXvDfDyLPKBqI\
    ml_YGkmW9j16T7rrsVEUAVhvQH0Qv0s0-lEbzD66T2xuLzKcFAKrfzDjUbwPPzk4vqcF-rWLmrbZ9Zor2NF3\
    m42X6oO3Zk0wqfH0B1KjKOABonp728OoxQtCKjs0ptd0t3ZmtF1eIvKPuT0wnFxrW2nPykhP48ErW2NvnvkF\
    d9g";

fn encoded(key: &str) -> Result<Value, Error> {
    let claims = Value::Map(vec![
        (of("sub"), of("me")),
        (of("exp"), Value::Integer(1 << 40)),
    ]);
    called(&Crypto, "jwt.encode", &[claims, of(key), of("RS256")])
}

fn verified(token: &Value, key: &str, alg: &str) -> Result<Value, Error> {
    called(&Crypto, "jwt.verify", &[token.clone(), of(key), of(alg)])
}

#[test]
fn tokens_are_those_of_another_implementation() {
    for key in PRIVATE {
        assert_eq!(encoded(key).unwrap(), of(TOKEN));
    }
    for key in PUBLIC.into_iter().chain(PRIVATE) {
        let claims = verified(&of(TOKEN), key, "RS256").unwrap();
        assert_eq!(claims.get("sub"), Some(&of("me")));
    }
    let indented = format!("\n  {}  \n", PUBLIC[1]);
    assert!(verified(&of(TOKEN), &indented, "RS256").is_ok());
}

#[test]
fn a_public_key_is_no_secret_for_another_algorithm() {
    let claims = Value::Map(vec![(of("exp"), Value::Integer(1 << 40))]);
    let forged = [claims, of(PUBLIC[1]), of("HS256")];
    let forged = called(&Crypto, "jwt.encode", &forged).unwrap();
    let error = verified(&forged, PUBLIC[1], "RS256").unwrap_err();
    assert!(error.message.contains("signature is wrong"), "{error}");
    let error = verified(&of(TOKEN), PUBLIC[1], "HS256").unwrap_err();
    assert!(error.message.contains("signature is wrong"), "{error}");
}

#[test]
fn forged_tokens_are_refused() {
    let (signed, signature) = TOKEN.rsplit_once('.').unwrap();
    let right = BASE64.decode(signature).unwrap();
    for (at, len) in [(0, 256), (255, 256), (0, 255), (0, 0)] {
        let mut wrong = right[..len].to_vec();
        if let Some(byte) = wrong.get_mut(at) {
            *byte ^= 1;
        }
        let token = format!("{signed}.{}", BASE64.encode(wrong));
        let error = verified(&of(&token), PUBLIC[0], "RS256").unwrap_err();
        assert_eq!(error.kind, Kind::Internal);
        assert!(error.message.contains("signature is wrong"), "{error}");
    }
}

#[test]
fn keys_of_the_wrong_kind_are_invalid() {
    for (key, says) in [
        (PUBLIC[0], "key: a public key cannot sign"),
        ("secret", "key: it does not begin"),
    ] {
        let error = encoded(key).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid);
        assert!(error.message.starts_with(says), "{error}");
    }
    let error = verified(&of("no token"), "secret", "RS256").unwrap_err();
    assert_eq!(error.kind, Kind::Invalid);
    let torn = PRIVATE[1].replace("\nMII", "\nMIJ");
    assert_eq!(encoded(&torn).unwrap_err().kind, Kind::Invalid);
}

#[test]
fn a_signature_is_work_that_asks_whether_to_go_on() {
    let stop = || Err(Error::new(Kind::Canceled, "stopped"));
    let arguments = [of(TOKEN), of(PUBLIC[0]), of("RS256")];
    let stopped = called_within(&Crypto, "jwt.verify", &arguments, &stop);
    assert_eq!(stopped.unwrap_err().message, "stopped");
}
