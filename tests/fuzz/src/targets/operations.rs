//! Operations of capabilities that read texts: YAML, regular expressions, JSON Schema,
//! tokens.

use std::cell::Cell;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use warren_engine::Grants;
use warren_engine::capability::{Caller, Capability, Kept, Permits, Progress, Step, Variables};
use warren_engine::security::{Evaluation, Supposed, TokenStore};
use warren_kernel::{Error, Kernel, Kind, Process};
use warren_values::{Value, from_value, to_value};

use crate::Reached;

pub(crate) static OPERATIONS: [Reached; 8] = [
    Reached::new("documents of YAML decoded"),
    Reached::new("documents of YAML encoded"),
    Reached::new("patterns compiled"),
    Reached::new("patterns found"),
    Reached::new("schemas satisfied"),
    Reached::new("schemas not satisfied"),
    Reached::new("tokens of JWT verified"),
    Reached::new("tokens validated"),
];

/// Separates the parts of an input: no text has this byte.
const END_OF_PART: u8 = 0xff;

/// Checks that a computation makes before it is canceled: it makes one each millisecond.
const MAX_CHECKS: u64 = 2_000;

/// The secret of the tokens of JWT.
const SECRET: &str = "secret";

/// The id of the store of tokens.
const STORE: &str = "t:tokens";

/// Calls the operations that the first byte selects. The other bytes are their texts.
pub(super) fn operations(bytes: &[u8]) {
    let [which, rest @ ..] = bytes else {
        return;
    };
    let parts: Vec<&[u8]> = rest.splitn(3, |byte| *byte == END_OF_PART).collect();
    let part = |index: usize| parts.get(index).copied().unwrap_or_default();
    match which % 5 {
        0 => yaml(part(0)),
        1 => pattern(part(0), part(1), part(2)),
        2 => schema(part(0), part(1)),
        3 => jwt(part(0), part(1)),
        _ => token(part(0)),
    }
}

/// A decoded document can be encoded, unless it has what no document has; and what was
/// encoded is decoded to the same.
fn yaml(text: &[u8]) {
    let Ok(value) = called("yaml.decode", &[string(text)]) else {
        return;
    };
    OPERATIONS[0].add(1);
    let Ok(text) = called("yaml.encode", &[value]) else {
        return;
    };
    OPERATIONS[1].add(1);
    let read = called("yaml.decode", &[text]).expect("what was written can be read");
    let again = called("yaml.encode", std::slice::from_ref(&read)).expect("as before");
    let again = called("yaml.decode", &[again]).expect("what was written can be read");
    assert_eq!(format!("{again:?}"), format!("{read:?}"));
}

/// All operations take a pattern that compiles, and agree.
fn pattern(pattern: &[u8], text: &[u8], replacement: &[u8]) {
    let (pattern, text, replacement) = (string(pattern), string(text), string(replacement));
    let compiled = called("text.regexp.compile", std::slice::from_ref(&pattern));
    let both = [pattern, text];
    let is_match = called("text.regexp.match", &both);
    match (compiled, &is_match) {
        (Ok(names), Ok(_)) => {
            let Value::Array(names) = names else {
                panic!("{names:?}");
            };
            assert!(!names.is_empty(), "the whole match has no name");
            OPERATIONS[2].add(1);
        }
        (Err(compiled), Err(matched)) => {
            assert_eq!(compiled.kind, Kind::Invalid, "{compiled}");
            assert_eq!(compiled, *matched);
            return;
        }
        (compiled, matched) => panic!("{compiled:?}, {matched:?}"),
    }
    let found = called("text.regexp.find", &both).expect("it matches or not");
    let Value::Array(found) = found else {
        panic!("{found:?}");
    };
    assert_eq!(is_match.ok(), Some(Value::Boolean(!found.is_empty())));
    OPERATIONS[3].add(u64::from(!found.is_empty()));
    let [pattern, text] = both;
    // The text may become too long.
    if let Err(error) = called("text.regexp.replace", &[pattern, text, replacement]) {
        assert_eq!(error.kind, Kind::Invalid, "{error}");
    }
}

