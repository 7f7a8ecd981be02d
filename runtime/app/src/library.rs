//! The definitions and modules of an opened program.

use std::collections::HashMap;
use std::hash::Hash;
use std::path::Path;
use std::sync::Arc;

use parking_lot::RwLock;
use warren_engine::{Code, Definition, Grants, Source};
use warren_kernel::{Error, Kind};

use crate::fixed::{Fixed, ambiguous, code_of};
use crate::id::Id;
use crate::place::{self, EXTENSIONS, Language};
use crate::plan::{Plan, Process, source};
use crate::root::{SourceError, SourceRoot};
use crate::suggest::closest;
use crate::too_much::TooMuch;

/// Extensions of sources that compile to definitions.
const COMPILED: [&str; 7] = ["c", "cc", "cpp", "js", "py", "rs", "ts"];

/// Finds definitions and modules, and keeps those it found. Missing ones are
/// not remembered: guests choose the names they ask for.
#[derive(Debug)]
pub(crate) struct Library {
    plan: Arc<Plan>,
    /// The files that were read together; none in a program that is not reloadable.
    fixed: Fixed,
    /// Files that are not read together, each read when it is first needed.
    definitions: RwLock<Known<Arc<str>, Arc<Definition>>>,
    modules: RwLock<Known<String, Source>>,
}

/// The files read so far, with the bytes of their sources.
#[derive(Debug)]
struct Known<K, V> {
    all: HashMap<K, V>,
    bytes: usize,
}

/// Bytes of sources that are kept in memory. A program that may write below its
/// own root can add sources without end.
const MAX_KEPT: usize = 128 << 20;

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Known {
            all: HashMap::new(),
            bytes: 0,
        }
    }
}

impl<K: Eq + Hash, V: Clone> Known<K, V> {
    /// Adds a value that was read, or returns the value that another thread
    /// read before. If the sources exceed the limit, unused ones are dropped
    /// and read again when asked for.
    fn add(&mut self, key: K, value: V, bytes: fn(&V) -> usize, is_used: fn(&V) -> bool) -> V {
        if let Some(known) = self.all.get(&key) {
            return known.clone();
        }
        self.bytes += bytes(&value);
        if self.bytes > MAX_KEPT {
            self.all.retain(|_, value| is_used(value));
            self.bytes = self.all.values().map(bytes).sum::<usize>() + bytes(&value);
        }
        self.all.insert(key, value.clone());
        value
    }
}

/// The reason why a definition has no file.
#[derive(Debug)]
pub(crate) enum ResolveError {
    /// The namespace is not the app's, and the manifest does not mention the
    /// definition.
    OtherApp,
    /// None of these files exists.
    Missing { tried: Vec<String> },
    /// All of these files exist.
    Ambiguous { files: Vec<String> },
    /// This file cannot be used.
    Refused { path: String, error: SourceError },
    /// This file came after the others had been read.
    AwaitsReload { path: String },
}

impl Library {
    /// Returns a library with nothing cached yet.
    pub(crate) fn new(app: Arc<str>, root: SourceRoot, grants: Arc<Grants>) -> Self {
        Library::of(Arc::new(Plan {
            app,
            root: Arc::new(root),
            processes: HashMap::new(),
            grants,
            used: Arc::default(),
        }))
    }

    fn of(plan: Arc<Plan>) -> Library {
        Library {
            plan,
            fixed: Fixed::default(),
            definitions: RwLock::default(),
            modules: RwLock::default(),
        }
    }

    /// Reads all files of code, which belong together from now on.
    pub(crate) fn fix(&mut self) -> Result<(), TooMuch> {
        self.fixed = Fixed::read(&self.plan, &self.fixed)?;
        Ok(())
    }

