//! Who a process is to others, as far as that can change: its definition and
//! its names.

use super::Process;
use crate::attributes::Attributes;
use crate::refusal::Refusal;
use crate::sync::Arc;

impl Process {
    /// The id of the definition it runs, where the embedder said it.
    pub fn definition(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.definition))
    }

    /// The id of the chain of calls it belongs to, where the embedder said it.
    pub fn frame(&self) -> Option<Arc<str>> {
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref()?;
        Some(Arc::clone(&origin.frame))
    }

    /// The names it is registered under, in the order it got them.
    pub fn names(&self) -> Vec<Arc<str>> {
        self.inner.lock().state.names().iter().cloned().collect()
    }

    /// Whether a text is part of its PID, of what it runs, or of a name it has.
    pub fn mentions(&self, text: &str) -> bool {
        if self.text.contains(text) {
            return true;
        }
        let inner = self.inner.lock();
        let origin = inner.origin.as_ref();
        origin.is_some_and(|origin| origin.definition.contains(text))
            || inner.state.names().iter().any(|name| name.contains(text))
    }

    #[inline]
    pub(crate) fn attributes(&self) -> &Attributes {
        &self.attributes
    }

    /// Says what it runs from now on.
    pub(crate) fn set_definition(&self, definition: &Arc<str>) {
        let mut inner = self.inner.lock();
        let origin = inner.origin.get_or_insert_default();
        let replaced = std::mem::replace(&mut origin.definition, Arc::clone(definition));
        drop(inner);
        self.attributes.have_changed();
        drop(replaced);
    }

    pub(crate) fn add_name(&self, name: &Arc<str>, held: bool) -> Result<(), Refusal> {
        let config = self.config();
        self.inner.lock().state.add_name(name, held, config)?;
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
