//! Permission checks, and the operations of `warren:process/security` on them.

use warren_kernel::{Error, Kernel, text};

use super::Guest;
use crate::codec::check;
use crate::operand::ASKED;
use crate::security::{Action, Key, Question, Refusal, Resource, ResourceKind, Scope, Target};

impl Guest {
    /// Runs an operation. If the operation needs a decision first, gets the
    /// decision and runs the operation again.
    pub(crate) async fn settled<T>(
        &mut self,
        mut operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        loop {
            match operation(self) {
                Ok(done) => return Ok(done),
                Err(Refusal::Error(error)) => return Err(error),
                Err(Refusal::Undecided(question)) => self.ask(question).await,
            }
        }
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

    /// Returns true if the caller may do this. `attributes` is an encoded map, or
    /// empty.
    pub(crate) fn can(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[u8],
    ) -> Result<bool, Refusal> {
        let action = Action::asked(action);
        let is_own = Action::of(action).is_none();
        if self.rights.judge().is_none() {
            // Nobody gave the process a right that only the program knows.
            return Ok(!is_own);
        }
        // Questions that are too long or whose attributes are no map are denied.
        if action.len() + resource.len() + attributes.len() > ASKED.bytes
            || !attributes.is_empty() && check::map(attributes).is_err()
        {
            return Ok(false);
        }
        if let (Some(action), true) = (Action::of(action), attributes.is_empty())
            && action.resource() == ResourceKind::Process
            && let Ok(target) = self.shared.kernel.resolve(resource)
        {
            return self.rights.allows(action, &target);
        }
        let (key, asked) = asked(&self.shared.kernel, action, resource, attributes);
        let key = match key {
            Key::Asked(asked) if is_own => Key::Own(asked),
            key => key,
        };
        self.rights.answers(key, |key| Question {
            key,
            action: action.to_owned(),
            resource: asked,
            attributes: attributes.to_vec(),
        })
    }

    /// Succeeds if a policy of this id exists.
    pub(crate) fn policy(&self, id: &str) -> Result<(), Error> {
        self.process()?;
        match self.shared.judges.authorizer() {
            Some(authorizer) if authorizer.has_policy(id) => Ok(()),
            _ => Err(Error::not_found(format!(
                "policy not found: {}",
                text::line(id)
            ))),
        }
    }

    /// The scope that the operator has defined under this name.
    pub(crate) fn named_scope(&self, id: &str) -> Result<Scope, Error> {
        self.process()?;
        self.shared.named_scope(id)
    }
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
