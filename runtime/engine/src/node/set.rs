//! The programs of one moment: definitions that belong together, and their code.

use std::sync::Arc;

use parking_lot::RwLock;
use warren_kernel::{Error, Host};

use super::kept::Kept;
use crate::code::definition::{Definition, Definitions};
use crate::code::program::{Origin, Program};

/// Definitions that belong together, with the code that was made of them.
pub(crate) struct ProgramSet {
    pub(super) definitions: Arc<dyn Definitions>,
    pub(super) programs: Kept<Arc<str>, Arc<Program>>,
}

impl ProgramSet {
    pub(super) fn new(definitions: Arc<dyn Definitions>) -> ProgramSet {
        ProgramSet {
            definitions,
            programs: Kept::default(),
        }
    }

    /// Returns the definition of this id, if it may run in the host.
    ///
    /// # Errors
    ///
    /// `NotFound` if there is no such definition; `Invalid` if it is bound to another
    /// host.
    pub(super) fn for_host(&self, id: &str, host: &Host) -> Result<Arc<Definition>, Error> {
        let definition = self.definitions.definition(id)?;
        match &definition.host {
            Some(only) if **only != *host.name() => Err(Error::invalid(format!(
                "{id} is bound to host {only} and cannot run in host {}",
                host.name()
            ))),
            _ => Ok(definition),
        }
    }

    /// Returns a new origin for one of the set's programs.
    pub(super) fn origin(&self) -> Option<Arc<Origin>> {
        Some(Origin::new(Arc::clone(&self.definitions)))
    }
}

/// The set from which processes start now. A spawn uses one set throughout, so it sees
/// the definitions before a reload or those after it.
pub(super) struct PresentSet(RwLock<Arc<ProgramSet>>);

impl PresentSet {
    pub(super) fn new(definitions: Arc<dyn Definitions>) -> PresentSet {
        PresentSet(RwLock::new(Arc::new(ProgramSet::new(definitions))))
    }

    pub(super) fn get(&self) -> Arc<ProgramSet> {
        Arc::clone(&self.0.read())
    }

    /// Replaces the set, and returns the one before.
    pub(super) fn replace(&self, set: Arc<ProgramSet>) -> Arc<ProgramSet> {
        std::mem::replace(&mut *self.0.write(), set)
    }
}