/// A value satisfies a schema, or the error is `Invalid`; a kept schema says the same.
fn schema(schema: &[u8], value: &[u8]) {
    let arguments = [string(schema), string(value)];
    let first = called("json.validate_string", &arguments);
    let second = called("json.validate_string", &arguments);
    assert_eq!(first, second);
    match first {
        Ok(answer) => {
            assert_eq!(answer, Value::Boolean(true));
            OPERATIONS[4].add(1);
        }
        Err(error) => {
            assert!(
                matches!(error.kind, Kind::Invalid | Kind::Canceled),
                "{error}"
            );
            OPERATIONS[5].add(u64::from(error.details.is_some()));
        }
    }
}

/// A token is taken only as it was signed.
fn jwt(token: &[u8], key: &[u8]) {
    let no_end = Value::Boolean(false);
    let with_secret = [string(token), SECRET.into(), "HS256".into(), no_end.clone()];
    match called("crypto.jwt.verify", &with_secret) {
        Ok(claims) => {
            assert!(
                matches!(claims, Value::Map(_) | Value::Array(_)),
                "{claims:?}"
            );
            OPERATIONS[6].add(1);
            let other = [
                string(token),
                "another".into(),
                "HS256".into(),
                no_end.clone(),
            ];
            assert!(
                called("crypto.jwt.verify", &other).is_err(),
                "by another key"
            );
        }
        Err(error) => assert!(
            matches!(error.kind, Kind::Internal | Kind::Invalid),
            "{error}"
        ),
    }
    // The key is a text in PEM.
    let with_key = [string(token), string(key), "RS256".into(), no_end];
    let error = called("crypto.jwt.verify", &with_key).expect_err("nobody signed it");
    assert!(
        matches!(error.kind, Kind::Internal | Kind::Invalid),
        "{error}"
    );
}

/// A token of a store is valid as it was made, and with no byte changed. The first byte
/// names a place, and the second its change.
fn token(bytes: &[u8]) {
    static MADE: OnceLock<String> = OnceLock::new();
    let made = MADE.get_or_init(|| {
        let nothing = || Value::Map(Vec::new());
        let policies = Value::Array(vec!["readers".into()]);
        let arguments = [
            STORE.into(),
            "ada".into(),
            nothing(),
            policies,
            Value::Nil,
            nothing(),
        ];
        match called("security.token.create", &arguments) {
            Ok(Value::String(token)) => token,
            other => panic!("{other:?}"),
        }
    });
    let mut changed = made.clone().into_bytes();
    match bytes {
        [at, change] => {
            let at = usize::from(*at) % changed.len();
            changed[at] ^= change;
        }
        _ => changed = bytes.to_vec(),
    }
    let is_made = changed == made.as_bytes();
    let arguments = [STORE.into(), string(&changed)];
    match called("security.token.validate", &arguments) {
        Ok(_) => {
            assert!(is_made, "{changed:?} is taken for {made}");
            OPERATIONS[7].add(1);
        }
        Err(error) => {
            assert!(!is_made, "{error}");
            assert!(
                matches!(error.kind, Kind::Internal | Kind::Invalid),
                "{error}"
            );
            // Nothing is revoked: the token stays valid.
            assert_ne!(
                called("security.token.revoke", &arguments),
                Ok(Value::Boolean(true))
            );
        }
    }
}

/// Bytes as a guest passes them.
fn string(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => Value::Bytes(bytes.to_vec()),
    }
}