    /// Notes the files of the definitions that the manifest names, and of `others`, where no
    /// search finds them: they are read with the others.
    pub(crate) fn note_named<'a>(&'a self, others: impl Iterator<Item = &'a str>) {
        let named = self.plan.processes.iter().flat_map(|(id, process)| {
            let imports = process.imports.values().map(Id::as_str);
            imports.chain([&**id])
        });
        for id in named.chain(others) {
            let path = Id::parse(id).ok().and_then(|id| self.resolve(&id).ok());
            let path = path.filter(|path| !self.plan.root().searches(path));
            if let Some(path) = path {
                self.plan.note_used(&path.into());
            }
        }
    }

    /// Reads its files together again, with those that no search finds and that were used in
    /// the place of another library.
    pub(crate) fn fix_with_used_of(&mut self, before: &Library) -> Result<(), TooMuch> {
        let used = before.plan.used();
        if used.is_empty() {
            return Ok(());
        }
        for path in used {
            self.plan.note_used(&path.into());
        }
        self.fix()
    }

    /// Returns a library of the files as they are now. Files that a library of this
    /// program has read later than its others are among them.
    pub(crate) fn reread(&self) -> Result<Library, TooMuch> {
        let fixed = Fixed::read(&self.plan, &self.fixed)?;
        Ok(Library {
            fixed,
            ..Library::of(Arc::clone(&self.plan))
        })
    }

    /// Takes over from another library the files and definitions that are the same here,
    /// so that their code is not made again.
    pub(crate) fn adopt(&mut self, before: &Library) {
        self.fixed.adopt(&before.fixed);
    }

    /// Returns the parts that a reload leaves alone.
    pub(crate) fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// Returns the files that were read together.
    pub(crate) fn fixed(&self) -> &Fixed {
        &self.fixed
    }

    /// Returns the files that were read when they were first needed.
    pub(crate) fn later(&self) -> Vec<Source> {
        let definitions = self.definitions.read();
        let of_code = |definition: &Arc<Definition>| match &definition.code {
            Code::Lua(source) | Code::Wasm(source) => Some(source.clone()),
            Code::Native(_) => None,
        };
        let mut all: Vec<_> = definitions.all.values().filter_map(of_code).collect();
        drop(definitions);
        all.extend(self.modules.read().all.values().cloned());
        all
    }

    /// Returns the definitions that were made when they were first needed.
    pub(crate) fn later_definitions(&self) -> Vec<Arc<Definition>> {
        self.definitions.read().all.values().cloned().collect()
    }

    /// Returns a file, as it belongs to this library.
    pub(crate) fn source(&self, path: &str) -> Option<Source> {
        if let Some(source) = self.fixed.files.get(path) {
            return Some(source.clone());
        }
        let later = self.later().into_iter();
        let mut later = later.filter(|source| *source.name == *path);
        later.next().or_else(|| {
            if self.awaits_reload(path) {
                return None;
            }
            let bytes = self.plan.root.read(path).ok()?;
            Some(source(path, bytes))
        })
    }

    /// Returns the program's directory.
    pub(crate) fn root(&self) -> &SourceRoot {
        &self.plan.root
    }

    /// Returns the grants of every definition without grants of its own.
    pub(crate) fn grants(&self) -> &Arc<Grants> {
        &self.plan.grants
    }

    /// Returns the settings of a definition, to be filled while the program is
    /// opened.
    pub(crate) fn process_mut(&mut self, id: &Id) -> &mut Process {
        let plan = Arc::make_mut(&mut self.plan);
        plan.processes.entry(id.text().clone()).or_default()
    }

    /// Returns the definitions that the manifest mentions.
    pub(crate) fn named(&self) -> impl Iterator<Item = (&Arc<str>, &Process)> {
        self.plan.processes.iter()
    }

    /// Returns the file of a definition, as a path below the root with `/`.
    pub(crate) fn resolve(&self, id: &Id) -> Result<String, ResolveError> {
        if let Some(source) = self.plan.named_source(id.as_str()) {
            return Ok(source.to_owned());
        }
        let stem = place::stem_of(&self.plan.app, id).ok_or(ResolveError::OtherApp)?;
        let tried: Vec<String> = EXTENSIONS
            .iter()
            .map(|extension| format!("{stem}.{extension}"))
            .collect();
        let mut files = Vec::new();
        let mut awaits_reload = None;
        for path in &tried {
            if self.fixed.files.contains_key(path.as_str()) {
                files.push(path.clone());
                continue;
            }
            match self.plan.root.has_file(path) {
                Ok(true) if self.awaits_reload(path) => awaits_reload = Some(path.clone()),
                Ok(true) => files.push(path.clone()),
                Ok(false) => {}
                Err(error) => {
                    return Err(ResolveError::Refused {
                        path: path.clone(),
                        error,
                    });
                }
            }
        }
        match (files.len(), awaits_reload) {
            (0, Some(path)) => Err(ResolveError::AwaitsReload { path }),
            (0, None) => Err(ResolveError::Missing { tried }),
            (1, _) => Ok(files.remove(0)),
            _ => Err(ResolveError::Ambiguous { files }),
        }
    }

    /// Notes that a file is read with the others from the next reload on.
    fn note_used(&self, file: &Source) {
        if self.fixed.is_whole() {
            self.plan.note_used(&file.name);
        }
    }

    /// Returns true if a file of this path waits for a reload.
    fn awaits_reload(&self, path: &str) -> bool {
        self.fixed.awaits_reload(&self.plan, path)
    }

    /// Returns the definition of this id, from memory if it was asked for
    /// before.
    pub(crate) fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        if let Some(definition) = self.fixed.definitions.get(id) {
            return Ok(Arc::clone(definition));
        }
        let known = self.definitions.read();
        if let Some(definition) = known.all.get(id) {
            return Ok(definition.clone());
        }
        drop(known);
        let id = Id::parse(id)
            .map_err(|error| Error::not_found(format!("definition not found: {error}")))?;
        self.load(&id).map_err(|error| self.explain(&id, error))
    }

    /// Returns the definition to start, which is read into memory.
    pub(crate) fn first(&self, id: &Id) -> Result<Arc<Definition>, ResolveError> {
        match self.fixed.definitions.get(id.as_str()) {
            Some(definition) => Ok(Arc::clone(definition)),
            None => self.load(id),
        }
    }

    /// Reads a definition into memory.
    pub(crate) fn load(&self, id: &Id) -> Result<Arc<Definition>, ResolveError> {
        let definition = Arc::new(self.read(id)?);
        let mut known = self.definitions.write();
        // If two threads read a definition at once, both share the first
        // result.
        let is_used = |definition: &Arc<Definition>| Arc::strong_count(definition) > 1;
        Ok(known.add(id.text().clone(), definition, source_bytes, is_used))
    }

    /// Returns the program's own Lua module of this name, if there is one.
    pub(crate) fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        let path = place::module_path(name);
        if let Some(file) = path.as_ref().and_then(|path| self.fixed.files.get(&**path)) {
            return Ok(Some(file.clone()));
        }
        let known = self.modules.read();
        if let Some(module) = known.all.get(name) {
            return Ok(Some(module.clone()));
        }
        drop(known);
        let Some(path) = path else {
            return Ok(None);
        };
        if self.awaits_reload(&path) {
            let found = self.plan.root.has_file(&path);
            return found
                .map(|_| None)
                .map_err(|error| unavailable(&path, &error));
        }
        let bytes = match self.plan.root.read(&path) {
            Ok(bytes) => bytes,
            Err(SourceError::Missing | SourceError::NotAFile) => return Ok(None),
            Err(error) => return Err(unavailable(&path, &error)),
        };
        let module = source(&path, bytes);
        self.note_used(&module);
        let mut known = self.modules.write();
        let bytes = |module: &Source| module.bytes.len();
        Ok(Some(known.add(name.to_owned(), module, bytes, |_| false)))
    }

    /// Returns the definition whose code `require(name)` gives in the processes of a
    /// definition, if the manifest says so.
    pub(crate) fn import_target(&self, definition: &str, name: &str) -> Option<&Id> {
        self.plan.processes.get(definition)?.imports.get(name)
    }

    /// Returns the code that `require(name)` gives in the processes of a definition, if the
    /// manifest says so.
    pub(crate) fn import(&self, definition: &str, name: &str) -> Result<Option<Source>, Error> {
        let Some(target) = self.import_target(definition, name) else {
            return Ok(None);
        };
        match &self.definition(target.as_str())?.code {
            Code::Lua(source) => Ok(Some(source.clone())),
            Code::Wasm(_) | Code::Native(_) => Err(Error::invalid(format!(
                "{target} is not in Lua, and only Lua can be required"
            ))),
        }
    }

    /// Returns the names of the libraries of a definition; `None` for all.
    pub(crate) fn modules_of(&self, definition: &str) -> Option<Arc<[String]>> {
        self.plan.processes.get(definition)?.modules.clone()
    }

    fn read(&self, id: &Id) -> Result<Definition, ResolveError> {
        let path = self.resolve(id)?;
        if self.awaits_reload(&path) {
            return Err(match self.plan.root.has_file(&path) {
                Ok(true) => ResolveError::AwaitsReload { path },
                Ok(false) => ResolveError::Refused {
                    path,
                    error: SourceError::Missing,
                },
                Err(error) => ResolveError::Refused { path, error },
            });
        }
        let file = match self.fixed.files.get(path.as_str()) {
            Some(file) => file.clone(),
            None => match self.plan.root.read(&path) {
                Ok(bytes) => {
                    let file = source(&path, bytes);
                    self.note_used(&file);
                    file
                }
                Err(error) => return Err(ResolveError::Refused { path, error }),
            },
        };
        let Some(code) = code_of(&file) else {
            let error = SourceError::UnknownKind;
            return Err(ResolveError::Refused { path, error });
        };
        Ok(self.plan.definition(id.text(), code))
    }

    fn explain(&self, id: &Id, error: ResolveError) -> Error {
        match error {
            ResolveError::OtherApp => Error::not_found(format!(
                "definition not found: {id}: files of the program are definitions that begin \
                 with `{}`",
                self.plan.app
            )),
            ResolveError::Missing { tried } => Error::not_found(format!(
                "definition not found: {id}: found none of {}{}",
                tried.join(", "),
                self.near(id, &tried)
            )),
            ResolveError::Ambiguous { files } => Error::invalid(ambiguous(id, &files)),
            // The manifest names a file that was removed.
            ResolveError::Refused {
                path,
                error: SourceError::Missing,
            } => Error::not_found(format!("definition not found: {id}: found no {path}")),
            ResolveError::Refused { path, error } => unavailable(&path, &error),
            ResolveError::AwaitsReload { path } => Error::not_found(format!(
                "definition not found: {id}: {path} was added after the program's files were \
                 read; a reload takes it"
            )),
        }
    }
}

