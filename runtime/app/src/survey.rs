//! All definitions of a program, for checks before it runs.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::app::App;
use crate::id::Id;
use crate::place;

impl App {
    /// Returns the ids of the definition to start, of those of the manifest, and of every
    /// file of code below the root whose place is an id, sorted. Files that are only
    /// required as modules are among them: they must compile as well.
    pub fn survey(&self) -> Vec<Arc<str>> {
        let mut ids = BTreeSet::new();
        for path in self.library.root().code_files() {
            if let Ok(id) = Id::parse(&place::id_text_of_path(&self.name, &path)) {
                ids.insert(id.text().clone());
            }
        }
        ids.extend(self.library.named().map(|(id, _)| Arc::clone(id)));
        ids.insert(self.main.id.clone());
        ids.into_iter().collect()
    }
}
