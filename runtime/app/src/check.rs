//! Checks the names in a manifest against the files and hosts of its program.

use std::collections::{BTreeMap, BTreeSet};
use std::env::VarError;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use toml::Spanned;
use warren_engine::DEFAULT_HOST;
use warren_engine::capability::StoreSettings;
use warren_engine::security::TokenStore;
use warren_kernel::text;

use crate::error::{Access, AppError, GrantError};
use crate::grants::{self, Base};
use crate::host::HostSettings;
use crate::id::Id;
use crate::library::{Library, ResolveError};
use crate::manifest::{
    GrantEntry, ImportsEntry, Manifest, Problem, ProcessEntry, StoreEntry, TokensEntry, Use,
};
use crate::options::EnvGrant;
use crate::place::{self, Language};
use crate::suggest::{MAX_SUGGESTIONS, closest};
use crate::tokens::full_id;
use crate::uses::UseKind;

/// A program whose manifest was checked against its files.
pub(crate) struct Checked {
    pub(crate) library: Library,
    pub(crate) hosts: BTreeMap<Arc<str>, HostSettings>,
    pub(crate) token_stores: Vec<TokenStore>,
    /// The ids of definitions that need no file.
    in_memory: BTreeSet<String>,
    pub(crate) stores: Vec<StoreSettings>,
    problems: Vec<Problem>,
}

impl Checked {
    /// Adds the manifest's settings to a library, except for its services. Definitions that
    /// are given `in_memory` need no file.
    pub(crate) fn new(manifest: &Manifest, library: Library, in_memory: &[String]) -> Checked {
        let mut checked = Checked {
            library,
            hosts: hosts(manifest),
            token_stores: Vec::new(),
            in_memory: in_memory.iter().cloned().collect(),
            stores: Vec::new(),
            problems: Vec::new(),
        };
        for entry in &manifest.tokens {
            checked.add_token_store(entry, manifest);
        }
        for entry in &manifest.stores {
            checked.add_store(entry);
        }
        for process in &manifest.processes {
            checked.add_process(process);
        }
        for entry in &manifest.grants {
            checked.add_grants(entry, manifest);
        }
        for entry in &manifest.imports {
            checked.add_imports(entry);
        }
        if let Some(main) = &manifest.main {
            checked.check_place(main);
        }
        checked
    }

    /// Takes the problems found so far, in the order of the text.
    pub(crate) fn take_problems(&mut self) -> Vec<Problem> {
        let mut problems = std::mem::take(&mut self.problems);
        problems.sort_by_key(|problem| problem.span.start);
        problems
    }

    /// Returns the definition of a given file: the definition that the manifest
    /// assigns to the file, else the definition of the file's place.
    pub(crate) fn main_of_file(
        &mut self,
        path: &Path,
        file: &str,
        name: &str,
        manifest: &Manifest,
    ) -> Result<Id, AppError> {
        let by_place =
            Id::parse(&place::id_text_of_file(name, file)).map_err(|error| AppError::FileName {
                path: path.to_owned(),
                error,
            })?;
        let of_file = |entry: &&ProcessEntry| {
            let source = entry.source.as_ref().map(Spanned::get_ref);
            source.is_some_and(|source| source == file)
        };
        let ids: Vec<&Id> = manifest
            .processes
            .iter()
            .filter(of_file)
            .map(|entry| entry.id.get_ref())
            .collect();
        // If several match, prefers the definition that the directory would
        // start, or the one of the file's place.
        let main = manifest.main.as_ref().map(Spanned::get_ref);
        let preferred = ids
            .iter()
            .find(|id| Some(**id) == main || **id == &by_place);
        if let Some(id) = preferred.or_else(|| ids.first()) {
            return Ok((*id).clone());
        }
        let process = self.library.process_mut(&by_place);
        match &process.source {
            Some(other) => Err(AppError::Shadowed {
                path: path.to_owned(),
                id: by_place.to_string(),
                source_file: other.clone(),
            }),
            None => {
                process.source = Some(file.to_owned());
                Ok(by_place)
            }
        }
    }

