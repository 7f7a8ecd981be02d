//! The identity of a process to others, as far as it can change: its definition
//! and its names.

use super::Process;
use crate::error::Error;
use crate::sync::Arc;

impl Process {
    /// Returns the id of the definition the process runs, if the embedder set
    /// it.
    pub fn definition(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.definition))
    }

    /// Returns the id of the chain of calls the process belongs to, if the
    /// embedder set it.
    pub fn frame(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.frame))
    }

    /// Returns the registered names, in the order they were given.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.inner.lock().state.names().iter().cloned().collect()
    }

    /// Returns whether a text is part of the process's PID, its definition, or
    /// one of its names.
    pub fn mentions(&self, text: &str) -> bool {
        if self.text.contains(text) {
            return true;
        }
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref();
        origin.is_some_and(|origin| origin.definition.contains(text))
            || inner.state.names().iter().any(|name| name.contains(text))
    }

    /// Returns the number of changes of [`Process::definition`] and
    /// [`Process::names`]. One atomic load. A cache of a judgement reads this
    /// number before it reads the attributes.
    #[inline]
    pub fn attributes_version(&self) -> u64 {
        self.attributes.version()
    }

    /// Sets the definition the process runs from now on.
    pub(crate) fn set_definition(&self, definition: &Arc<str>) {
        let mut inner = self.inner.lock();
        let origin = inner.origin.get_or_insert_default();
        let replaced = std::mem::replace(&mut origin.definition, Arc::clone(definition));
        drop(inner);
        self.attributes.have_changed();
        drop(replaced);
    }

    /// Records a group that the process is about to be a member of.
    pub(crate) fn add_group(&self, name: &Arc<str>) -> Result<(), Error> {
        self.try_with_state(|state, config| state.add_group(name, config))
    }

    /// Forgets a group that the process is no member of any more.
    pub(crate) fn remove_group(&self, name: &str) {
        self.with_state(|state| state.remove_group(name));
    }

    pub(crate) fn add_name(&self, name: &Arc<str>, held: bool) -> Result<(), Error> {
        self.try_with_state(|state, config| state.add_name(name, held, config))?;
        if !held {
            self.attributes.have_changed();
        }
        Ok(())
    }

    pub(crate) fn remove_name(&self, name: &str) {
        self.inner.lock().state.remove_name(name);
        self.attributes.have_changed();
    }
}
