//! An authorizer that allows everything, but still has to be asked.

use warren_engine::security::{Authorizer, Decision, Request, Reuse, Scope};

/// Allows everything, for everyone.
#[derive(Debug)]
pub(crate) struct AllowsAll;

impl Authorizer for AllowsAll {
    fn decide(&self, _: &Request<'_>) -> Decision {
        Decision {
            allowed: true,
            because: "everything is".into(),
            reason: None,
            reuse: Reuse::Subject,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _: &str) -> bool {
        false
    }

    fn named_scope(&self, _: &str) -> Option<Scope> {
        None
    }
}
