//! Calls of the operations on tokens.

use std::time::Duration;

use warren_engine::capability::StoreSettings;
use warren_kernel::{HostConfig, Kernel, Kind, MAX_NAME_BYTES, Monotonic};
use warren_values::Value;

use super::super::{Security, TokenStores};
use super::*;
use crate::test::{Tester, of};

fn security(key: Option<&[u8]>) -> Security {
    let stores = TokenStores::new(vec![settings(key)], &Stores::default());
    Security::new(stores.unwrap())
}

fn settings(key: Option<&[u8]>) -> TokenStore {
    TokenStore {
        id: "app:tokens".into(),
        token_length: 32,
        expiration: Duration::from_secs(60),
        key: key.map(Arc::from),
        store: None,
    }
}

fn tester(kernel: &Arc<Kernel>) -> Tester {
    let mut tester = Tester::new(kernel, HostConfig::default());
    tester.grants.tokens = vec!["app:tokens".into(), "app:none".into()];
    tester
}

fn map(pairs: &[(&str, Value)]) -> Value {
    let pairs = pairs.iter().map(|(key, value)| (of(key), value.clone()));
    Value::Map(pairs.collect())
}

fn create(security: &Security, tester: &mut Tester, expiration: Value) -> Result<Value, Error> {
    let arguments = [
        of("tokens"),
        of("ada"),
        map(&[("role", of("admin"))]),
        Value::Array(vec![of("readers")]),
        expiration,
        map(&[("purpose", of("login"))]),
    ];
    tester.call(security, "token.create", &arguments)
}

#[test]
fn a_token_stands_for_what_it_was_made_with() {
    for key in [None, Some(&b"key"[..])] {
        let (kernel, security) = (Kernel::new(), security(key));
        let mut tester = tester(&kernel);
        let got = tester.call(&security, "token_store.get", &[of("tokens")]);
        assert_eq!(got, Ok(of("app:tokens")));
        let token = create(&security, &mut tester, Value::Nil).unwrap();
        let known = tester.call(
            &security,
            "token.validate",
            &[of("app:tokens"), token.clone()],
        );
        assert_eq!(
            known,
            Ok(map(&[
                ("actor", of("ada")),
                ("meta", map(&[("role", of("admin"))])),
                ("policies", Value::Array(vec![of("readers")])),
                ("metadata", map(&[("purpose", of("login"))])),
            ]))
        );
        let mut revoke = || tester.call(&security, "token.revoke", &[of("tokens"), token.clone()]);
        assert_eq!(revoke(), Ok(Value::Boolean(true)));
        assert_eq!(revoke(), Ok(Value::Boolean(false)));
    }
}

#[tokio::test]
async fn a_token_gives_the_server_its_actor_and_scope() {
    let kernel = Kernel::new();
    let stores = TokenStores::new(vec![settings(None)], &Stores::default()).unwrap();
    let security = Security::new(stores.clone());
    let token = create(&security, &mut tester(&kernel), Value::Nil).unwrap();
    let Value::String(token) = token else {
        panic!("no text");
    };
    let asker = Asker {
        host: 0,
        now: Monotonic(0),
    };
    let identity = stores.identity("app:tokens", token.as_bytes(), asker).await;
    let identity = identity.unwrap().unwrap();
    let actor = identity.actor.unwrap();
    assert_eq!(
        (actor.id(), actor.meta()),
        ("ada", vec![("role", "admin".to_owned())])
    );
    assert_eq!(identity.scope.unwrap().policies, ["readers"]);
    for (id, token) in [
        ("app:tokens", &b"forged"[..]),
        ("app:none", token.as_bytes()),
    ] {
        let none = stores.identity(id, token, asker).await;
        assert!(none.unwrap().is_none());
    }
    assert!(stores.contains("app:tokens") && !stores.contains("app:none"));
}

