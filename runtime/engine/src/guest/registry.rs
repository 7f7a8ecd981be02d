//! The operations of `warren:process/registry`.

use std::sync::Arc;

use warren_kernel::{Destination, Error, Kernel, MAX_NAME_BYTES, Process};

use super::Guest;
use super::permission::asked;
use crate::codec;
use crate::security::{Action, Question, Refusal, Resource};

impl Guest {
    pub(crate) fn register(&mut self, name: &str, target: Option<&str>) -> Result<(), Refusal> {
        self.lines_first();
        let process = self.process_of_name(target)?;
        self.permit_registration(name, process.text())?;
        self.shared.kernel.register(name, &process)?;
        Ok(())
    }

    /// Returns the process that is to have a name: the caller itself without a target.
    pub(super) fn process_of_name(&self, target: Option<&str>) -> Result<Arc<Process>, Error> {
        let own = self.process()?;
        match target {
            None => Ok(Arc::clone(own)),
            Some(text) => self.process_to_name(text),
        }
    }

    /// Resolves the PID of a process that is to have a name. A name is refused: it is
    /// most likely a typing error.
    fn process_to_name(&self, pid: &str) -> Result<Arc<Process>, Error> {
        match Destination::parse(pid)? {
            Destination::Pid { .. } | Destination::Clustered { .. } => {
                self.shared.kernel.resolve(pid)
            }
            Destination::Name(name) => Err(Error::invalid(format!(
                "cannot register a process by the name `{name}`: give its PID, like \
                 {{app:processes|0x00001}}"
            ))),
        }
    }

    pub(crate) fn lookup(&self, name: &str) -> Result<Arc<str>, Error> {
        self.process()?;
        Ok(Arc::clone(self.shared.kernel.holder(name)?.text()))
    }

    pub(crate) fn unregister(&mut self, name: &str) -> Result<bool, Refusal> {
        self.process()?;
        self.lines_first();
        self.permit_name(Action::Unregister, name)?;
        Ok(self.shared.kernel.unregister(name)?)
    }

    /// Refuses to give a process, by its PID, a name if that is not permitted.
    pub(super) fn permit_registration(&mut self, name: &str, target: &str) -> Result<(), Refusal> {
        // The kernel refuses a longer name.
        if name.len() > MAX_NAME_BYTES || self.rights.judge().is_none() {
            return Ok(());
        }
        let question = registration(&self.shared.kernel, name, target);
        self.rights.permit_asked(question)
    }

    fn permit_name(&mut self, action: Action, name: &str) -> Result<(), Refusal> {
        if name.len() > MAX_NAME_BYTES {
            // The kernel refuses this name.
            return Ok(());
        }
        self.rights
            .permit_named(action, || Resource::Name(name.to_owned()))
    }
}

/// Returns the question for the permission to give a process, by its PID, a name. A policy finds
/// the process in the attribute `target`.
pub(super) fn registration(kernel: &Kernel, name: &str, target: &str) -> Question {
    let target = codec::text(target);
    let attributes = codec::pairs(&[("target", &target)]);
    let action = Action::Register.as_str();
    let (key, resource) = asked(kernel, action, name, &attributes);
    Question {
        key,
        action: action.to_owned(),
        resource,
        attributes,
    }
}
