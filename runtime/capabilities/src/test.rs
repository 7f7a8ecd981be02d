//! Calls of operations, for tests.

use warren_engine::capability::{Capability, Progress, Step};
use warren_kernel::Error;
use warren_values::Value;

pub(crate) fn of(text: &str) -> Value {
    Value::from(text)
}

/// Calls an operation to its end.
pub(crate) fn called(
    capability: &dyn Capability,
    operation: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    called_within(capability, operation, arguments, &|| Ok(()))
}

/// Calls an operation whose work asks `check` whether to go on.
pub(crate) fn called_within(
    capability: &dyn Capability,
    operation: &str,
    arguments: &[Value],
    check: &dyn Fn() -> Result<(), Error>,
) -> Result<Value, Error> {
    let request = warren_values::to_value(arguments).unwrap();
    let answer = match capability.call(operation, request.as_slice()) {
        Step::Done(answer) => answer,
        Step::Compute(work) => (work.run)(&Progress::new(check)),
        Step::Unknown => panic!("no operation {operation}"),
    };
    Ok(warren_values::from_value(&answer?).unwrap())
}