#[test]
fn all_invalid_tokens_have_one_error() {
    let (kernel, security) = (Kernel::new(), security(Some(b"key")));
    let mut tester = tester(&kernel);
    let expired = create(&security, &mut tester, Value::Integer(10)).unwrap();
    let revoked = create(&security, &mut tester, Value::Nil).unwrap();
    tester
        .call(&security, "token.revoke", &[of("tokens"), revoked.clone()])
        .unwrap();
    kernel.set_clock(Monotonic(1_000));
    let Value::String(valid) = create(&security, &mut tester, Value::Nil).unwrap() else {
        panic!("no text");
    };
    let forged = of(&format!("{valid}x"));
    let errors: Vec<_> = [expired, revoked, forged, of("unknown"), of("")]
        .into_iter()
        .map(|token| {
            let arguments = [of("tokens"), token];
            let error = tester.call(&security, "token.validate", &arguments);
            error.unwrap_err()
        })
        .collect();
    assert_eq!(errors[0].kind, Kind::Internal);
    assert_eq!(errors[0].retryable, Some(false));
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
}

#[test]
fn stores_are_found_by_grant_and_judged_by_action() {
    let (kernel, security) = (Kernel::new(), security(None));
    let mut tester = tester(&kernel);
    let mut stranger = Tester::new(&kernel, HostConfig::default());
    let missing = |error: Result<Value, Error>, id: &str| {
        let error = error.unwrap_err();
        assert_eq!(error.kind, Kind::NotFound);
        let hint = format!(
            "token store not found: {id}; declare it by [tokens.\"{id}\"], and grant it by tokens \
             = [\"{id}\"] in [grants."
        );
        assert!(error.message.starts_with(&hint), "{error}");
    };
    // Granted and absent, present and not granted: one answer.
    missing(
        tester.call(&security, "token_store.get", &[of("none")]),
        "app:none",
    );
    missing(
        stranger.call(&security, "token_store.get", &[of("tokens")]),
        "app:tokens",
    );
    for operation in ["token.validate", "token.revoke"] {
        let arguments = [of("tokens"), of("x")];
        missing(
            stranger.call(&security, operation, &arguments),
            "app:tokens",
        );
    }
    missing(create(&security, &mut stranger, Value::Nil), "app:tokens");
    for (operation, action) in [
        ("token_store.get", "security.token_store.get"),
        ("token.create", "security.token.create"),
        ("token.validate", "security.token.validate"),
        ("token.revoke", "security.token.revoke"),
    ] {
        tester.denied = vec![action];
        let error = tester
            .call(&security, operation, &[of("tokens"), of("x")])
            .unwrap_err();
        assert_eq!(
            error.message,
            format!("not allowed: {action} on app:tokens")
        );
    }
}

#[test]
fn wrong_arguments_are_invalid() {
    let (kernel, security) = (Kernel::new(), security(None));
    let mut tester = tester(&kernel);
    let large = of(&"x".repeat(MAX_TOKEN));
    let long = of(&"x".repeat(MAX_NAME_BYTES + 1));
    let list = Value::Array(vec![of("p")]);
    let none = || map(&[]);
    let zero = Value::Integer(0);
    for arguments in [
        vec![of("")],
        vec![long.clone()],
        vec![Value::Integer(1)],
        vec![of("tokens")],
        vec![of("tokens"), of(""), none(), list.clone()],
        vec![of("tokens"), long, none(), list.clone()],
        vec![of("tokens"), of("a"), of("meta"), list.clone()],
        vec![of("tokens"), of("a"), none(), of("policies")],
        vec![
            of("tokens"),
            of("a"),
            none(),
            Value::Array(vec![zero.clone()]),
        ],
        vec![of("tokens"), of("a"), none(), list.clone(), zero],
        vec![
            of("tokens"),
            of("a"),
            none(),
            list.clone(),
            Value::Integer(-1),
        ],
        vec![of("tokens"), of("a"), none(), list.clone(), of("soon")],
        vec![
            of("tokens"),
            of("a"),
            none(),
            list.clone(),
            Value::Nil,
            of("x"),
        ],
        vec![of("tokens"), of("a"), map(&[("k", large)]), list],
    ] {
        let error = tester
            .call(&security, "token.create", &arguments)
            .unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{arguments:?}: {error}");
    }
}

