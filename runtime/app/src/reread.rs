//! The files of a running program, read again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use parking_lot::RwLock;
use thiserror::Error;
use warren_engine::{Code, Definition, Source};
use warren_kernel::text;

use crate::app::{App, MANIFEST};
use crate::fixed::{ambiguous, code_of, id_of_path};
use crate::library::Library;
use crate::plan::{Plan, Process};
use crate::too_much::TooMuch;

/// A program with its files as they are now, beside the program that runs.
///
/// ```
/// use warren_app::{App, AppOptions, Definitions};
///
/// # let directory = tempfile::tempdir()?;
/// let main = directory.path().join("main.lua");
/// std::fs::write(&main, "return 1")?;
/// let options = AppOptions { reloadable: true, ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
///
/// std::fs::write(&main, "return 2")?;
/// let reread = app.reread()?;
/// assert_eq!(&*reread.changes.changed[0], "app:main");
/// let definition = reread.app.definition("app:main")?;
/// let source = definition.code.source().expect("the definition has a file");
/// assert_eq!(&*source.bytes, b"return 2");
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Reread {
    /// The program with the new files. Files that are the same are shared with the other
    /// one, and so are definitions.
    pub app: App,
    /// The differences.
    pub changes: Changes,
}

/// The differences between the files of a program and the same files later.
///
/// ```
/// use warren_app::{App, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// let file = |name: &str| directory.path().join(name);
/// std::fs::write(file("main.lua"), "return 1")?;
/// std::fs::write(file("old.lua"), "return 1")?;
/// let options = AppOptions { reloadable: true, ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
///
/// std::fs::remove_file(file("old.lua"))?;
/// std::fs::write(file("new.lua"), "return 1")?;
/// let changes = app.reread()?.changes;
/// assert_eq!(&*changes.added[0], "app:new");
/// assert_eq!(&*changes.removed[0], "app:old");
/// assert_eq!((changes.changed.len(), changes.unchanged), (0, 1));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Changes {
    /// Definitions with other code, sorted by id.
    pub changed: Vec<Arc<str>>,
    /// Definitions that were not there, sorted by id.
    pub added: Vec<Arc<str>>,
    /// Definitions that are gone, sorted by id.
    pub removed: Vec<Arc<str>>,
    /// The number of definitions that are the same.
    pub unchanged: usize,
    /// True if the manifest is another. It is not taken.
    pub manifest: bool,
    /// Definitions with the same code and other settings in the manifest, sorted by id.
    pub resettled: Vec<Arc<str>>,
    /// The settings that differ of those that belong to an id, wherever its code comes from:
    /// `modules` and `imports`, by the ids in the manifest.
    pub by_id: BTreeMap<Arc<str>, Vec<&'static str>>,
    /// The settings that differ, of the definitions of `changed` and `resettled` that have
    /// others: `method`, `host`, `grants`, `modules`, `imports`, `test`.
    pub settings: BTreeMap<Arc<str>, Vec<&'static str>>,
    /// The files that are no definition, and that others may require, sorted by path: those
    /// that are new or different.
    pub modules: BTreeMap<Arc<str>, FileChange>,
    /// The code to compile: all that is new or different. A file that is no definition by
    /// its name has its path as id.
    pub compile: Vec<Arc<Definition>>,
    /// The definitions of the program before that are not among the new ones.
    pub replaced: Vec<Arc<Definition>>,
    /// Sources that were replaced or removed.
    pub stale: Vec<Source>,
}

/// The change of a file.
///
/// ```
/// use warren_app::{App, AppOptions, FileChange};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let options = AppOptions { reloadable: true, ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
///
/// // No id has a space, so the file is no definition.
/// std::fs::write(directory.path().join("date utils.lua"), "return {}")?;
/// let modules = app.reread()?.changes.modules;
/// assert_eq!(modules["date utils.lua"], FileChange::Added);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileChange {
    /// It was not there.
    Added,
    /// It has other content.
    Changed,
    /// It is gone.
    Removed,
}