impl Library {
    /// Suggests the definition that was meant, from the files beside its place:
    /// a source that is not compiled, or a misspelt name.
    fn near(&self, id: &Id, tried: &[String]) -> String {
        let Some(place) = tried.first().map(Path::new) else {
            return String::new();
        };
        let directory = match place.parent().and_then(Path::to_str) {
            None | Some("") => ".",
            Some(directory) => directory,
        };
        let files = self.plan.root.some_file_names(directory);
        let stem = |name: &str| Path::new(name).file_stem()?.to_str().map(str::to_owned);
        let Some(wanted) = place.to_str().and_then(stem) else {
            return String::new();
        };
        let is_source = |name: &String| {
            let extension = Path::new(name).extension();
            stem(name).is_some_and(|stem| stem == wanted)
                && extension.is_some_and(|of| COMPILED.iter().any(|extension| of == *extension))
        };
        let source = files.iter().find(|name| is_source(name));
        if let Some(source) = source {
            return format!("; {source} must be compiled first");
        }
        let code = files.iter().filter(|name| Language::of(name).is_some());
        let stems: Vec<_> = code.filter_map(|name| stem(name)).collect();
        match closest(&wanted, stems.iter().map(String::as_str)) {
            Some(stem) => format!("; did you mean {}:{stem}?", id.namespace()),
            None => String::new(),
        }
    }
}

