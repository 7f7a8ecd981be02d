//! `security.evaluate(policies, actor, meta, action, resource, attributes)`.

use warren_engine::capability::{Caller, Step};
use warren_engine::security::{Actor, Evaluation, Supposed};
use warren_kernel::Error;

use crate::answer;
use crate::request::Arguments;

/// Begins an evaluation, which takes a thread of its own: policies are never evaluated
/// where guests run.
pub(super) fn step(caller: &dyn Caller, request: &[u8]) -> Step {
    match evaluation(caller, request) {
        // The ids and the actor are copied, and the ids sorted.
        Ok(evaluation) => Step::compute(3 * request.len(), move |progress| {
            let verdict = evaluation.run(&|| progress.check())?;
            answer::write(|out| out.string(verdict.as_str().as_bytes()))
        }),
        Err(error) => Step::Done(Err(error)),
    }
}

fn evaluation(caller: &dyn Caller, request: &[u8]) -> Result<Evaluation, Error> {
    let mut arguments = Arguments::new(request)?;
    let policies = arguments.texts("policies")?;
    let actor = arguments.text_or_nil("actor")?;
    let meta = arguments.map("meta")?;
    let action = arguments.text("action")?;
    let resource = arguments.text("resource")?;
    let attributes = arguments.map("attributes")?;
    caller.evaluation(Supposed {
        policies,
        actor: actor.map(|id| Actor::encoded(id, meta)),
        action,
        resource,
        attributes,
    })
}
