//! The capability `security`: the evaluation of policies for values, and tokens.

mod evaluate;
mod tokens;

use std::fmt;
use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Step};
use warren_engine::security::{Identity, TokenStore};
use warren_kernel::Monotonic;

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
    /// Makes empty stores. Of two with one id the later counts.
    pub fn new(stores: Vec<TokenStore>) -> TokenStores {
        TokenStores(Arc::new(Tokens::new(stores)))
    }

    /// Returns true if there is a store of this id.
    pub(crate) fn contains(&self, id: &str) -> bool {
        self.0.contains(id)
    }

    /// Returns the actor and the scope that a token stands for; `None` if the token is not
    /// valid.
    pub(crate) fn identity(&self, id: &str, token: &[u8], now: Monotonic) -> Option<Identity> {
        self.0.identity(id, token, now)
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
        Step::Done(match operation {
            "evaluate" => return evaluate::step(caller, request),
            "token_store.get" => self.0.0.get(caller, request),
            "token.create" => self.0.0.create(caller, request),
            "token.validate" => self.0.0.validate(caller, request),
            "token.revoke" => self.0.0.revoke(caller, request),
            _ => return Step::Unknown,
        })
    }
}
