//! Definitions whose code is ready to be instantiated.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use warren_kernel::Error;

use crate::code::artifact::Artifact;
use crate::code::content::{ContentHash, content_hash};
use crate::code::definition::{Code, Definition, Edition, Files, Grants, Source};
use crate::code::native_code::NativeCode;

/// Code for an interpreter.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The name in messages.
    pub(crate) name: Arc<str>,
    /// The source while the guest runs `prepare`, the prepared code while it runs
    /// `start`.
    pub(crate) code: Arc<[u8]>,
}

/// A definition, compiled and prepared.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) definition: Arc<Definition>,
    /// The files and variables that the process reaches: the grants of its first
    /// definition, since an upgrade brings none.
    pub(crate) grants: Arc<Grants>,
    /// The guest to instantiate: the definition's own, or the interpreter. `None` for
    /// a host function process.
    pub(crate) artifact: Option<Arc<Artifact>>,
    /// The code for the interpreter, if the guest is the interpreter.
    pub(crate) chunk: Option<Arc<Chunk>>,
    /// The names of the libraries that the interpreter gives the process; `None` for all.
    pub(crate) modules: Option<Arc<[String]>>,
    /// The files that the program was made with; absent for code of the embedder and of
    /// the runtime.
    pub(crate) origin: Option<Arc<Origin>>,
}

/// Stands before the name of a module that is an import. No file begins with it: a path
/// begins with `./`.
pub(crate) const IMPORT: char = '=';

/// The files that a program was made with, and what its processes have required of them.
pub(crate) struct Origin {
    pub(crate) files: Arc<dyn Files>,
    required: Mutex<HashMap<Arc<str>, ContentHash>>,
    /// The code that the names of imports gave.
    imported: Mutex<HashMap<Box<str>, Imported>>,
}

/// The file of an import, with its content; `None` if the definition has no import of the
/// name.
type Imported = Option<(Arc<str>, ContentHash)>;

/// The code that an import gives among some files.
type Given = Result<Option<Source>, Error>;

/// Required files, and names of imports, that are remembered for one program. A program
/// that may write its own sources can make any number of them.
pub(crate) const MAX_REQUIRED: usize = 10_000;

/// Bytes of the longest name that is remembered: no import of a manifest has a longer one.
const LONGEST_IMPORT: usize = 100;

impl Origin {
    pub(crate) fn new(files: &Arc<dyn Files>) -> Arc<Origin> {
        Arc::new(Origin {
            files: Arc::clone(files),
            required: Mutex::default(),
            imported: Mutex::default(),
        })
    }

    /// Remembers a required file.
    pub(crate) fn requires(&self, source: &Source) {
        let mut required = self.required.lock();
        if required.len() < MAX_REQUIRED && !required.contains_key(&source.name) {
            required.insert(Arc::clone(&source.name), content_hash(source));
        }
    }

    /// Remembers what the name of an import gave.
    pub(crate) fn imports(&self, name: &str, source: Option<&Source>) {
        let mut imported = self.imported.lock();
        let has_room = imported.len() < MAX_REQUIRED && name.len() <= LONGEST_IMPORT;
        if has_room && !imported.contains_key(name) {
            let source = source.map(|source| (Arc::clone(&source.name), content_hash(source)));
            imported.insert(name.into(), source);
        }
    }

    /// Returns the origin of the program of the definition `id` among other files. Its
    /// processes require files and imports of the same names.
    pub(crate) fn successor(&self, id: &str, files: &Arc<dyn Files>) -> Arc<Origin> {
        let names: Vec<_> = self.required.lock().keys().cloned().collect();
        let origin = Origin::new(files);
        let required = names.iter().filter_map(|name| files.source(name));
        for file in required {
            origin.requires(&file);
        }
        let names: Vec<_> = self.imported.lock().keys().cloned().collect();
        for name in names {
            // One that cannot be read has given nothing yet.
            if let Ok(source) = files.import(id, &name) {
                origin.imports(&name, source.as_ref());
            }
        }
        origin
    }

    /// Returns the names of the required files that differ among other files.
    fn differing(&self, others: &dyn Files) -> Vec<Arc<str>> {
        let required = self.required.lock();
        let differs = |(name, hash): &(&Arc<str>, &ContentHash)| {
            let other = others.source(name);
            other.is_none_or(|source| content_hash(&source) != **hash)
        };
        let differing = required.iter().filter(differs);
        differing.map(|(name, _)| Arc::clone(name)).collect()
    }

    /// Returns the ids to tell of imports of the definition `own` that give something else
    /// among other files. With `before`, only what differs from that counts.
    fn imports_that_differ(
        &self,
        own: &Arc<str>,
        before: Option<&dyn Files>,
        now: &dyn Files,
    ) -> Vec<Arc<str>> {
        let imported = self.imported.lock();
        let mut ids = Vec::new();
        for (name, was) in &*imported {
            let is = now.import(own, name);
            let has_changed = |before: &dyn Files| match before.import(own, name) {
                Ok(before) => !gives(&is, before.as_ref()),
                Err(_) => is.is_ok(),
            };
            let is_same = match (was, &is) {
                (Some((_, hash)), Ok(Some(is))) => content_hash(is) == *hash,
                (None, Ok(None)) => true,
                _ => false,
            };
            if !is_same && before.is_none_or(has_changed) {
                let file = was.as_ref().map(|(file, _)| &**file);
                ids.push(id_of_import(own, file, &is, now));
            }
        }
        ids
    }
}

