//! The parts of a program that a reload leaves alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;
use warren_engine::{Code, Definition, Grants, Source};

use crate::id::Id;
use crate::manifest::TestEntry;
use crate::root::SourceRoot;
use crate::too_much::MAX_FILES;

/// The manifest's settings of one definition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Process {
    /// The definition's file below the root; by place if absent.
    pub(crate) source: Option<String>,
    /// The function to call; [`DEFAULT_METHOD`] if absent.
    pub(crate) method: Option<String>,
    /// The only host that may run it.
    pub(crate) host: Option<Arc<str>>,
    /// The definition's grants; the program's own grants if absent.
    pub(crate) grants: Option<Arc<Grants>>,
    /// The names of its libraries; all if absent.
    pub(crate) modules: Option<Arc<[String]>>,
    /// The definitions whose code `require` gives under a name.
    pub(crate) imports: BTreeMap<String, Id>,
    /// Its entry as a test in the manifest.
    pub(crate) test: Option<TestEntry>,
}

/// The function called by default.
pub(crate) const DEFAULT_METHOD: &str = "main";

/// The parts of a program that a reload leaves alone: its directory, and what the
/// manifest and the options say of its definitions.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    pub(crate) app: Arc<str>,
    pub(crate) root: Arc<SourceRoot>,
    pub(crate) processes: HashMap<Arc<str>, Process>,
    /// The grants of every definition without grants of its own.
    pub(crate) grants: Arc<Grants>,
    /// The files that no search finds and that the manifest names, or that were read when
    /// they were needed. Reloads read them with the others.
    pub(crate) used: Arc<Mutex<BTreeSet<Arc<str>>>>,
}

impl Plan {
    /// Returns the first part of the program's namespaces.
    pub(crate) fn app(&self) -> &str {
        &self.app
    }

    /// Returns the program's directory.
    pub(crate) fn root(&self) -> &SourceRoot {
        &self.root
    }

    /// Returns the file that the manifest names for a definition.
    pub(crate) fn named_source(&self, id: &str) -> Option<&str> {
        self.processes.get(id)?.source.as_deref()
    }

    /// Returns the definitions for which the manifest names a file.
    pub(crate) fn ids_with_source(&self) -> impl Iterator<Item = (&Arc<str>, &str)> {
        let all = self.processes.iter();
        all.filter_map(|(id, process)| Some((id, process.source.as_deref()?)))
    }

    /// Returns the files that the manifest names.
    pub(crate) fn named_sources(&self) -> impl Iterator<Item = &str> {
        self.ids_with_source().map(|(_, path)| path)
    }

    /// Adds a file that no search finds to those that reloads read.
    pub(crate) fn note_used(&self, path: &Arc<str>) {
        let mut used = self.used.lock();
        // One more than a reload reads: a program of too many files is told so.
        if used.len() <= MAX_FILES && !used.contains(path) {
            used.insert(Arc::clone(path));
        }
    }

    /// Returns the files that no search finds and that were read when they were needed.
    pub(crate) fn used(&self) -> Vec<String> {
        let used = self.used.lock();
        used.iter().map(|path| path.to_string()).collect()
    }

    /// Returns the definition of an id with this code.
    pub(crate) fn definition(&self, id: &Arc<str>, code: Code) -> Definition {
        let process = self.processes.get(id);
        let method = process.and_then(|process| process.method.as_deref());
        let grants = process.and_then(|process| process.grants.as_ref());
        Definition {
            id: Arc::clone(id),
            code,
            method: method.unwrap_or(DEFAULT_METHOD).into(),
            host: process.and_then(|process| process.host.clone()),
            grants: Arc::clone(grants.unwrap_or(&self.grants)),
        }
    }
}

/// Returns a file of the program.
pub(crate) fn source(path: &str, bytes: Vec<u8>) -> Source {
    Source {
        name: path.into(),
        bytes: bytes.into(),
    }
}