/// The reason why the files of a program cannot be taken as they are now.
///
/// ```
/// use warren_app::{App, AppOptions, RereadError};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// assert!(matches!(app.reread(), Err(RereadError::NotReloadable)));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RereadError {
    /// The program was opened without [`AppOptions::reloadable`](crate::AppOptions).
    #[error("the program was not opened as reloadable")]
    NotReloadable,
    /// The program has too many files to belong together.
    #[error("the program cannot be reloaded: {reason}; give it a directory of its own")]
    TooMuch {
        /// The limit.
        reason: String,
    },
    /// Files are in the way. The code was not compiled yet.
    #[error("the files do not make a program: {}", messages(.0))]
    Files(Vec<FileProblem>),
}

/// A file that keeps the files from making a program.
///
/// ```
/// use warren_app::{App, AppOptions, RereadError};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let options = AppOptions { reloadable: true, ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
///
/// std::fs::write(directory.path().join("main.wat"), "(module)")?;
/// let Err(RereadError::Files(problems)) = app.reread() else {
///     panic!("two files have one id");
/// };
/// assert_eq!(problems[0].file, "main.lua");
/// assert!(problems[0].message.starts_with("definition app:main is ambiguous"));
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProblem {
    /// Its path below the root; the first of several files of one id.
    pub file: String,
    /// The fault.
    pub message: String,
}

fn messages(problems: &[FileProblem]) -> String {
    let messages: Vec<_> = problems.iter().map(|problem| &*problem.message).collect();
    messages.join("; ")
}

impl From<&TooMuch> for RereadError {
    fn from(reason: &TooMuch) -> RereadError {
        RereadError::TooMuch {
            reason: reason.to_string(),
        }
    }
}

impl App {
    /// Returns true if [`App::reread`] may succeed.
    ///
    /// # Errors
    ///
    /// [`RereadError::NotReloadable`] and [`RereadError::TooMuch`].
    pub fn check_reloadable(&self) -> Result<(), RereadError> {
        match &self.fixed {
            None => Err(RereadError::NotReloadable),
            Some(Ok(())) => Ok(()),
            Some(Err(reason)) => Err(reason.into()),
        }
    }

    /// Reads all files of code as they are now. The manifest stays as it was.
    ///
    /// # Errors
    ///
    /// See [`RereadError`].
    pub fn reread(&self) -> Result<Reread, RereadError> {
        self.check_reloadable()?;
        let library = self
            .library
            .reread()
            .map_err(|reason| RereadError::from(&reason))?;
        let mut changes = compared(&self.library, &library)?;
        let taken = Arc::clone(&self.taken_manifest.read());
        changes.manifest = self.manifest_now() != taken.as_bytes();
        let main = library.definition(&self.main.id);
        Ok(Reread {
            app: App {
                name: Arc::clone(&self.name),
                // Gone, if its file was removed: nobody starts it again.
                main: main.unwrap_or_else(|_| Arc::clone(&self.main)),
                main_host: Arc::clone(&self.main_host),
                max_memory_total: self.max_memory_total,
                park_after: self.park_after,
                payload_objects: self.payload_objects,
                cluster: self.cluster.clone(),
                hosts: self.hosts.clone(),
                services: self.services.clone(),
                token_stores: self.token_stores.clone(),
                stores: self.stores.clone(),
                databases: self.databases.clone(),
                queues: self.queues.clone(),
                consumers: self.consumers.clone(),
                volumes: self.volumes.clone(),
                web: Arc::clone(&self.web),
                has_main: self.has_main,
                library,
                policies: self.policies.clone(),
                manifest: Arc::clone(&self.manifest),
                taken_manifest: RwLock::new(taken),
                manifest_path: self.manifest_path.clone(),
                options: Arc::clone(&self.options),
                fixed: Some(Ok(())),
                untold: Vec::new(),
            },
            changes,
        })
    }

    /// Returns the bytes of the manifest as it is now; none if it cannot be read.
    fn manifest_now(&self) -> Vec<u8> {
        self.library.root().read_text(MANIFEST).unwrap_or_default()
    }
}

