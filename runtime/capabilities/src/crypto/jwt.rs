//! `crypto.jwt.encode(claims, key, alg)` and `crypto.jwt.verify(token, key, alg,
//! require_exp)`: JSON Web Tokens with a secret key or a pair of keys (RFC 7515, 7518,
//! 7519).
//!
//! The caller names the algorithm. That of a token's header never counts: it must be the
//! same. A signature by RSA takes milliseconds and is work.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use ctutils::CtEq as _;
use serde_json::{Map, Value as Json};
use sha2::{Sha256, Sha384, Sha512};
use warren_engine::capability::{Answer, Step};
use warren_kernel::{Error, Timestamp, text};

use super::rsa;
use crate::answer;
use crate::forms;
use crate::hash::authenticate;
use crate::request::Arguments;

/// The claim whose fields are added to the header.
const HEADER: &str = "_header";

/// Memory of one signature by RSA, with the numbers derived from its key.
const RSA_MEMORY: usize = 256 << 10;

/// Answers `crypto.jwt.encode`.
pub(super) fn encode(request: &[u8]) -> Step {
    step(request, encoded)
}

/// Answers `crypto.jwt.verify` at this time.
pub(super) fn verify(request: &[u8], now: Timestamp) -> Step {
    step(request, move |request| verified(request, now))
}

/// Answers a call at once, or as work if its algorithm is slow.
fn step(request: &[u8], answer: impl FnOnce(&[u8]) -> Answer + Send + 'static) -> Step {
    match is_slow(request) {
        Ok(false) => Step::Done(answer(request)),
        Ok(true) => {
            let request = request.to_vec();
            // The parts of the token and their encodings.
            let memory = RSA_MEMORY + 8 * request.len();
            Step::compute(memory, move |progress| {
                progress.check()?;
                answer(&request)
            })
        }
        Err(error) => Step::Done(Err(error)),
    }
}

/// Tells whether the algorithm of a call takes more than some 0.1 ms.
fn is_slow(request: &[u8]) -> Result<bool, Error> {
    let mut arguments = Arguments::new(request)?;
    arguments.value()?;
    arguments.value()?;
    Ok(matches!(Algorithm::read(&mut arguments)?, Algorithm::Rs256))
}

fn encoded(request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let mut claims = object("claims", arguments.value()?)?;
    let key = arguments.key("key")?;
    let algorithm = Algorithm::read(&mut arguments)?;
    let mut header = Map::new();
    header.insert("alg".into(), algorithm.name().into());
    header.insert("typ".into(), "JWT".into());
    match claims.remove(HEADER) {
        None | Some(Json::Null) => {}
        // An empty table is an empty array.
        Some(Json::Array(none)) if none.is_empty() => {}
        Some(Json::Object(more)) => {
            if more.contains_key("alg") {
                return Err(Error::invalid(
                    "claims._header.alg is not allowed: give the algorithm as the third argument",
                ));
            }
            header.extend(more);
        }
        Some(_) => return Err(Error::invalid("claims._header: expected a table")),
    }
    let mut token = format!("{}.{}", part(header), part(claims));
    let signature = algorithm.sign(key, token.as_bytes())?;
    token.push('.');
    BASE64.encode_string(signature, &mut token);
    answer::write(|out| out.string(token.as_bytes()))
}

fn verified(request: &[u8], now: Timestamp) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let token = arguments.bytes("token")?;
    let key = arguments.key("key")?;
    let algorithm = Algorithm::read(&mut arguments)?;
    let key = algorithm.verifier(key)?;
    let require_exp = arguments.boolean_or("require_exp", true)?;
    let now = now.0 as f64 / 1e9;
    let claims = claims_of(token, &key, algorithm, require_exp, now)
        .map_err(|why| Error::internal(format!("the token is refused: {why}")).retryable(false))?;
    let mut claims = Json::Object(claims);
    forms::fit(&mut claims);
    let encoded = warren_values::to_value(&claims).map_err(|error| {
        Error::internal(format!("the token is refused: its claims: {error}")).retryable(false)
    })?;
    Ok(encoded.as_slice().to_vec())
}

