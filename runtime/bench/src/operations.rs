//! The capability `bench`: operations that return their argument, each in its own way.

use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::Error;

/// See [the module](self).
pub(crate) struct Operations;

impl Capability for Operations {
    fn name(&self) -> &'static str {
        "bench"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let answer = only(request);
        match operation {
            "done" => Step::Done(answer),
            "compute" => Step::compute(request.len(), move |_| answer),
            "wait" => Step::wait(request.len(), move |_| async move { answer }),
            _ => Step::Unknown,
        }
    }
}

/// Returns the only argument of a request.
fn only(request: &[u8]) -> Answer {
    match request {
        [0x91, value @ ..] => Ok(value.to_vec()),
        _ => Err(Error::invalid("an operation of `bench` takes one argument")),
    }
}