/// Calls an operation to its end.
fn called(operation: &str, arguments: &[Value]) -> std::result::Result<Value, Error> {
    let request = to_value(arguments).map_err(|error| Error::invalid(error.to_string()))?;
    static CAPABILITIES: OnceLock<Vec<Arc<dyn Capability>>> = OnceLock::new();
    let capabilities = CAPABILITIES.get_or_init(|| {
        let tokens = TokenStore {
            id: STORE.into(),
            token_length: 16,
            expiration: Duration::from_secs(3_600),
            key: Some(b"key".as_slice().into()),
            store: None,
        };
        let values = warren_capabilities::Stores::default();
        let tokens = warren_capabilities::TokenStores::new(vec![tokens], &values);
        warren_capabilities::all(warren_capabilities::Settings {
            tokens: tokens.expect("it keeps tokens in memory"),
            ..warren_capabilities::Settings::default()
        })
    });
    let (name, operation) = operation.split_once('.').expect("a name of two parts");
    let capability = capabilities
        .iter()
        .find(|capability| capability.name() == name)
        .expect("there is such a capability");
    let answer = match capability.call(&mut Anyone::new(), operation, request.as_slice()) {
        Step::Done(answer) => answer?,
        Step::Compute(work) => {
            let checks = Cell::new(0);
            let check = || {
                checks.set(checks.get() + 1);
                if checks.get() > MAX_CHECKS {
                    return Err(Error::new(Kind::Canceled, "it takes too long"));
                }
                Ok(())
            };
            (work.run)(&Progress::new(&check))?
        }
        Step::Wait(_) => panic!("{operation} waits"),
        Step::Unknown => panic!("there is no operation {operation}"),
    };
    Ok(from_value(&answer).expect("an answer is a value"))
}

/// A caller that may do everything, without a process: none of the operations looks at it.
struct Anyone {
    kernel: Arc<Kernel>,
    grants: Grants,
    kept: Arc<Kept>,
}

impl Anyone {
    fn new() -> Anyone {
        Anyone {
            kernel: Kernel::new(),
            grants: Grants {
                tokens: vec![STORE.to_owned()],
                ..Grants::default()
            },
            kept: Arc::default(),
        }
    }
}

impl Caller for Anyone {
    fn process(&self) -> &Arc<Process> {
        unreachable!("no operation here needs a process")
    }

    fn definition(&self) -> &Arc<str> {
        unreachable!("no operation here needs a definition")
    }

    fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    fn is_judged(&self) -> bool {
        false
    }

    fn permit(&mut self, _: &str, _: &str, _: &[(&str, &str)]) -> std::result::Result<(), Error> {
        Ok(())
    }

    fn permits(&self) -> Permits {
        Permits::new(|_, _, _| Ok(()))
    }

    fn grants(&self) -> &Grants {
        &self.grants
    }

    fn variables(&self) -> Variables<'_> {
        unreachable!("no operation here needs a variable")
    }

    fn evaluation(&self, _: Supposed<'_>) -> std::result::Result<Evaluation, Error> {
        unreachable!("no operation here evaluates a policy")
    }

    fn kept(&mut self) -> &Arc<Kept> {
        &self.kept
    }
}

/// Makes an input for one of the operations.
pub(crate) fn make(random: &mut Unstructured<'_>) -> Result<Vec<u8>> {
    let which = random.int_in_range(0..=4)?;
    let mut input = vec![which];
    match which {
        0 => input.extend(document(random)?.into_bytes()),
        1 => {
            input.extend(joined(random, PATTERN, 8)?.into_bytes());
            input.push(END_OF_PART);
            input.extend(joined(random, &["a", "b", "1", " ", "\u{fc}", "\n"], 12)?.into_bytes());
            input.push(END_OF_PART);
            input.extend(joined(random, &["$1", "${n}", "$", "x"], 3)?.into_bytes());
        }
        2 => {
            input.extend(made_schema(random, 3)?.into_bytes());
            input.push(END_OF_PART);
            input.extend(made_json(random, 3)?.into_bytes());
        }
        3 => {
            let claims = Value::Map(vec![(
                "sub".into(),
                i64::arbitrary(random)?.to_string().into(),
            )]);
            let token = called(
                "crypto.jwt.encode",
                &[claims, SECRET.into(), "HS256".into()],
            );
            let Ok(Value::String(token)) = token else {
                panic!("{token:?}");
            };
            let mut token = token.into_bytes();
            if random.ratio(1, 2)? {
                let at = random.choose_index(token.len())?;
                token[at] ^= u8::arbitrary(random)?;
            }
            input.extend(token);
        }
        _ => {
            input.push(u8::arbitrary(random)?);
            input.push(*random.choose(&[0, 1, 2, 0x20])?);
        }
    }
    Ok(input)
}

