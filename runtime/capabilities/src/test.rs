//! Calls of operations, for tests.

use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Kept, Progress, Step};
use warren_engine::security::{Evaluation, Supposed};
use warren_kernel::{Error, Kernel, Process};
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
    let answer = match capability.call(&mut Nobody, operation, request.as_slice()) {
        Step::Done(answer) => answer,
        Step::Compute(work) => (work.run)(&Progress::new(check)),
        Step::Unknown => panic!("no operation {operation}"),
    };
    Ok(warren_values::from_value(&answer?).unwrap())
}

/// The caller of a pure operation, which does not look at it.
pub(crate) struct Nobody;

impl Caller for Nobody {
    fn process(&self) -> &Arc<Process> {
        unimplemented!("the operation is pure")
    }

    fn definition(&self) -> &Arc<str> {
        unimplemented!("the operation is pure")
    }

    fn kernel(&self) -> &Arc<Kernel> {
        unimplemented!("the operation is pure")
    }

    fn permit(&mut self, _: &str, _: &str, _: &[(&str, &str)]) -> Result<(), Error> {
        unimplemented!("the operation is pure")
    }

    fn evaluation(&self, _: Supposed<'_>) -> Result<Evaluation, Error> {
        unimplemented!("the operation is pure")
    }

    fn kept(&mut self) -> &Arc<Kept> {
        unimplemented!("the operation is pure")
    }
}
