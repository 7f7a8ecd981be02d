//! The capability `security`: the evaluation of policies for values, and tokens.

mod evaluate;
mod tokens;

use warren_engine::capability::{Caller, Capability, Step};
use warren_engine::security::TokenStore;

use tokens::Tokens;

/// See [the module](self).
pub(crate) struct Security(Tokens);

impl Security {
    /// A capability with these stores of tokens.
    pub(crate) fn new(stores: Vec<TokenStore>) -> Security {
        Security(Tokens::new(stores))
    }
}

impl Capability for Security {
    fn name(&self) -> &'static str {
        "security"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        Step::Done(match operation {
            "evaluate" => return evaluate::step(caller, request),
            "token_store.get" => self.0.get(caller, request),
            "token.create" => self.0.create(caller, request),
            "token.validate" => self.0.validate(caller, request),
            "token.revoke" => self.0.revoke(caller, request),
            _ => return Step::Unknown,
        })
    }
}
