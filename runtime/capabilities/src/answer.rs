//! The value of a call.

use warren_engine::capability::Answer;
use warren_kernel::Error;
use warren_values::msgpack::{Full, Output};

/// Writes the value of a call.
///
/// # Errors
///
/// `Internal` if there is no memory for the value.
pub(crate) fn write(value: impl FnOnce(&mut Output) -> Result<(), Full>) -> Answer {
    let mut output = Output::new();
    output.lift_limit();
    match value(&mut output) {
        Ok(()) => Ok(output.as_slice().to_vec()),
        Err(_) => Err(Error::internal("no memory for the value of the operation")),
    }
}
