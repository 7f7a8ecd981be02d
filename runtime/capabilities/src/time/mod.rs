//! The capability `time`: the world's time zones.

mod zone;

use warren_engine::capability::{Caller, Capability, Step};

/// See [the module](self).
pub(crate) struct Time;

impl Capability for Time {
    fn name(&self) -> &'static str {
        "time"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        match operation {
            "zone" => Step::Done(zone::answer(request)),
            _ => Step::Unknown,
        }
    }
}
