//! Opening a program: from a path to an [`App`] in which everything named
//! exists.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::app::{App, MANIFEST};
use crate::check::Checked;
use crate::error::AppError;
use crate::grants;
use crate::id::Id;
use crate::library::{Library, ResolveError};
use crate::listen::{Listen, listen};
use crate::location::Location;
use crate::manifest::{Manifest, ManifestError, Problem};
use crate::options::{AppOptions, UseGrant};
use crate::place::Language;
use crate::plan::DEFAULT_METHOD;
use crate::policy::{Directory, Policies, Settings, policy_path};
use crate::root::{SourceError, SourceRoot};
use crate::self_write::SelfWrite;
use crate::service_check::identify;
use crate::suggest::closest;
use crate::test::tests_of;
use crate::tokens::full_id;
use crate::uses::UseKind;
use crate::volumes;
use parking_lot::RwLock;
use warren_engine::{Code, DEFAULT_HOST, Definition, Source};
use warren_kernel::text;

/// The default name of an app.
const DEFAULT_NAME: &str = "app";

impl App {
    /// Opens a program: a directory, or a `.lua`, `.wasm` or `.wat` file, whose
    /// root is then its own directory.
    ///
    /// # Errors
    ///
    /// Any fault of the path, the manifest, the grants or the definition to
    /// start. Errors in code, and in definitions that the manifest does not
    /// mention, show when they are spawned.
    pub fn open(path: impl AsRef<Path>, options: AppOptions) -> Result<App, AppError> {
        let app = open(path.as_ref(), &options)?;
        warn_of(&app.self_writes());
        Ok(app)
    }

    /// Opens a program with the options of this one: to take its place, the same program as
    /// it is now or another one. Logs nothing of its grants, which nobody has yet; see
    /// [`App::warn_of_self_writes`].
    ///
    /// # Errors
    ///
    /// As for [`App::open`].
    pub fn reopen(&self, path: impl AsRef<Path>) -> Result<App, AppError> {
        let app = open(path.as_ref(), &self.options)?;
        Ok(App {
            untold: app.self_writes(),
            ..app
        })
    }

    /// Warns of the grants that let a program of [`App::reopen`] change its own files, once
    /// it is in place. [`App::open`] has warned already.
    pub fn warn_of_self_writes(&self) {
        warn_of(&self.untold);
    }
}

fn warn_of(writes: &[SelfWrite]) {
    for write in writes {
        tracing::warn!(target: "warren::grants", "{write}");
    }
}

fn open(path: &Path, options: &AppOptions) -> Result<App, AppError> {
    let location = Location::of(path)?;
    let root = SourceRoot::open(&location.directory).map_err(|error| AppError::Unreadable {
        path: location.directory.clone(),
        error,
    })?;
    let given = volumes::of_options(options)?;
    let grants = Arc::new(grants::of_options(options, &given)?);
    let manifest = FoundManifest::read(&location, &root)?;
    let name: Arc<str> = manifest.name().into();
    let library = Library::new(name.clone(), root, grants);

    check_uses(&options.uses, &manifest.parsed)?;
    let mut checked = Checked::new(&manifest.parsed, library, &options.in_memory);
    let mut services = checked.services_of(&manifest.parsed.services);
    let databases = checked.databases_of(&manifest.parsed);
    let queues = checked.queues_of(&manifest.parsed);
    let consumers = checked.consumers_of(&manifest.parsed);
    let volumes = checked.volumes_of(&manifest.parsed, given);
    let mut web = checked.web_of(&manifest.parsed, &volumes);
    let problems = checked.take_problems();
    if !problems.is_empty() {
        return Err(manifest.refused(problems));
    }
    let (settings, problems) = settings_of(&manifest, &checked, options.strict);
    if !problems.is_empty() {
        return Err(manifest.refused(problems));
    }
    let identities = settings.services.clone();
    let asked_for = manifest.parsed.security.stated || options.strict;
    let policies = open_policies(&location, settings, asked_for)?;
    let main = match &options.main_in_memory {
        Some(id) => Id::parse(id).map_err(|error| AppError::FileName {
            path: path.to_owned(),
            error,
        })?,
        None => main_of(path, &location, &manifest, &mut checked, &name)?,
    };
    // Reads the code of the first definition, so that an opened program can
    // start.
    let Checked {
        mut library,
        hosts,
        token_stores,
        stores,
        ..
    } = checked;
    let serves_file = options.serves && location.file.is_some();
    let handler = match serves_file {
        true => main.clone(),
        false => id_of(path, &name, HANDLER)?,
    };
    let says_nothing = options.listen.is_empty() && web.listeners.is_empty();
    let local = [Listen::LOCAL];
    let given = match options.serves && says_nothing {
        true => &local[..],
        false => &options.listen[..],
    };
    let answers_all = listen(&mut web, given, &name, handler.text());
    let answers_all = answers_all.map_err(AppError::Listen)?;
    let fixed = options.reloadable.then(|| {
        let of_services = services.iter().map(|service| &*service.definition);
        let of_consumers = consumers.iter().map(|consumer| &*consumer.definition);
        let of_routes = web.routes.iter().map(|route| &*route.definition);
        library.note_named(of_services.chain(of_consumers).chain(of_routes));
        library.fix()
    });
    identify(&mut services, &identities);
    if answers_all {
        let found = library.first(&handler);
        found.map_err(|error| no_handler(&location.directory, &handler, error, &library))?;
    }
    let only_serves = !web.is_empty() && manifest.parsed.main.is_none();
    let first = match options.main_in_memory {
        Some(_) => Ok(Arc::new(library.plan().definition(main.text(), no_code()))),
        None => library.first(&main),
    };
    let found = match first {
        Err(ResolveError::Missing { tried }) if options.tests => first_test(&library, &name)
            .ok_or(ResolveError::Missing { tried })
            .map(|definition| (definition, true)),
        Err(ResolveError::Missing { .. }) if only_serves => Ok((nothing(&main), false)),
        other => other.map(|definition| (definition, !serves_file)),
    };
    let (definition, has_main) =
        found.map_err(|error| no_start(&location.directory, &main, error, &library))?;
    let text: Arc<str> = manifest.text.into();
    Ok(App {
        name,
        main_host: match &definition.host {
            Some(host) => host.clone(),
            None => DEFAULT_HOST.into(),
        },
        main: definition,
        max_memory_total: options
            .max_memory_total
            .or(manifest.parsed.max_memory_total),
        park_after: manifest.parsed.park_after,
        payload_objects: manifest.parsed.payload_objects,
        cluster: manifest.parsed.cluster,
        hosts,
        services,
        token_stores,
        stores,
        databases,
        queues,
        consumers,
        volumes,
        web: Arc::new(web),
        has_main,
        library,
        policies: policies.map(Arc::new),
        taken_manifest: RwLock::new(Arc::clone(&text)),
        manifest: text,
        manifest_path: manifest.path,
        options: Arc::new(options.clone()),
        fixed,
        untold: Vec::new(),
    })
}