fn source_bytes(definition: &Arc<Definition>) -> usize {
    match &definition.code {
        Code::Lua(source) | Code::Wasm(source) => source.bytes.len(),
        Code::Native(_) => 0,
    }
}

fn unavailable(path: &str, error: &SourceError) -> Error {
    Error::new(Kind::Unavailable, format!("cannot read {path}: {error}"))
}

#[cfg(test)]
mod tests {
    use std::fs::{self, File};

    use super::*;

    /// The bytes of a value, and true if somebody else uses the value.
    type Value = (usize, bool);

    fn add(known: &mut Known<u32, Value>, key: u32, value: Value) -> Value {
        known.add(key, value, |(bytes, _)| *bytes, |(_, is_used)| *is_used)
    }

    #[test]
    fn unused_files_are_forgotten_beyond_the_limit() {
        let mut known = Known::default();
        let half = MAX_KEPT / 2;
        add(&mut known, 1, (half, false));
        add(&mut known, 2, (half, true));
        assert_eq!((known.all.len(), known.bytes), (2, MAX_KEPT));
        assert_eq!(
            add(&mut known, 1, (7, true)),
            (half, false),
            "the first one stays"
        );
        assert_eq!(known.bytes, MAX_KEPT);
        add(&mut known, 3, (1, false));
        let mut keys: Vec<_> = known.all.keys().copied().collect();
        keys.sort_unstable();
        assert_eq!((&*keys, known.bytes), (&[2, 3][..], half + 1));
        // Any number of additions keeps no more than the limit and the used files.
        for key in 4..1_000 {
            add(&mut known, key, (half / 3, false));
            assert!(known.bytes <= MAX_KEPT, "{}", known.bytes);
            assert_eq!(
                known.bytes,
                known.all.values().map(|(bytes, _)| bytes).sum::<usize>()
            );
        }
        assert!(known.all.contains_key(&2));
    }