/// Joins up to `most` of some texts.
fn joined(random: &mut Unstructured<'_>, texts: &[&str], most: usize) -> Result<String> {
    let count = random.int_in_range(0..=most)?;
    (0..count).map(|_| Ok(*random.choose(texts)?)).collect()
}

const PATTERN: &[&str] = &[
    "a",
    "b*",
    "(a|b)",
    "(?P<n>a)",
    "[^a]",
    "[a-c]",
    "\\d",
    "\\pL",
    "\\p{Greek}",
    "{2,3}",
    "?",
    "^",
    "$",
    "(?i)",
    "(?s:.)",
    ".",
    "\\b",
    "\\Qa.",
    "\\E",
    "\u{fc}",
    "(",
    ")",
    "[",
    "\\",
];

const YAML: &[&str] = &[
    "a: ",
    "b: ",
    "- ",
    "\n",
    "\n  ",
    "\n    ",
    "[1, a]",
    "{a: 1, b: [2]}",
    "&x ",
    "*x",
    "!!str ",
    "|\n  text\n",
    ">-\n  text\n",
    "'single'",
    "\"dou\\tble\"",
    "# comment\n",
    "1.5",
    "0x1f",
    ".inf",
    "~",
    "? ",
    ": ",
    "---\n",
    "%YAML 1.2\n",
    "\t",
    "\u{fc}",
    "null",
    "true",
    "]",
    "{",
];

/// Makes a document, half of them well formed.
fn document(random: &mut Unstructured<'_>) -> Result<String> {
    if random.ratio(1, 2)? {
        return joined(random, YAML, 12);
    }
    let mut text = String::new();
    for key in 0..random.int_in_range(1..=4)? {
        let value = *random.choose(&[
            "1",
            "1.5",
            "-.inf",
            "~",
            "text",
            "'it''s'",
            "\"\\u00fc\"",
            "[1, [a, b]]",
            "{x: {y: z}}",
            "\n  - one\n  - two",
            "|\n  a\n  b",
        ])?;
        text += &format!("key{key}: {value}\n");
    }
    Ok(text)
}

fn made_schema(random: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    let most = if depth == 0 { 6 } else { 13 };
    let which = random.int_in_range(0..=most)?;
    let mut inner = || made_schema(random, depth - 1);
    Ok(match which {
        0 => "true".to_owned(),
        1 => r#"{"type":["object","integer"]}"#.to_owned(),
        2 => r#"{"minimum":3,"multipleOf":0.5}"#.to_owned(),
        3 => r#"{"enum":[1,"a",null]}"#.to_owned(),
        4 => r#"{"pattern":"^(a|\\d)+$","maxLength":4}"#.to_owned(),
        5 => r##"{"$ref":"#"}"##.to_owned(),
        6 => r#"{"required":["a"],"maxProperties":2}"#.to_owned(),
        7 => format!(
            r#"{{"properties":{{"a":{}}},"additionalProperties":false}}"#,
            inner()?
        ),
        8 => format!(r#"{{"items":{},"uniqueItems":true}}"#, inner()?),
        9 => format!(r#"{{"allOf":[{},{}]}}"#, inner()?, inner()?),
        10 => format!(r#"{{"not":{}}}"#, inner()?),
        11 => format!(r##"{{"$ref":"#/$defs/x","$defs":{{"x":{}}}}}"##, inner()?),
        12 => format!(r#"{{"if":{},"then":{},"else":false}}"#, inner()?, inner()?),
        _ => format!(r#"{{"anyOf":[{},"odd"]}}"#, inner()?),
    })
}

fn made_json(random: &mut Unstructured<'_>, depth: usize) -> Result<String> {
    let most = if depth == 0 { 4 } else { 6 };
    let which = random.int_in_range(0..=most)?;
    let mut inner = || made_json(random, depth - 1);
    Ok(match which {
        0 => "null".to_owned(),
        1 => "3.5".to_owned(),
        2 => r#""a1""#.to_owned(),
        3 => "1e400".to_owned(),
        4 => "[1".to_owned(),
        5 => format!("[{},{}]", inner()?, inner()?),
        _ => format!(r#"{{"a":{}}}"#, inner()?),
    })
}