/// Checks that the entries that are granted at the start are there.
fn check_uses(uses: &[UseGrant], manifest: &Manifest) -> Result<(), AppError> {
    for UseGrant {
        capability,
        thing,
        right,
    } in uses
    {
        let Some(kind) = UseKind::of(capability) else {
            let known: Vec<_> = UseKind::ALL.iter().map(|kind| kind.key).collect();
            return Err(AppError::UnknownUse {
                what: capability.clone(),
                thing: thing.clone(),
                remedy: format!("grant one of {}", known.join(", ")),
            });
        };
        if !right.is_empty() && !kind.rights.contains(&right.as_str()) {
            return Err(AppError::UnknownRight {
                what: kind.what.to_owned(),
                thing: full_id(thing),
                right: right.clone(),
                remedy: match kind.rights {
                    [] => format!("grant the {} without a right", kind.what),
                    rights => format!("grant {}, or leave the right out", rights.join(" or ")),
                },
            });
        }
        if !kind.has_entries() {
            continue;
        }
        let id = full_id(thing);
        let entries = || manifest.entries(kind);
        if entries().any(|entry| entry == id) {
            continue;
        }
        let remedy = match closest(&id, entries()) {
            Some(right) => format!("did you mean `{right}`?"),
            None => format!("add a table [{}.\"{}\"]", kind.table, text::quoted(&id)),
        };
        return Err(AppError::UnknownUse {
            what: kind.what.to_owned(),
            thing: id,
            remedy,
        });
    }
    Ok(())
}

/// Reads the manifest's settings of policies. Returns their problems, too.
fn settings_of(
    manifest: &FoundManifest,
    checked: &Checked,
    strict: bool,
) -> (Settings, Vec<Problem>) {
    let root = checked.library.root();
    Settings::new(&manifest.parsed.security, strict, |id| {
        !id.contains('/') && root.has_file(&policy_path(id)).unwrap_or(false)
    })
}

/// Opens the policies by a directory handle of their own: policies are read
/// again while the program runs.
fn open_policies(
    location: &Location,
    settings: Settings,
    asked_for: bool,
) -> Result<Option<Policies>, AppError> {
    let root = SourceRoot::open(&location.directory).map_err(|error| AppError::Unreadable {
        path: location.directory.clone(),
        error,
    })?;
    let directory = Directory::below(root, &location.directory);
    Policies::open(directory, settings, asked_for)
        .map_err(|error| AppError::Policies(Box::new(error)))
}