    #[test]
    fn sources_that_were_forgotten_are_read_anew() {
        let dir = tempfile::tempdir().unwrap();
        // Files of nothing, which take no room on the disk.
        let write = |name: &str, first: &[u8]| {
            let path = dir.path().join(name);
            fs::write(&path, first).unwrap();
            let file = File::options().write(true).open(&path).unwrap();
            file.set_len(MAX_KEPT as u64 / 3).unwrap();
        };
        for name in ["one", "two", "three", "four"] {
            write(&format!("{name}.lua"), b"1");
            write(&format!("m{name}.lua"), b"1");
        }
        let root = SourceRoot::open(dir.path()).unwrap();
        let library = Library::new("app".into(), root, Arc::new(Grants::default()));
        let read = |name: &str| {
            let definition = library.definition(&format!("app:{name}")).unwrap();
            let Code::Lua(source) = &definition.code else {
                panic!("{name} is Lua");
            };
            (source.bytes[0], definition)
        };
        let (_, used) = read("one");
        read("two");
        for name in ["one.lua", "two.lua"] {
            write(name, b"2");
        }
        assert_eq!(
            (read("one").0, read("two").0),
            (b'1', b'1'),
            "both are known"
        );
        read("three");
        read("four");
        assert_eq!(read("two").0, b'2', "it was forgotten");
        assert!(Arc::ptr_eq(&read("one").1, &used), "a process runs it");

        let module = |name: &str| library.module(name).unwrap().unwrap().bytes[0];
        module("mone");
        write("mone.lua", b"2");
        assert_eq!(module("mone"), b'1');
        for name in ["mtwo", "mthree", "mfour"] {
            module(name);
        }
        assert_eq!(module("mone"), b'2');
    }
}
