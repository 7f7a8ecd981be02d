//! The capability `security`: the evaluation of policies for values.

mod evaluate;

use warren_engine::capability::{Caller, Capability, Step};

/// See [the module](self).
pub(crate) struct Security;

impl Capability for Security {
    fn name(&self) -> &'static str {
        "security"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        match operation {
            "evaluate" => evaluate::step(caller, request),
            _ => Step::Unknown,
        }
    }
}
