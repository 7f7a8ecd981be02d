//! The settings of a store of tokens.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A store of tokens: texts that stand for an actor and a scope.
///
/// ```
/// use warren_engine::security::TokenStore;
///
/// let sessions = TokenStore {
///     id: "app:sessions".into(),
///     token_length: TokenStore::DEFAULT_TOKEN_LENGTH,
///     expiration: TokenStore::DEFAULT_EXPIRATION,
///     key: None,
///     store: None,
/// };
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct TokenStore {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// Random bytes of a token.
    pub token_length: usize,
    /// Time for which a token is valid if its maker says nothing else.
    pub expiration: Duration,
    /// The key that authenticates the tokens; `None` for tokens that are not signed.
    pub key: Option<Arc<[u8]>>,
    /// The id of the store of values that keeps the tokens, which no process finds then; `None`
    /// for tokens that end with the program.
    pub store: Option<Arc<str>>,
}

impl TokenStore {
    /// Default of [`TokenStore::token_length`].
    pub const DEFAULT_TOKEN_LENGTH: usize = 32;

    /// Default of [`TokenStore::expiration`].
    pub const DEFAULT_EXPIRATION: Duration = Duration::from_secs(24 * 60 * 60);
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key, which is a secret.
        f.debug_struct("TokenStore")
            .field("id", &self.id)
            .field("token_length", &self.token_length)
            .field("expiration", &self.expiration)
            .field("has_key", &self.key.is_some())
            .field("store", &self.store)
            .finish()
    }
}
