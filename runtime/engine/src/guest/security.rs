//! The operations of `warren:process/security`.

use warren_kernel::{Error, text};

use super::Guest;
use super::permission::asked;
use crate::codec::check;
use crate::operand::ASKED;
use crate::security::{Action, Key, Question, Refusal, ResourceKind, Scope};

impl Guest {
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