    fn add_process(&mut self, entry: &ProcessEntry) {
        let id = entry.id.get_ref();
        let host = entry.host.as_ref().filter(|host| self.check_host(host));
        let host = host.map(|host| host.get_ref().text().clone());
        let source = entry
            .source
            .as_ref()
            .filter(|source| self.check_source(source))
            .map(|source| source.get_ref().clone());
        let process = self.library.process_mut(id);
        process.method = entry.method.clone();
        process.host = host;
        process.source = source;
        process.modules = entry.modules.clone().map(Arc::from);
        process.test = entry.test.clone();
        if entry.source.is_none() {
            self.check_definition(&entry.id);
        }
    }

    pub(crate) fn check_host(&mut self, host: &Spanned<Id>) -> bool {
        let text = host.get_ref().as_str();
        let known = self.hosts.contains_key(text);
        if !known {
            let like = match self.problems.len() {
                0..MAX_SUGGESTIONS => closest(text, self.hosts.keys().map(|id| &**id)),
                _ => None,
            };
            let remedy = match like {
                Some(right) => format!("did you mean `{right}`?"),
                None => format!("add a table [hosts.\"{text}\"], or use `{DEFAULT_HOST}`"),
            };
            self.problem(
                host.span(),
                format!("unknown host `{text}`"),
                "no such host",
                remedy,
            );
        }
        known
    }

    fn check_source(&mut self, source: &Spanned<String>) -> bool {
        let path = source.get_ref();
        let shown = text::quoted(path);
        let (message, label, remedy) = if !place::is_plain(path) {
            (
                format!("`{shown}` is not a path below the program's directory"),
                "expected names joined by `/`",
                "write it as in \"orders/handler.lua\"",
            )
        } else if Language::of(path).is_none() {
            (
                format!("`{shown}` does not tell the language of its code"),
                "expected a name that ends in .lua, .wasm or .wat",
                "rename the file",
            )
        } else {
            match self.library.root().has_file(path) {
                Ok(true) => return true,
                Ok(false) => (
                    format!("there is no file `{shown}`"),
                    "expected a file below the program's directory",
                    "paths are relative to the directory of the manifest",
                ),
                Err(error) => (
                    format!("`{shown}` cannot be read: {error}"),
                    "expected a file below the program's directory",
                    "copy the file into that directory",
                ),
            }
        };
        self.problem(source.span(), message, label, remedy);
        false
    }

    /// Returns whether the definition is given in memory or has a file; records a problem if
    /// neither.
    pub(crate) fn check_definition(&mut self, id: &Spanned<Id>) -> bool {
        self.in_memory.contains(id.get_ref().as_str()) || self.check_place(id)
    }

    /// Returns whether the definition has a file; records a problem if not.
    fn check_place(&mut self, id: &Spanned<Id>) -> bool {
        let Err(error) = self.library.resolve(id.get_ref()) else {
            return true;
        };
        let id_text = id.get_ref().as_str();
        let (message, remedy) = match error {
            ResolveError::OtherApp => (
                format!("the definition `{id_text}` has no source"),
                "give [processes] an entry with its `source`, or write the app's name first"
                    .to_owned(),
            ),
            ResolveError::Missing { tried } => (
                format!("there is no definition `{id_text}`"),
                format!("expected one of {}", tried.join(", ")),
            ),
            ResolveError::Ambiguous { files } => (
                format!("`{id_text}` is ambiguous: found {}", files.join(", ")),
                "remove all but one, or name one as `source` in [processes]".to_owned(),
            ),
            ResolveError::Refused { path, error } => (
                format!("`{path}` cannot be read: {error}"),
                "copy the file into the program's directory".to_owned(),
            ),
            // Never while a program is opened: its files are read together later.
            ResolveError::AwaitsReload { path } => (
                format!("`{path}` was added after the program's files were read"),
                "start the program again".to_owned(),
            ),
        };
        self.problem(id.span(), message, "no such definition", remedy);
        false
    }