/// Returns the differences between the files of two programs.
///
/// # Errors
///
/// [`RereadError::Files`].
pub(crate) fn compared(before: &Library, now: &Library) -> Result<Changes, RereadError> {
    let problems = problems(before, now);
    match problems.is_empty() {
        true => Ok(changes(before, now)),
        false => Err(RereadError::Files(problems)),
    }
}

/// Returns what is in the way of the new files.
fn problems(before: &Library, now: &Library) -> Vec<FileProblem> {
    let mut problems = Vec::new();
    let was = sources(before);
    for (path, error) in &now.fixed().unreadable {
        // One that could not be read before either is not the program's.
        if was.contains_key(&**path) {
            problems.push(FileProblem {
                file: path.clone(),
                message: format!("cannot read {}: {error}", text::line(path)),
            });
        }
    }
    for (id, files) in &now.fixed().ambiguous {
        if !before.fixed().ambiguous.contains_key(id) {
            problems.push(FileProblem {
                file: files
                    .first()
                    .map_or_else(String::new, |file| file.to_string()),
                message: ambiguous(id, files),
            });
        }
    }
    problems
}

fn changes(before: &Library, now: &Library) -> Changes {
    let plans: (&Plan, &Plan) = (before.plan(), now.plan());
    let mut changes = Changes {
        by_id: different_by_id(plans),
        ..Changes::default()
    };
    let was = definitions(before);
    let is = definitions(now);
    let later = before.later();
    for (id, definition) in &is {
        let is_same = match was.get(id) {
            Some(was) => Some(was.code.is_that_of(&definition.code)),
            None => is_that_of_module(&later, definition),
        };
        let settings = match was.get(id) {
            Some(was) => different_settings(plans, was, definition),
            None => Vec::new(),
        };
        match is_same {
            Some(true) if settings.is_empty() => changes.unchanged += 1,
            Some(true) => changes.resettled.push(Arc::clone(id)),
            Some(false) => changes.changed.push(Arc::clone(id)),
            None => changes.added.push(Arc::clone(id)),
        }
        if !settings.is_empty() {
            changes.settings.insert(Arc::clone(id), settings);
        }
        let is_kept = was.get(id).is_some_and(|was| Arc::ptr_eq(was, definition));
        if is_same != Some(true) || was.contains_key(id) && !is_kept {
            changes.compile.push(Arc::clone(definition));
        }
    }
    let is_replaced = |(id, was): &(&Arc<str>, &Arc<Definition>)| {
        let now = is.get(*id);
        now.is_none_or(|now| !Arc::ptr_eq(now, was))
    };
    let replaced = was.iter().filter(is_replaced);
    changes.replaced = replaced.map(|(_, was)| Arc::clone(was)).collect();
    let is_gone = |id: &&Arc<str>| !is.contains_key(*id);
    changes.removed = was.keys().filter(is_gone).cloned().collect();
    let of_definitions = was.values().chain(is.values());
    let of_definitions = of_definitions.filter_map(|definition| definition.code.source());
    let of_definitions: HashSet<&str> = of_definitions.map(|source| &*source.name).collect();
    let is_module = |path: &Arc<str>| !of_definitions.contains(&**path);
    changes.modules = different_files(&sources(before), &sources(now), is_module);
    let was = sources(before);
    let mut compiled: BTreeSet<Arc<str>> = BTreeSet::new();
    for definition in &changes.compile {
        if let Code::Lua(source) | Code::Wasm(source) = &definition.code {
            compiled.insert(Arc::clone(&source.name));
        }
    }
    for (path, source) in &now.fixed().files {
        let is_new = was.get(path).is_none_or(|was| !was.is_that_of(source));
        if is_new && !compiled.contains(path) {
            changes.compile.extend(module(now, source));
        }
    }
    for (path, source) in was {
        let is = now.fixed().files.get(&path);
        if is.is_none_or(|is| !is.is_that_of(&source)) {
            changes.stale.push(source);
        }
    }
    changes
}