/// An algorithm of RFC 7518.
#[derive(Clone, Copy)]
enum Algorithm {
    Hs256,
    Hs384,
    Hs512,
    Rs256,
}

/// The means to tell whether a signature is right.
enum Verifier<'k> {
    Secret(&'k [u8]),
    Rsa(::rsa::PublicKey),
}

impl Algorithm {
    fn read(arguments: &mut Arguments<'_>) -> Result<Algorithm, Error> {
        match arguments.text_or_nil("alg")?.unwrap_or("HS256") {
            "HS256" => Ok(Algorithm::Hs256),
            "HS384" => Ok(Algorithm::Hs384),
            "HS512" => Ok(Algorithm::Hs512),
            "RS256" => Ok(Algorithm::Rs256),
            other => {
                let other = text::line(other);
                Err(Error::invalid(format!(
                    "alg: {other} is not HS256, HS384, HS512 or RS256"
                )))
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Algorithm::Hs256 => "HS256",
            Algorithm::Hs384 => "HS384",
            Algorithm::Hs512 => "HS512",
            Algorithm::Rs256 => "RS256",
        }
    }

    fn sign(self, key: &[u8], text: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Algorithm::Hs256 => authenticate::<Sha256>(key, text),
            Algorithm::Hs384 => authenticate::<Sha384>(key, text),
            Algorithm::Hs512 => authenticate::<Sha512>(key, text),
            Algorithm::Rs256 => rsa::sign(key, text),
        }
    }

    /// Reads the key for signatures of this algorithm.
    ///
    /// # Errors
    ///
    /// `Invalid` for a text that is no key.
    fn verifier(self, key: &[u8]) -> Result<Verifier<'_>, Error> {
        match self {
            Algorithm::Rs256 => rsa::public_key(key).map(Verifier::Rsa),
            Algorithm::Hs256 | Algorithm::Hs384 | Algorithm::Hs512 => Ok(Verifier::Secret(key)),
        }
    }

    /// Tells whether a text has this signature.
    fn verifies(self, key: &Verifier<'_>, text: &[u8], signature: &[u8]) -> Result<bool, Error> {
        match key {
            Verifier::Rsa(key) => Ok(rsa::verifies(key, text, signature)),
            Verifier::Secret(key) => Ok(signature.ct_eq(&self.sign(key, text)?).into()),
        }
    }
}

fn part(object: Map<String, Json>) -> String {
    BASE64.encode(Json::Object(object).to_string())
}

/// Reads an encoded map.
fn object(name: &str, value: &[u8]) -> Result<Map<String, Json>, Error> {
    match forms::json(value) {
        Ok(Json::Object(object)) => Ok(object),
        // An empty table is an empty array.
        Ok(Json::Array(none)) if none.is_empty() => Ok(Map::new()),
        Ok(_) => Err(Error::invalid(format!(
            "{name}: expected a table of fields"
        ))),
        Err(why) => Err(Error::invalid(format!("{name}{why}"))),
    }
}

