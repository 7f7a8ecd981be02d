//! The settings of a token store.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// The settings of a store of tokens.
#[derive(Clone)]
pub struct TokenStore {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// Random bytes of a token.
    pub token_length: usize,
    /// Time for which a token is valid if its maker says nothing else.
    pub expiration: Duration,
    /// The key that authenticates the store's tokens; `None` for tokens that are not signed.
    pub key: Option<Arc<[u8]>>,
}

impl fmt::Debug for TokenStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the key, which is a secret.
        f.debug_struct("TokenStore")
            .field("id", &self.id)
            .field("token_length", &self.token_length)
            .field("expiration", &self.expiration)
            .field("has_key", &self.key.is_some())
            .finish()
    }
}
