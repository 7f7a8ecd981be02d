//! The two sides of a call of a capability.

use warren_kernel::{Error, Subscription};

use crate::codec::check;
use crate::operand;
use crate::security::Settles;

/// The result of a call.
pub(crate) enum Called {
    /// The answer.
    Answer(Vec<u8>),
    /// The subscription that yields the answer.
    Handle(Subscription),
}

impl Settles for Called {
    /// Operations that go on elsewhere answer with true, or false for the number 0.
    fn of(number: u32) -> Result<Called, Error> {
        Ok(Called::Answer(vec![if number == 0 { 0xc2 } else { 0xc3 }]))
    }
}

/// Returns an error unless a request is an array of values.
pub(super) fn are_values(request: &[u8]) -> Result<(), Error> {
    check::values(request).map_err(|why| operand::no_value("request", why))
}
