//! Asking for permission, and the operations of `warren:process/security` that
//! are about it.

use warren_kernel::Error;

use super::Guest;
use crate::codec::check;
use crate::operand::ASKED;
use crate::security::{Action, Key, Question, Refusal, Resource, ResourceKind, Scope, Target};

impl Guest {
    /// Does an operation; where it has to ask first, again once it has an answer.
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

    /// The same for a process without a fiber: its own stack has room for a judge.
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

    /// Has a question judged on the task's stack, and keeps the answer.
    pub(crate) async fn ask(&mut self, question: Box<Question>) {
        // Nobody asks who may do everything.
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

    /// Whether the caller may do this, given attributes (an encoded map).
    pub(crate) fn can(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[u8],
    ) -> Result<bool, Refusal> {
        if self.rights.judge().is_none() {
            return Ok(true);
        }
        // Nothing so long is allowed, and nothing of which attributes are given
        // that are none.
        if action.len() + resource.len() + attributes.len() > ASKED.bytes
            || !attributes.is_empty() && check::map(attributes).is_err()
        {
            return Ok(false);
        }
        let known = Action::of(action);
        if let (Some(action), true) = (known, attributes.is_empty())
            && action.resource() == ResourceKind::Process
            && let Ok(target) = self.shared.kernel().resolve(resource)
        {
            return self.rights.allows(action, &target);
        }
        let asked = match known.map(Action::resource) {
            Some(ResourceKind::Definition) => Resource::Definition(resource.to_owned()),
            Some(ResourceKind::Host) => Resource::Host(resource.to_owned()),
            Some(ResourceKind::Process) => Resource::Process(self.target(resource)),
            Some(ResourceKind::Name) => Resource::Name(resource.to_owned()),
            Some(ResourceKind::Context) => Resource::Context,
            Some(ResourceKind::Security) => Resource::Security,
            None => Resource::Other(resource.to_owned()),
        };
        // What is asked of a process changes with it.
        let version = match &asked {
            Resource::Process(target) => format!("{target:?}"),
            _ => resource.to_owned(),
        };
        let key = Key::Asked(Box::new((action.to_owned(), version, attributes.to_vec())));
        self.rights.answers(key, |key| Question {
            key,
            action: action.to_owned(),
            resource: asked,
            attributes: attributes.to_vec(),
        })
    }

    fn target(&self, destination: &str) -> Target {
        match self.shared.kernel().resolve(destination) {
            Ok(process) => Target::of(&process),
            Err(_) => Target::absent(destination),
        }
    }

    /// Succeeds where a policy of this id exists.
    pub(crate) fn policy(&self, id: &str) -> Result<(), Error> {
        self.process()?;
        match self.shared.judges().authorizer() {
            Some(authorizer) if authorizer.has_policy(id) => Ok(()),
            _ => Err(Error::not_found(format!("no policy is called `{id}`"))),
        }
    }

    /// The scope that the operator gave this name.
    pub(crate) fn named_scope(&self, id: &str) -> Result<Scope, Error> {
        self.process()?;
        self.shared.named_scope(id)
    }
}