/// Returns the claims of a token that is authentic and in force.
///
/// # Errors
///
/// The reason for which it is refused.
fn claims_of(
    token: &[u8],
    key: &Verifier<'_>,
    algorithm: Algorithm,
    require_exp: bool,
    now: f64,
) -> Result<Map<String, Json>, String> {
    let parts: Vec<_> = token.splitn(4, |byte| *byte == b'.').collect();
    let [header, claims, signature] = parts[..] else {
        return Err("it does not have three parts".into());
    };
    let signed = &token[..header.len() + 1 + claims.len()];
    let given = BASE64
        .decode(signature)
        .map_err(|error| format!("its signature: {error}"))?;
    let is_right = algorithm.verifies(key, signed, &given);
    if !is_right.map_err(|error| error.message)? {
        return Err("its signature is wrong".into());
    }
    let header = json("header", header)?;
    if header.get("alg").and_then(Json::as_str) != Some(algorithm.name()) {
        return Err(format!("its algorithm is not {}", algorithm.name()));
    }
    if header.contains_key("crit") {
        return Err("its header has extensions that must be understood".into());
    }
    let claims = json("claims", claims)?;
    match time(&claims, "exp")? {
        Some(exp) if exp <= now => return Err("it has expired".into()),
        None if require_exp => return Err("it has no claim `exp`".into()),
        _ => {}
    }
    if time(&claims, "nbf")?.is_some_and(|nbf| nbf > now) {
        return Err("it is not valid yet".into());
    }
    Ok(claims)
}

fn json(what: &str, part: &[u8]) -> Result<Map<String, Json>, String> {
    let bytes = BASE64
        .decode(part)
        .map_err(|error| format!("its {what}: {error}"))?;
    serde_json::from_slice(&bytes).map_err(|error| format!("its {what}: {error}"))
}