    fn add_grants(&mut self, entry: &GrantEntry, manifest: &Manifest) {
        let id = entry.id.get_ref();
        self.check_place(&entry.id);
        let mut grants = (**self.library.grants()).clone();
        let root = self.library.root().path().to_owned();
        let reads = entry.read.iter().map(|path| (path, Access::Read));
        let writes = entry.write.iter().map(|path| (path, Access::Write));
        for (path, access) in reads.chain(writes) {
            let write = access == Access::Write;
            let added = grants::resolve(path.get_ref(), Base::Root(&root), write)
                .and_then(|grant| grants::add_path(&mut grants, grant));
            if let Err(error) = added {
                self.refused_grant(path, access, &error);
            }
        }
        for name in entry.env.iter().chain(&entry.env_write) {
            let variable = EnvGrant {
                name: name.get_ref().clone(),
                value: None,
            };
            // Variables granted at the start of the program take precedence.
            if grants.env.iter().any(|(had, _)| *had == variable.name) {
                continue;
            }
            if let Err(error) = grants::add_env(&mut grants, &variable) {
                self.refused_grant(name, Access::Env, &error);
            }
        }
        let writes = entry.env_write.iter().map(|name| name.get_ref().clone());
        grants.env_write.extend(writes);
        let stores = entry.tokens.iter().filter(|id| self.check_token_store(id));
        grants.tokens = stores.map(|id| full_id(id.get_ref())).collect();
        for Use { kind, thing, right } in &entry.uses {
            if !kind.has_entries() {
                kind.grant(&mut grants.uses, thing.get_ref(), right);
            } else if self.check_entry(manifest, kind, thing) && self.check_kept(kind, thing) {
                kind.grant(&mut grants.uses, &full_id(thing.get_ref()), right);
            }
        }
        self.library.process_mut(id).grants = Some(Arc::new(grants));
    }

    fn add_imports(&mut self, entry: &ImportsEntry) {
        self.check_definition(&entry.id);
        for (name, target) in &entry.imports {
            if !self.check_definition(target) {
                continue;
            }
            let is_in_memory = self.in_memory.contains(target.get_ref().as_str());
            let file = self.library.resolve(target.get_ref());
            if !is_in_memory && file.is_ok_and(|file| Language::of(&file) != Some(Language::Lua)) {
                self.problem(
                    target.span(),
                    format!("`{}` is not in Lua", target.get_ref()),
                    "only Lua can be required",
                    "name a definition whose file ends in .lua",
                );
                continue;
            }
            let process = self.library.process_mut(entry.id.get_ref());
            process
                .imports
                .insert(name.clone(), target.get_ref().clone());
        }
    }

    fn add_token_store(&mut self, entry: &TokensEntry, manifest: &Manifest) {
        let key = entry.key.as_ref();
        let key = key.and_then(|name| match self.secret(name.get_ref()) {
            Ok(key) => Some(key),
            Err(message) => {
                self.problem(
                    name.span(),
                    message,
                    "expected the name of an environment variable that holds the key",
                    "set the variable for the command, or leave `key` out for tokens that are not signed",
                );
                None
            }
        });
        let store = entry.store.as_ref().and_then(|id| {
            let ids = manifest.stores.iter().map(|store| &*store.settings.id);
            let problem = unknown_entry(id, ids, ("store", "stores"));
            let is_known = problem.is_none();
            self.problems.extend(problem);
            is_known.then(|| full_id(id.get_ref()).into())
        });
        self.token_stores.push(TokenStore {
            id: entry.id.get_ref().text().clone(),
            token_length: entry.token_length,
            expiration: entry.expiration,
            key,
            store,
        });
    }

    fn add_store(&mut self, entry: &StoreEntry) {
        let url = entry.url.as_ref();
        let url = url.and_then(|name| self.nats_url(name, "store"));
        self.stores.push(StoreSettings {
            url,
            ..entry.settings.clone()
        });
    }

    /// Returns the value of a variable: that of the start of the program, else that of the
    /// runtime's environment.
    pub(crate) fn secret(&self, name: &str) -> Result<Arc<[u8]>, String> {
        let shown = text::quoted(name);
        if name.is_empty() || name.contains(['=', '\0']) {
            return Err(format!("`{shown}` is not a valid variable name"));
        }
        let refused = |why: &str| Err(format!("the variable `{shown}` {why}"));
        let granted = &self.library.grants().env;
        let value = match granted.iter().find(|(granted, _)| granted == name) {
            Some((_, value)) => value.clone(),
            None => match std::env::var(name) {
                Ok(value) => value,
                Err(VarError::NotPresent) => return refused("is not set"),
                Err(VarError::NotUnicode(_)) => return refused("is not UTF-8"),
            },
        };
        match value.as_bytes() {
            [] => refused("is empty"),
            key => Ok(key.into()),
        }
    }

