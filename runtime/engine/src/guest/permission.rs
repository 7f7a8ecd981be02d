//! Permissions of operations, and the decisions for which an operation waits.

use warren_kernel::{Error, Kernel};

use super::Guest;
use crate::security::{Elsewhere, Key, Question, Refusal, Resource, Settles, Target};

impl Guest {
    /// Runs an operation. If the operation needs a decision first, gets the
    /// decision and runs the operation again.
    pub(crate) async fn settled<T: Settles>(
        &mut self,
        mut operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        if self.shared.simulation.is_some() {
            self.pause().await;
        }
        loop {
            match operation(self) {
                Ok(done) => return Ok(done),
                Err(Refusal::Error(error)) => return Err(error),
                Err(Refusal::Undecided(question)) => self.ask(question).await,
                Err(Refusal::Elsewhere(rest)) => {
                    return self.elsewhere(*rest).await.and_then(T::of);
                }
            }
        }
    }

    /// Waits for the rest of an operation, on the task's stack.
    pub(crate) async fn elsewhere(&mut self, rest: Elsewhere) -> Result<u32, Error> {
        self.control.outside(rest.0).await
    }

    /// [`Guest::settled`] for a host function process, whose own stack has room for
    /// the authorizer.
    pub(crate) fn settled_at_once<T>(
        &mut self,
        mut operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        loop {
            match operation(self) {
                Ok(done) => return Ok(done),
                Err(Refusal::Error(error)) => return Err(error),
                Err(Refusal::Undecided(question)) => {
                    if let Some(judge) = self.rights.judge() {
                        let (generation, decision) = judge.decide(&question);
                        self.rights.learn(question.key, generation, decision);
                    }
                }
                Err(Refusal::Elsewhere(_)) => return Err(cannot_wait()),
            }
        }
    }

    /// Has the authorizer decide a question on the task's stack, and keeps the
    /// decision.
    pub(crate) async fn ask(&mut self, question: Box<Question>) {
        // A process without a judge may do everything.
        let Some(judge) = self.rights.judge().cloned() else {
            return;
        };
        let (key, (generation, decision)) = self
            .control
            .outside(async move {
                let answer = judge.decide(&question);
                (question.key, answer)
            })
            .await;
        self.rights.learn(key, generation, decision);
    }
}

/// Returns the error of an operation that cannot wait for another node.
fn cannot_wait() -> Error {
    Error::invalid(
        "this call does not wait for another node: use the call of the same name that does",
    )
}

/// Returns the resource that a text means for an action, and the key of the decision.
/// `attributes` is an encoded map, or empty.
pub(super) fn asked(
    kernel: &Kernel,
    action: &str,
    resource: &str,
    attributes: &[u8],
) -> (Key, Resource) {
    let asked = Resource::of(action, resource, |text| target(kernel, text));
    // The decision depends on the target's names and definition, so they are part of
    // the key.
    let version = match &asked {
        Resource::Process(target) => format!("{target:?}"),
        _ => resource.to_owned(),
    };
    let key = Key::Asked(Box::new((action.to_owned(), version, attributes.to_vec())));
    (key, asked)
}

fn target(kernel: &Kernel, destination: &str) -> Target {
    match kernel.resolve(destination) {
        Ok(process) => Target::of(&process),
        Err(_) => Target::absent(destination),
    }
}