/// Returns what happened to the files that are among `those`.
fn different_files(
    was: &HashMap<Arc<str>, Source>,
    is: &HashMap<Arc<str>, Source>,
    those: impl Fn(&Arc<str>) -> bool,
) -> BTreeMap<Arc<str>, FileChange> {
    let paths = was.keys().chain(is.keys()).filter(|path| those(path));
    let changes = paths.filter_map(|path| {
        let change = match (was.get(path), is.get(path)) {
            (Some(was), Some(is)) if was.is_that_of(is) => return None,
            (Some(_), Some(_)) => FileChange::Changed,
            (Some(_), None) => FileChange::Removed,
            (None, _) => FileChange::Added,
        };
        Some((Arc::clone(path), change))
    });
    changes.collect()
}

/// Returns the settings of a definition that differ between two programs, of which these are
/// the plans.
fn different_settings(
    (before, now): (&Plan, &Plan),
    was: &Definition,
    is: &Definition,
) -> Vec<&'static str> {
    let none = Process::default();
    let before = before.processes.get(&is.id).unwrap_or(&none);
    let now = now.processes.get(&is.id).unwrap_or(&none);
    let [modules, imports] = of_its_id(before, now);
    let test = ("test", before.test == now.test);
    let of_entry = different([modules, imports, test]);
    was.settings_that_differ(is).chain(of_entry).collect()
}

/// Returns the settings that belong to an id and that differ, by the id.
fn different_by_id((before, now): (&Plan, &Plan)) -> BTreeMap<Arc<str>, Vec<&'static str>> {
    if std::ptr::eq(before, now) {
        return BTreeMap::new();
    }
    let none = Process::default();
    let ids: BTreeSet<_> = before
        .processes
        .keys()
        .chain(now.processes.keys())
        .collect();
    let settings = ids.into_iter().map(|id| {
        let was = before.processes.get(id).unwrap_or(&none);
        let is = now.processes.get(id).unwrap_or(&none);
        (Arc::clone(id), different(of_its_id(was, is)))
    });
    settings
        .filter(|(_, settings)| !settings.is_empty())
        .collect()
}

/// Returns the settings that belong to an id, and whether they are the same.
fn of_its_id(before: &Process, now: &Process) -> [(&'static str, bool); 2] {
    [
        ("modules", before.modules == now.modules),
        ("imports", before.imports == now.imports),
    ]
}

fn different(settings: impl IntoIterator<Item = (&'static str, bool)>) -> Vec<&'static str> {
    let different = settings.into_iter().filter(|(_, is_same)| !is_same);
    different.map(|(setting, _)| setting).collect()
}

/// Compares a new definition with a file that was only required until now, outside of the
/// files that were read together. Returns `None` if there is no such file.
fn is_that_of_module(later: &[Source], definition: &Definition) -> Option<bool> {
    let (Code::Lua(source) | Code::Wasm(source)) = &definition.code else {
        return None;
    };
    let known = later.iter().find(|known| known.name == source.name)?;
    Some(known.is_that_of(source))
}

/// Returns a definition for a file whose name makes no id, which other definitions may
/// require. A file of an ambiguous id is nobody's.
fn module(library: &Library, source: &Source) -> Option<Arc<Definition>> {
    if id_of_path(library.plan(), &source.name).is_some() {
        return None;
    }
    let code = code_of(source)?;
    Some(Arc::new(library.plan().definition(&source.name, code)))
}

/// Returns all definitions of a library, sorted by id.
fn definitions(library: &Library) -> BTreeMap<Arc<str>, Arc<Definition>> {
    let later = library.later_definitions().into_iter();
    let later = later.map(|definition| (Arc::clone(&definition.id), definition));
    let fixed = library.fixed().definitions.iter();
    let fixed = fixed.map(|(id, definition)| (Arc::clone(id), Arc::clone(definition)));
    later.chain(fixed).collect()
}

/// Returns all files of a library by their paths.
fn sources(library: &Library) -> HashMap<Arc<str>, Source> {
    let later = library.later().into_iter();
    let fixed = library.fixed().files.values().cloned();
    let all = later.chain(fixed);
    all.map(|source| (Arc::clone(&source.name), source))
        .collect()
}
