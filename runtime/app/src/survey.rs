//! All definitions of a program, for checks before it runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::app::App;
use crate::id::Id;
use crate::place;
use warren_engine::DEFAULT_HOST;

/// An existing definition, and a host that may run it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Its id.
    pub id: Arc<str>,
    /// The only host that may run it, else [`DEFAULT_HOST`].
    pub host: Arc<str>,
}

impl App {
    /// Returns the definition to start, those of the manifest, and every file
    /// of code below the root whose place is an id, sorted by id. Files that
    /// are only required as modules are among them: they must compile as well.
    pub fn survey(&self) -> Vec<Survey> {
        let default: Arc<str> = DEFAULT_HOST.into();
        let mut hosts: BTreeMap<Arc<str>, Arc<str>> = BTreeMap::new();
        for path in self.library.root().code_files() {
            if let Ok(id) = Id::parse(&place::id_text_of_path(&self.name, &path)) {
                hosts.insert(id.text().clone(), Arc::clone(&default));
            }
        }
        for (id, process) in self.library.named() {
            let host = process.host.clone();
            hosts.insert(Arc::clone(id), host.unwrap_or_else(|| default.clone()));
        }
        hosts.insert(self.main.id.clone(), self.main_host.clone());
        let survey = hosts.into_iter();
        survey.map(|(id, host)| Survey { id, host }).collect()
    }
}
