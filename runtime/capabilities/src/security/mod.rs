//! The capability `security`: the evaluation of policies for values, and tokens.

mod evaluate;
mod tokens;

use std::fmt;
use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Step};
use warren_engine::security::{Identity, TokenStore};
use warren_kernel::Error;

use crate::store::{Asker, Stores};
pub use tokens::TokenStoreError;
use tokens::Tokens;

/// See [the module](self).
pub(crate) struct Security(TokenStores);

impl Security {
    /// A capability with these stores of tokens.
    pub(crate) fn new(stores: TokenStores) -> Security {
        Security(stores)
    }
}

/// The stores of tokens of a program. Clones name the same stores.
#[derive(Clone, Default)]
pub struct TokenStores(Arc<Tokens>);

impl TokenStores {
    /// Makes stores, of which some keep their tokens in stores of `values`. Of two with one
    /// id the later counts. From then on no process finds those stores of values: who writes
    /// there could make tokens.
    ///
    /// # Errors
    ///
    /// [`TokenStoreError`].
    pub fn new(stores: Vec<TokenStore>, values: &Stores) -> Result<TokenStores, TokenStoreError> {
        Ok(TokenStores(Arc::new(Tokens::new(stores, values)?)))
    }

    /// Returns true if there is a store of this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// Returns the actor and the scope that a token stands for; `None` if the token is not
    /// valid.
    ///
    /// # Errors
    ///
    /// Those of the store of values that keeps the tokens.
    pub(crate) async fn identity(
        &self,
        id: &str,
        token: &[u8],
        asker: Asker,
    ) -> Result<Option<Identity>, Error> {
        self.0.identity(id, token, asker).await
    }
}

impl fmt::Debug for TokenStores {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenStores").finish_non_exhaustive()
    }
}

impl Capability for Security {
    fn name(&self) -> &'static str {
        "security"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let tokens = &self.0.0;
        let step = match operation {
            "evaluate" => return evaluate::step(caller, request),
            "token_store.get" => return Step::Done(tokens.get(caller, request)),
            "token.create" => tokens.create(caller, request),
            "token.validate" => tokens.validate(caller, request),
            "token.revoke" => tokens.revoke(caller, request),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}