/// Returns the id of the definition to start.
fn main_of(
    path: &Path,
    location: &Location,
    manifest: &FoundManifest,
    checked: &mut Checked,
    name: &Arc<str>,
) -> Result<Id, AppError> {
    match (&location.file, &manifest.parsed.main) {
        (Some(file), _) => checked.main_of_file(path, file, name, &manifest.parsed),
        (None, Some(main)) => Ok(main.get_ref().clone()),
        (None, None) => id_of(path, name, DEFAULT_METHOD),
    }
}

/// The name of the definition that answers the requests of a listener without routes.
const HANDLER: &str = "web";

/// Returns the id of a definition of the program.
fn id_of(path: &Path, name: &str, definition: &str) -> Result<Id, AppError> {
    Id::parse(&format!("{name}:{definition}")).map_err(|error| AppError::FileName {
        path: path.to_owned(),
        error,
    })
}

/// Returns a definition of no code, for a program that starts nothing.
fn nothing(id: &Id) -> Arc<Definition> {
    Arc::new(Definition {
        id: id.text().clone(),
        code: no_code(),
        method: DEFAULT_METHOD.into(),
        host: None,
        grants: Arc::default(),
    })
}

/// Returns the code of a definition that has none in a file.
fn no_code() -> Code {
    Code::Lua(Source {
        name: "main.lua".into(),
        bytes: Arc::default(),
    })
}

/// Returns the error for a definition that is to answer requests and cannot be read.
fn no_handler(directory: &Path, id: &Id, error: ResolveError, library: &Library) -> AppError {
    match error {
        ResolveError::Missing { tried } => AppError::NoHandler {
            root: directory.to_owned(),
            tried,
        },
        other => no_start(directory, id, other, library),
    }
}

/// Returns the definition of the first test that can be read.
fn first_test(library: &Library, name: &str) -> Option<Arc<Definition>> {
    let tests = tests_of(library, name).into_iter();
    let mut ids = tests.filter_map(|test| Id::parse(&test.id).ok());
    ids.find_map(|id| library.first(&id).ok())
}

/// Returns the error for a definition to start that cannot be read.
fn no_start(directory: &Path, id: &Id, error: ResolveError, library: &Library) -> AppError {
    let root = directory.to_owned();
    let id = id.to_string();
    match error {
        ResolveError::Ambiguous { files } => AppError::Ambiguous { root, id, files },
        ResolveError::Refused { path, error } => AppError::Source {
            path: root.join(path),
            reason: error.to_string(),
        },
        ResolveError::Missing { tried } => {
            let files = library.root().some_file_names(".").into_iter();
            AppError::NoMain {
                root,
                id,
                tried,
                candidates: files.filter(|name| Language::of(name).is_some()).collect(),
            }
        }
        // A start that the manifest names was checked before; all others are in
        // the app. A file that came a moment ago is there at the next try.
        ResolveError::OtherApp | ResolveError::AwaitsReload { .. } => AppError::NoMain {
            root,
            id,
            tried: Vec::new(),
            candidates: Vec::new(),
        },
    }
}

/// A manifest and its file; empty if the program has none.
struct FoundManifest {
    path: PathBuf,
    text: String,
    parsed: Manifest,
}

impl FoundManifest {
    /// Reads the manifest and runs the checks that need only its text.
    fn read(location: &Location, root: &SourceRoot) -> Result<FoundManifest, AppError> {
        let path = if location.directory == Path::new(".") {
            PathBuf::from(MANIFEST)
        } else {
            location.directory.join(MANIFEST)
        };
        let bytes = match root.read_text(MANIFEST) {
            Ok(bytes) => bytes,
            // Without it the program would run without what its operator wrote there.
            Err(SourceError::Missing) if !root.has_entry(MANIFEST) => Vec::new(),
            Err(error) => {
                let reason = error.to_string();
                return Err(AppError::Source { path, reason });
            }
        };
        let (text, parsed, problems) = match String::from_utf8(bytes) {
            Ok(text) => {
                let (parsed, problems) = Manifest::parse(&text);
                (text, parsed, problems)
            }
            Err(error) => {
                let start = error.utf8_error().valid_up_to();
                let problem = Problem {
                    span: start..start + char::REPLACEMENT_CHARACTER.len_utf8(),
                    message: "the manifest is not UTF-8".to_owned(),
                    label: "this byte is not UTF-8".to_owned(),
                    remedy: Some("save the file as UTF-8".to_owned()),
                };
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                (text, Manifest::default(), vec![problem])
            }
        };
        let manifest = FoundManifest { path, text, parsed };
        if problems.is_empty() {
            Ok(manifest)
        } else {
            Err(manifest.refused(problems))
        }
    }

    fn name(&self) -> &str {
        self.parsed.name.as_deref().unwrap_or(DEFAULT_NAME)
    }

    fn refused(self, problems: Vec<Problem>) -> AppError {
        AppError::Manifest(Box::new(ManifestError {
            path: self.path,
            text: self.text.into(),
            problems,
        }))
    }
}