/// A store of tokens in a store of values, and the latter.
fn kept(durable: bool, key: Option<&[u8]>) -> (Security, Stores) {
    let values = StoreSettings {
        durable,
        max_entries: 3,
        ..StoreSettings::new("app:values")
    };
    let values = Stores::open(vec![values], None).unwrap();
    let settings = TokenStore {
        store: Some("app:values".into()),
        ..settings(key)
    };
    let stores = TokenStores::new(vec![settings], &values).unwrap();
    (Security::new(stores), values)
}

#[tokio::test]
async fn a_store_of_values_keeps_tokens() {
    for durable in [false, true] {
        for key in [None, Some(&b"key"[..])] {
            let kernel = Kernel::new();
            let (security, values) = kept(durable, key);
            let mut tester = tester(&kernel);
            let arguments = [
                of("tokens"),
                of("ada"),
                map(&[("role", of("admin"))]),
                Value::Array(vec![of("readers")]),
            ];
            let created = tester.wait(&security, "token.create", &arguments).await;
            let token = created.unwrap();
            let use_it = [of("tokens"), token.clone()];
            let known = tester.wait(&security, "token.validate", &use_it).await;
            assert_eq!(
                known,
                Ok(map(&[
                    ("actor", of("ada")),
                    ("meta", map(&[("role", of("admin"))])),
                    ("policies", Value::Array(vec![of("readers")])),
                    ("metadata", map(&[])),
                ]))
            );
            // Another program with the same store and the same key knows the token.
            let settings = TokenStore {
                store: Some("app:values".into()),
                ..settings(key)
            };
            let again = Security::new(TokenStores::new(vec![settings], &values).unwrap());
            assert_eq!(tester.wait(&again, "token.validate", &use_it).await, known);
            let forged = [of("tokens"), of("forged")];
            let error = tester.wait(&security, "token.validate", &forged).await;
            assert_eq!(error.unwrap_err().kind, Kind::Internal);
            let revoked = tester.wait(&security, "token.revoke", &forged).await;
            assert_eq!(revoked, Ok(Value::Boolean(false)));
            for expected in [true, false] {
                let revoked = tester.wait(&again, "token.revoke", &use_it).await;
                assert_eq!(revoked, Ok(Value::Boolean(expected)));
            }
            let error = tester.wait(&security, "token.validate", &use_it).await;
            assert_eq!(error.unwrap_err().kind, Kind::Internal);
            for _ in 0..3 {
                tester
                    .wait(&security, "token.create", &arguments)
                    .await
                    .unwrap();
            }
            let full = tester.wait(&security, "token.create", &arguments).await;
            assert_eq!(full.unwrap_err().kind, Kind::RateLimited);
        }
    }
}

/// A process that writes there could make tokens of any actor.
#[tokio::test]
async fn no_process_finds_a_store_that_keeps_tokens() {
    let (_security, values) = kept(false, None);
    let mut tester = tester(&Kernel::new());
    tester.grants.uses = warren_engine::Uses::default().with("store", "app:values");
    let arguments = [of("app:values"), of("key"), of("value")];
    let error = tester.wait(&values, "set", &arguments).await;
    assert_eq!(error.unwrap_err().kind, Kind::NotFound);
}

#[test]
fn a_store_of_values_that_does_not_exist_is_an_error() {
    let settings = TokenStore {
        store: Some("app:none".into()),
        ..settings(None)
    };
    let error = TokenStores::new(vec![settings], &Stores::default()).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the store of tokens app:tokens keeps them in the store app:none, which does not exist"
    );
}