    /// Returns true if there is a store of tokens of this id; records a problem if not.
    fn check_token_store(&mut self, id: &Spanned<String>) -> bool {
        let ids = self.token_stores.iter().map(|store| &*store.id);
        let problem = unknown_entry(id, ids, ("token store", "tokens"));
        let is_known = problem.is_none();
        self.problems.extend(problem);
        is_known
    }

    /// Returns true if the manifest has the entry that a grant names; records a problem if
    /// not.
    fn check_entry(&mut self, manifest: &Manifest, kind: &UseKind, id: &Spanned<String>) -> bool {
        let problem = unknown_entry(id, manifest.entries(kind), (kind.what, kind.table));
        let is_known = problem.is_none();
        self.problems.extend(problem);
        is_known
    }

    /// Returns true unless a grant is of a store that keeps tokens; records a problem if so.
    fn check_kept(&mut self, kind: &UseKind, id: &Spanned<String>) -> bool {
        let full = full_id(id.get_ref());
        let mut keeping = self.token_stores.iter();
        let keeping = keeping.find(|tokens| tokens.store.as_deref() == Some(&*full));
        let Some(tokens) = keeping.filter(|_| kind.table == "stores") else {
            return true;
        };
        let label = format!("keeps the tokens of {}", tokens.id);
        let message = format!("cannot grant store `{}`", text::quoted(id.get_ref()));
        let remedy = "grant another store: a process that writes there could make tokens";
        self.problem(id.span(), message, &label, remedy);
        false
    }

    pub(crate) fn refused_grant(
        &mut self,
        what: &Spanned<String>,
        access: Access,
        error: &GrantError,
    ) {
        self.problems.push(Problem {
            span: what.span(),
            message: format!("cannot grant {access} `{}`", text::quoted(what.get_ref())),
            label: error.to_string(),
            remedy: remedy_in_manifest(access, error),
        });
    }

    pub(crate) fn record(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    pub(crate) fn problems_found(&self) -> usize {
        self.problems.len()
    }

    pub(crate) fn problem(
        &mut self,
        span: Range<usize>,
        message: String,
        label: &str,
        remedy: impl Into<String>,
    ) {
        self.problems.push(Problem {
            span,
            message,
            label: label.to_owned(),
            remedy: Some(remedy.into()),
        });
    }
}

/// Returns the problem of an entry that a grant names, if the manifest has no such entry
/// among `ids`.
pub(crate) fn unknown_entry<'a>(
    id: &Spanned<String>,
    ids: impl Iterator<Item = &'a str> + Clone,
    (what, table): (&str, &str),
) -> Option<Problem> {
    let full = full_id(id.get_ref());
    if ids.clone().any(|known| known == full) {
        return None;
    }
    let shown = text::quoted(&full);
    let remedy = match closest(&full, ids) {
        Some(right) => format!("did you mean `{right}`?"),
        None => format!("add a table [{table}.\"{shown}\"]"),
    };
    let word = what.rsplit(' ').next().unwrap_or(what);
    Some(Problem {
        span: id.span(),
        message: format!("unknown {what} `{shown}`"),
        label: format!("no such {word}"),
        remedy: Some(remedy),
    })
}

/// Returns what to do about a grant of the manifest, if there is advice.
fn remedy_in_manifest(access: Access, error: &GrantError) -> Option<String> {
    match error {
        GrantError::VariableName => {
            Some("write the variable's name alone; `--env NAME=VALUE` gives a value".to_owned())
        }
        _ => error.remedy(access),
    }
}

fn hosts(manifest: &Manifest) -> BTreeMap<Arc<str>, HostSettings> {
    let named = manifest
        .hosts
        .iter()
        .map(|(id, config)| (id.text().clone(), config.clone()));
    let mut hosts: BTreeMap<_, _> = named.collect();
    hosts.entry(DEFAULT_HOST.into()).or_default();
    hosts
}
