//! The tables `[tokens."id"]` of a manifest.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;

use super::reader::{Reader, Section};
use crate::id::Id;
use warren_engine::security::TokenStore;

/// Random bytes of a token: from what nobody guesses to more than anybody needs.
const TOKEN_LENGTH: RangeInclusive<u32> = 16..=1024;

/// The shortest time for which a token may be valid.
const SHORTEST: Duration = Duration::from_millis(1);

/// A table `[tokens."id"]`, before its key is read.
#[derive(Debug)]
pub(crate) struct TokensEntry {
    pub(crate) id: Spanned<Id>,
    pub(crate) token_length: usize,
    pub(crate) expiration: Duration,
    /// The name of the environment variable that holds the key.
    pub(crate) key: Option<Spanned<String>>,
    /// The id of the store of values that keeps the tokens.
    pub(crate) store: Option<Spanned<String>>,
}

impl TokensEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let known = ["token_length", "expiration", "key", "store"];
        reader.known_keys(section, &known);
        let length = reader.count_within(section, "token_length", TOKEN_LENGTH);
        TokensEntry {
            id,
            token_length: length.unwrap_or(TokenStore::DEFAULT_TOKEN_LENGTH),
            expiration: reader
                .duration(section, "expiration", SHORTEST)
                .unwrap_or(TokenStore::DEFAULT_EXPIRATION),
            key: reader.string(section, "key"),
            store: reader.string(section, "store"),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::Manifest;

    #[test]
    fn keys_are_known() {
        let text = "[tokens.\"app:tokens\"]\nstore = \"app:cache\"\ntoken_lenght = 32\n";
        let (manifest, problems) = Manifest::parse(text);
        let shown: Vec<_> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "unknown key `token_lenght` in [tokens.\"app:tokens\"] (expected `token_length`, \
                 `expiration`, `key` or `store`); did you mean `token_length`?",
            ]
        );
        let store = manifest.tokens[0].store.as_ref();
        assert_eq!(store.unwrap().get_ref(), "app:cache");
    }
}