fn time(claims: &Map<String, Json>, name: &str) -> Result<Option<f64>, String> {
    match claims.get(name) {
        None | Some(Json::Null) => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) => Ok(Some(seconds)),
            None => Err(format!("its claim `{name}` is not a number")),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Crypto;
    use crate::test::{called, of};
    use warren_kernel::Kind;
    use warren_values::Value;

    /// The token of jwt.io's introduction.
    const TOKEN: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZ\
        SI6IkpvaG4gRG9lIiwiaWF0IjoxNTE2MjM5MDIyfQ.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c";

    fn verified(token: &str, key: &str, alg: &str, require_exp: bool) -> Result<Value, Error> {
        let arguments = [of(token), of(key), of(alg), Value::Boolean(require_exp)];
        called(&Crypto, "jwt.verify", &arguments)
    }

    fn encoded(claims: &[(&str, Value)], alg: &str) -> Result<String, Error> {
        let claims = claims
            .iter()
            .map(|(key, value)| (of(key), value.clone()))
            .collect();
        let arguments = [Value::Map(claims), of("key"), of(alg)];
        match called(&Crypto, "jwt.encode", &arguments)? {
            Value::String(token) => Ok(token),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_token_of_another_implementation_is_verified() {
        let claims = verified(TOKEN, "your-256-bit-secret", "HS256", false).unwrap();
        assert_eq!(claims.get("name"), Some(&of("John Doe")));
        assert_eq!(claims.get("iat"), Some(&Value::Integer(1_516_239_022)));
    }

    #[test]
    fn tokens_come_back_with_their_claims() {
        for alg in ["HS256", "HS384", "HS512"] {
            let claims = [("sub", of("me")), ("exp", Value::Integer(1 << 40))];
            let token = encoded(&claims, alg).unwrap();
            let back = verified(&token, "key", alg, true).unwrap();
            assert_eq!(back.get("sub"), Some(&of("me")));
        }
        let more = Value::Map(vec![(of("kid"), of("k1"))]);
        let token = encoded(&[("_header", more)], "HS256").unwrap();
        let header = json("header", token.split('.').next().unwrap().as_bytes());
        let header = Json::Object(header.unwrap()).to_string();
        assert_eq!(header, r#"{"alg":"HS256","typ":"JWT","kid":"k1"}"#);
        let bare = encoded(&[], "HS256").unwrap();
        let none = encoded(&[("_header", Value::Array(vec![]))], "HS256").unwrap();
        assert_eq!(none, bare);
    }

    #[test]
    fn an_integer_that_is_too_large_is_a_float() {
        let head = BASE64.encode(r#"{"alg":"HS256"}"#);
        let numbers = "[9223372036854775808,9223372036854775807]";
        let body = BASE64.encode(format!(r#"{{"exp":18446744073709551615,"l":{numbers}}}"#));
        let signed = format!("{head}.{body}");
        let signature = Algorithm::Hs256.sign(b"key", signed.as_bytes()).unwrap();
        let token = format!("{signed}.{}", BASE64.encode(signature));
        let claims = verified(&token, "key", "HS256", true).unwrap();
        assert_eq!(
            claims.get("exp"),
            Some(&Value::Float(18_446_744_073_709_551_615.0))
        );
        let list = [
            Value::Float(9_223_372_036_854_775_808.0),
            Value::Integer(i64::MAX),
        ];
        assert_eq!(claims.get("l"), Some(&Value::Array(list.to_vec())));
    }

    #[test]
    fn an_error_in_a_token_is_its_text() {
        let error = warren_values::Error::internal("gone").with_details(&["secret"]);
        let error = Value::Error(Box::new(error));
        let header = Value::Map(vec![(of("x"), Value::Array(vec![error.clone()]))]);
        let token = encoded(&[("e", error), ("_header", header)], "HS256").unwrap();
        let parts: Vec<_> = token.split('.').collect();
        let shown = |part: &str| Json::Object(json("part", part.as_bytes()).unwrap()).to_string();
        assert_eq!(
            shown(parts[0]),
            r#"{"alg":"HS256","typ":"JWT","x":["gone"]}"#
        );
        assert_eq!(shown(parts[1]), r#"{"e":"gone"}"#);
    }

    #[test]
    fn every_fault_of_a_token_is_internal() {
        let past = encoded(&[("exp", Value::Integer(1_000))], "HS256").unwrap();
        let later = encoded(&[("nbf", Value::Integer(1 << 40))], "HS256").unwrap();
        let endless = encoded(&[], "HS256").unwrap();
        let odd = encoded(&[("exp", of("soon"))], "HS256").unwrap();
        let none = format!(
            "{}.{}.",
            BASE64.encode(r#"{"alg":"none"}"#),
            BASE64.encode("{}")
        );
        for (token, key, alg, exp, says) in [
            (&*past, "key", "HS256", true, "expired"),
            (&later, "key", "HS256", false, "not valid yet"),
            (&endless, "key", "HS256", true, "no claim `exp`"),
            (&odd, "key", "HS256", false, "not a number"),
            (&endless, "other", "HS256", false, "signature is wrong"),
            (&endless, "key", "HS512", false, "signature is wrong"),
            (&none, "key", "HS256", false, "signature is wrong"),
            (TOKEN, "key", "HS256", false, "signature is wrong"),
            ("a.b", "key", "HS256", false, "three parts"),
            ("a.b.c.d", "key", "HS256", false, "three parts"),
            ("a.b.c", "key", "HS256", false, "its signature"),
            ("", "key", "HS256", false, "three parts"),
        ] {
            let error = verified(token, key, alg, exp).unwrap_err();
            assert_eq!(error.kind, Kind::Internal, "{error}");
            assert!(error.message.contains(says), "{error}");
        }
    }

    #[test]
    fn wrong_arguments_are_invalid() {
        for alg in ["none", "hs256", "RS512", "rs256", ""] {
            assert_eq!(encoded(&[], alg).unwrap_err().kind, Kind::Invalid);
            let error = verified(TOKEN, "key", alg, true).unwrap_err();
            assert_eq!(error.kind, Kind::Invalid);
        }
        let header = Value::Map(vec![(of("alg"), of("none"))]);
        for claims in [
            ("_header", header),
            ("_header", of("x")),
            ("_header", Value::Array(vec![of("x")])),
            ("bytes", Value::Bytes(vec![0xff])),
        ] {
            let error = encoded(&[claims], "HS256").unwrap_err();
            assert_eq!(error.kind, Kind::Invalid, "{error}");
        }
    }
}
