//! Calls of operations, for tests.

use std::sync::Arc;

use warren_engine::capability::{
    Caller, Capability, Charge, Kept, Permits, Progress, Step, Variables,
};
use warren_engine::security::{Evaluation, Supposed};
use warren_engine::{Grants, TraceContext};
use warren_kernel::{Error, Host, HostConfig, Kernel, Kind, Process, Spawn};
use warren_values::Value;
use warren_values::msgpack::Output;

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
    answered(capability, operation, request.as_slice(), check)
}

/// Calls an operation with texts that together are longer than a message.
pub(crate) fn called_with_long(
    capability: &dyn Capability,
    operation: &str,
    texts: &[&str],
) -> Result<Value, Error> {
    let mut request = Output::new();
    request.lift_limit();
    request.array(texts.len() as u32).unwrap();
    for text in texts {
        request.string(text.as_bytes()).unwrap();
    }
    answered(capability, operation, request.as_slice(), &|| Ok(()))
}

fn answered(
    capability: &dyn Capability,
    operation: &str,
    request: &[u8],
    check: &dyn Fn() -> Result<(), Error>,
) -> Result<Value, Error> {
    let answer = match capability.call(&mut Nobody, operation, request) {
        Step::Done(answer) => answer,
        Step::Compute(work) => (work.run)(&Progress::new(check)),
        Step::Wait(_) => panic!("{operation} waits"),
        Step::Unknown => panic!("no operation {operation}"),
    };
    Ok(warren_values::from_value(&answer?).unwrap())
}

/// The caller of a pure operation, which does not look at it.
pub(crate) struct Nobody;

impl Caller for Nobody {
    fn process(&self) -> &Arc<Process> {
        unreachable!("the operation is pure")
    }

    fn definition(&self) -> &Arc<str> {
        unreachable!("the operation is pure")
    }

    fn kernel(&self) -> &Arc<Kernel> {
        unreachable!("the operation is pure")
    }

    fn is_judged(&self) -> bool {
        unreachable!("the operation is pure")
    }

    fn permit(&mut self, _: &str, _: &str, _: &[(&str, &str)]) -> Result<(), Error> {
        unreachable!("the operation is pure")
    }

    fn permits(&self) -> Permits {
        unreachable!("the operation is pure")
    }

    fn grants(&self) -> &Grants {
        unreachable!("the operation is pure")
    }

    fn variables(&self) -> Variables<'_> {
        unreachable!("the operation is pure")
    }

    fn evaluation(&self, _: Supposed<'_>) -> Result<Evaluation, Error> {
        unreachable!("the operation is pure")
    }

    fn kept(&mut self) -> &Arc<Kept> {
        unreachable!("the operation is pure")
    }
}

/// A caller with a process of its own, and no guest.
pub(crate) struct Tester {
    kernel: Arc<Kernel>,
    process: Arc<Process>,
    pub(crate) definition: Arc<str>,
    kept: Arc<Kept>,
    /// Actions that are denied.
    pub(crate) denied: Vec<&'static str>,
    /// Resources on which everything is denied.
    pub(crate) denied_on: Vec<String>,
    /// False for a program without policies.
    pub(crate) judged: bool,
    pub(crate) grants: Grants,
    /// The place of the process in a trace over several programs.
    pub(crate) trace: Option<Arc<TraceContext>>,
}

impl Tester {
    /// A caller in a host of its own with these limits.
    pub(crate) fn new(kernel: &Arc<Kernel>, config: HostConfig) -> Tester {
        let name = format!("t:{}", kernel.hosts().len());
        Tester::in_host(kernel, &kernel.add_host(&name, config).unwrap())
    }

    /// Another caller in the host of this one.
    pub(crate) fn beside(&self) -> Tester {
        Tester::in_host(&self.kernel, self.process.host())
    }

    fn in_host(kernel: &Arc<Kernel>, host: &Arc<Host>) -> Tester {
        let spawned = kernel.spawn(host.reserve().unwrap(), Spawn::default());
        Tester {
            kernel: Arc::clone(kernel),
            process: spawned.unwrap().process,
            definition: "t:main".into(),
            kept: Arc::default(),
            denied: Vec::new(),
            denied_on: Vec::new(),
            judged: true,
            grants: Grants::default(),
            trace: None,
        }
    }

    /// Calls an operation that does not take long.
    pub(crate) fn call(
        &mut self,
        capability: &dyn Capability,
        operation: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let request = warren_values::to_value(arguments).unwrap();
        match capability.call(self, operation, request.as_slice()) {
            Step::Done(answer) => Ok(warren_values::from_value(&answer?).unwrap()),
            step => panic!("{operation}: {step:?}"),
        }
    }

    /// Calls an operation, and waits for it.
    pub(crate) async fn wait(
        &mut self,
        capability: &dyn Capability,
        operation: &str,
        arguments: &[Value],
    ) -> Result<Value, Error> {
        let request = warren_values::to_value(arguments).unwrap();
        let answer = match capability.call(self, operation, request.as_slice()) {
            Step::Done(answer) => answer,
            Step::Wait(waiting) => (waiting.run)(Charge::new(|_| Ok(()))).await,
            step => panic!("{operation}: {step:?}"),
        };
        Ok(warren_values::from_value(&answer?).unwrap())
    }

    /// Begins with states that a start brings.
    pub(crate) fn keep(&mut self, kept: Arc<Kept>) {
        self.kept = kept;
    }

    /// Ends the code of the process.
    pub(crate) fn end_code(&mut self) {
        std::mem::take(&mut self.kept).close();
        self.process.begin_upgrade();
    }
}

impl Caller for Tester {
    fn process(&self) -> &Arc<Process> {
        &self.process
    }

    fn definition(&self) -> &Arc<str> {
        &self.definition
    }

    fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    fn is_judged(&self) -> bool {
        self.judged
    }

    fn permit(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error> {
        self.permits().permit(action, resource, attributes)
    }

    fn permits(&self) -> Permits {
        let (denied, denied_on) = (self.denied.clone(), self.denied_on.clone());
        Permits::new(move |action, resource, _| {
            if denied.contains(&action) || denied_on.iter().any(|denied| denied == resource) {
                let message = format!("not allowed: {action} on {resource}");
                return Err(Error::new(Kind::PermissionDenied, message));
            }
            Ok(())
        })
    }

    fn evaluation(&self, _: Supposed<'_>) -> Result<Evaluation, Error> {
        unreachable!("the operation evaluates no policies")
    }

    fn grants(&self) -> &Grants {
        &self.grants
    }

    fn variables(&self) -> Variables<'_> {
        unreachable!("the operation reads no variables")
    }

    fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.trace.as_ref()
    }

    fn kept(&mut self) -> &Arc<Kept> {
        &self.kept
    }
}