/// Returns true if an import gives just this.
fn gives(given: &Given, source: Option<&Source>) -> bool {
    match (given, source) {
        (Ok(Some(given)), Some(source)) => given.is_that_of(source),
        (Ok(None), None) => true,
        _ => false,
    }
}

/// Returns the id to tell of an import that gave the file `was`: the file's if it is the file
/// that has changed, else that of the definition, which imports something else now.
fn id_of_import(own: &Arc<str>, was: Option<&str>, is: &Given, now: &dyn Files) -> Arc<str> {
    let has_changed = |file: &&str| match is {
        Ok(Some(source)) => *source.name == **file,
        Ok(None) => false,
        Err(_) => now.source(file).is_none(),
    };
    let file = was.filter(has_changed);
    let id = file.and_then(|file| now.id_of(file));
    id.unwrap_or_else(|| Arc::clone(own))
}

impl fmt::Debug for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Origin").finish_non_exhaustive()
    }
}

impl Program {
    /// Makes the program of a Rust function that no definition names.
    pub(crate) fn native(id: Arc<str>, code: NativeCode) -> Program {
        let grants = Arc::new(Grants::default());
        Program {
            definition: Arc::new(Definition {
                id,
                code: Code::Native(code),
                method: "main".into(),
                host: None,
                grants: Arc::clone(&grants),
            }),
            grants,
            artifact: None,
            chunk: None,
            modules: None,
            origin: None,
        }
    }

    /// Returns the ids of the changed definitions, if another edition of the program has
    /// other code for this one: its own id, also for other imports, and those of the files it
    /// has required. Code that is gone there has not changed: nothing could take its place.
    /// With `before`, the edition until now, only what differs from that counts.
    pub(crate) fn changes(&self, before: Option<&Edition>, now: &Edition) -> Vec<Arc<str>> {
        let Some(origin) = &self.origin else {
            return Vec::new();
        };
        let own = &self.definition;
        let Ok(other) = now.definitions.definition(&own.id) else {
            return Vec::new();
        };
        let mut changes = Vec::new();
        if !Arc::ptr_eq(own, &other) {
            let was = before.map(|before| before.definitions.definition(&own.id));
            let is_that = |was: Arc<Definition>| was.code.is_that_of(&other.code);
            let is_same = was.is_some_and(|was| was.is_ok_and(is_that));
            if !is_same && !own.code.is_that_of(&other.code) {
                changes.push(Arc::clone(&own.id));
            }
        }
        if Arc::ptr_eq(&origin.files, &now.files) {
            return changes;
        }
        let is_news = |file: &Arc<str>| {
            let has_changed =
                |before: &Edition| match (before.files.source(file), now.files.source(file)) {
                    (Some(was), Some(is)) => !was.is_that_of(&is),
                    (was, is) => was.is_some() != is.is_some(),
                };
            before.is_none_or(has_changed)
        };
        let mut files = origin.differing(&*now.files);
        files.retain(is_news);
        for file in files {
            // A file whose name is no id is told as the definition that requires it.
            let id = now.files.id_of(&file);
            changes.push(id.unwrap_or_else(|| Arc::clone(&own.id)));
        }
        let before = before.map(|before| &*before.files);
        changes.extend(origin.imports_that_differ(&own.id, before, &*now.files));
        changes.sort();
        changes.dedup();
        changes
    }

    /// Returns the id to tell, if another edition gives something else for what a process of
    /// this program has just required: by the name of an import, which may have given
    /// nothing, else a file.
    pub(crate) fn change_of(
        &self,
        import: Option<&str>,
        required: Option<&Source>,
        now: &Edition,
    ) -> Option<Arc<str>> {
        // Without an origin, nothing is required.
        self.origin.as_ref()?;
        let (own, files) = (&self.definition.id, &*now.files);
        if let Some(name) = import {
            // See `changes`.
            now.definitions.definition(own).ok()?;
            let is = files.import(own, name);
            let file = required.map(|source| &*source.name);
            return (!gives(&is, required)).then(|| id_of_import(own, file, &is, files));
        }
        let required = required?;
        let other = files.source(&required.name);
        if other.is_some_and(|other| other.is_that_of(required)) {
            return None;
        }
        let id = files.id_of(&required.name);
        Some(id.unwrap_or_else(|| Arc::clone(own)))
    }

    /// Returns the guest to instantiate.
    ///
    /// # Errors
    ///
    /// `Invalid` for a host function process, which has none.
    pub(crate) fn artifact(&self) -> Result<&Arc<Artifact>, Error> {
        self.artifact.as_ref().ok_or_else(|| {
            Error::invalid(format!(
                "{} is a host function process, which has no instance",
                self.definition.id
            ))
        })
    }

    /// Returns the bytes of the source, and of the code that was made of it.
    pub(crate) fn bytes(&self) -> usize {
        let made = match &self.chunk {
            // The artifact is the interpreter.
            Some(chunk) => chunk.code.len(),
            None => self.artifact.as_ref().map_or(0, |code| code.memory()),
        };
        match &self.definition.code {
            Code::Lua(source) | Code::Wasm(source) => source.bytes.len().saturating_add(made),
            Code::Native(_) => 0,
        }
    }

    /// Returns this program with other grants.
    pub(crate) fn with_grants(&self, grants: Arc<Grants>) -> Program {
        Program {
            grants,
            ..self.clone()
        }
    }
}
