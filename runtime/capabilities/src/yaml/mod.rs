//! The capability `yaml`: YAML 1.2 with its core schema.
//!
//! Reading and writing are work: both take more than some 0.1 ms for all but the shortest
//! texts, and the reader of events is the crate `saphyr-parser`, whose failures stay on the
//! thread of the work.

mod decode;
mod encode;
mod input;
mod scalar;
#[cfg(test)]
mod tests;

use warren_engine::capability::{Caller, Capability, Step};

/// See [the module](self).
pub(crate) struct Yaml;

impl Capability for Yaml {
    fn name(&self) -> &'static str {
        "yaml"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "decode" => decode::decode(request),
            "encode" => encode::encode(request),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The most bytes of a text that is read, and of an encoded value that is written.
const MAX_BYTES: usize = 1 << 20;
