//! Stores of tokens that an embedder adds.

use std::sync::Arc;
use std::time::Duration;

use warren::app::TokenStore;
use warren::{Code, Definition, Grants, Source};

use crate::setup::{builder, run};

const CODE: &str = r#"return function()
    local ts, err = security.token_store("app:tokens")
    if not ts then
        return tostring(err)
    end
    local token = assert(ts:create(security.new_actor("ada"), security.new_scope { "readers" }))
    return ts:validate(token):id() .. #token
end"#;

fn definition(id: &str, tokens: &[&str]) -> Definition {
    Definition {
        id: id.into(),
        code: Code::Lua(Source {
            name: "code.lua".into(),
            bytes: CODE.as_bytes().into(),
        }),
        method: "main".into(),
        host: None,
        grants: Arc::new(Grants {
            tokens: tokens.iter().map(|id| (*id).to_owned()).collect(),
            ..Grants::default()
        }),
    }
}

#[test]
fn a_store_is_there_for_definitions_that_are_granted_it() {
    run(async {
        let store = TokenStore {
            id: "app:tokens".into(),
            token_length: 16,
            expiration: Duration::from_secs(60),
            key: Some(b"secret".as_slice().into()),
            store: None,
        };
        assert!(!format!("{store:?}").contains("secret"));
        let runtime = builder()
            .token_store(store)
            .definition(definition("app:granted", &["app:tokens"]))
            .definition(definition("app:other", &[]))
            .start()
            .unwrap();
        // 16 bytes and a code of 32 in Base64, and the point.
        let granted: String = runtime.exec("app:granted").await.unwrap();
        assert_eq!(granted, "ada69");
        let other: String = runtime.exec("app:other").await.unwrap();
        let hint = "grant it by tokens = [\"app:tokens\"] in [grants.\"app:other\"]";
        assert!(
            other.starts_with("token store not found: app:tokens; "),
            "{other}"
        );
        assert!(other.ends_with(hint), "{other}");
    });
}
