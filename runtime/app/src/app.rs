//! An opened program.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use warren_engine::capability::web::WebSettings;
use warren_engine::capability::{DatabaseSettings, QueueSettings, StoreSettings, VolumeSettings};
use warren_engine::security::TokenStore;
use warren_engine::{Definition, Definitions, Files, Grants, Source};
use warren_kernel::Error;

use crate::consumer::Consumer;
use crate::fixed;
use crate::host::HostSettings;
use crate::id::Id;
use crate::library::Library;
use crate::lines::Lines;
use crate::manifest::ClusterEntry;
use crate::options::AppOptions;
use crate::policy::Policies;
use crate::self_write::SelfWrite;
use crate::service::Service;
use crate::too_much::TooMuch;

/// The file name of the manifest.
pub const MANIFEST: &str = "warren.toml";

/// An opened program: its manifest is valid and its first definition exists.
///
/// Other definitions are found when they are asked for, and then kept. In a program that
/// was opened as [reloadable](crate::AppOptions), all files of code are read at once and
/// belong together; [`App::reread`] reads them again.
///
/// ```no_run
/// use warren_app::{App, AppOptions};
///
/// let app = App::open("shop", AppOptions::default())?;
/// println!("{} starts {}", app.name(), app.main());
/// # Ok::<_, warren_app::AppError>(())
/// ```
#[derive(Debug)]
pub struct App {
    pub(crate) name: Arc<str>,
    pub(crate) main: Arc<Definition>,
    pub(crate) main_host: Arc<str>,
    pub(crate) max_memory_total: Option<u64>,
    pub(crate) park_after: Option<Option<Duration>>,
    pub(crate) payload_objects: bool,
    pub(crate) cluster: Option<ClusterEntry>,
    pub(crate) hosts: BTreeMap<Arc<str>, HostSettings>,
    pub(crate) services: Vec<Service>,
    pub(crate) token_stores: Vec<TokenStore>,
    pub(crate) stores: Vec<StoreSettings>,
    pub(crate) databases: Vec<DatabaseSettings>,
    pub(crate) queues: Vec<QueueSettings>,
    pub(crate) consumers: Vec<Consumer>,
    pub(crate) volumes: Vec<VolumeSettings>,
    pub(crate) web: Arc<WebSettings>,
    /// False for a program that only serves: nothing is started.
    pub(crate) has_main: bool,
    pub(crate) library: Library,
    pub(crate) policies: Option<Arc<Policies>>,
    /// The text of the manifest; empty without one.
    pub(crate) manifest: Arc<str>,
    /// The text that was taken last: that of the manifest, or a later one that says the same.
    pub(crate) taken_manifest: RwLock<Arc<str>>,
    /// The manifest's file, as messages name it.
    pub(crate) manifest_path: PathBuf,
    /// The options that the program was opened with.
    pub(crate) options: Arc<AppOptions>,
    /// The reading of all files at once; absent in a program that is not reloadable.
    pub(crate) fixed: Option<Result<(), TooMuch>>,
    /// The grants of the program's own files that are logged once the program is in place.
    pub(crate) untold: Vec<SelfWrite>,
}

impl App {
    /// Returns the first part of the namespaces of the program's definitions.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns false for a program without a definition to start, which serves HTTP all the
    /// same.
    pub fn has_main(&self) -> bool {
        self.has_main
    }

    /// Returns the id of the definition to start; of one that answers requests, if there is
    /// none to start.
    pub fn main(&self) -> &Arc<str> {
        &self.main.id
    }

    /// Returns the definition to start.
    pub fn main_definition(&self) -> &Arc<Definition> {
        &self.main
    }

    /// Returns the grants of the options, which every definition has.
    pub fn grants(&self) -> &Arc<Grants> {
        self.library.grants()
    }

    /// Returns the host to start the main definition in: the only one that may
    /// run it, else [`DEFAULT_HOST`](crate::DEFAULT_HOST).
    pub fn main_host(&self) -> &Arc<str> {
        &self.main_host
    }

    /// Returns the hosts by id, [`DEFAULT_HOST`](crate::DEFAULT_HOST) always among them.
    pub fn hosts(&self) -> &BTreeMap<Arc<str>, HostSettings> {
        &self.hosts
    }

    /// Returns the settings of the program as a node of a cluster, if the manifest has any.
    pub fn cluster(&self) -> Option<&ClusterEntry> {
        self.cluster.as_ref()
    }

    /// Returns the bytes of memory that all processes may hold together, if the
    /// manifest or the caller sets a limit.
    pub fn max_memory_total(&self) -> Option<u64> {
        self.max_memory_total
    }

    /// Returns the time for which a process waits before it is parked, if the manifest sets
    /// one; the inner `None` parks nobody.
    pub fn park_after(&self) -> Option<Option<Duration>> {
        self.park_after
    }

    /// Returns whether `message:payload()` of Lua gives Payload objects in place of the
    /// values: `payloads = "object"` in the manifest.
    pub fn payload_objects(&self) -> bool {
        self.payload_objects
    }

    /// Returns the services, each after its dependencies.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Returns the stores of tokens.
    pub fn token_stores(&self) -> &[TokenStore] {
        &self.token_stores
    }

    /// Returns the stores of values.
    pub fn stores(&self) -> &[StoreSettings] {
        &self.stores
    }

    /// Returns the databases of SQL.
    pub fn databases(&self) -> &[DatabaseSettings] {
        &self.databases
    }

    /// Returns the queues.
    pub fn queues(&self) -> &[QueueSettings] {
        &self.queues
    }

    /// Returns the consumers of the queues.
    pub fn consumers(&self) -> &[Consumer] {
        &self.consumers
    }

    /// Returns the volumes of files.
    pub fn volumes(&self) -> &[VolumeSettings] {
        &self.volumes
    }

    /// Returns the listeners, with what they serve.
    pub fn web(&self) -> &Arc<WebSettings> {
        &self.web
    }

    /// Returns the policies; `None` if the program says nothing of permissions.
    pub fn policies(&self) -> Option<&Arc<Policies>> {
        self.policies.as_ref()
    }

    /// Returns the content of a file below the program's directory, as it is now, by its
    /// path with `/`; `None` if it cannot be read.
    pub fn file(&self, path: &str) -> Option<Vec<u8>> {
        self.library.root().read(path).ok()
    }

    /// Returns the manifest's file, as messages name it. It may not exist.
    pub fn manifest_path(&self) -> &Path {
        &self.manifest_path
    }

    /// Returns the lines of the manifest's tables.
    pub fn manifest_lines(&self) -> Lines {
        Lines::of(&self.manifest)
    }

    /// Returns the file of a definition, as a path below the root with `/`, if the program
    /// has one for it.
    pub fn file_of(&self, id: &str) -> Option<Arc<str>> {
        let definition = self.library.definition(id).ok()?;
        definition
            .code
            .source()
            .map(|source| Arc::clone(&source.name))
    }

    /// Returns the id of the definition that a definition imports under a name.
    pub fn import_target(&self, definition: &str, name: &str) -> Option<&Arc<str>> {
        let target = self.library.import_target(definition, name)?;
        Some(target.text())
    }

    /// Returns the ids of all definitions that definitions import.
    pub fn imported(&self) -> BTreeSet<&Arc<str>> {
        let named = self.library.named();
        let imports = named.flat_map(|(_, process)| process.imports.values());
        imports.map(Id::text).collect()
    }

    /// Returns the program's directory, absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        self.library.root().path()
    }

    /// Returns true if the program's directory is that of another program: under the same
    /// path, and no other directory was put in its place.
    pub fn has_root_of(&self, other: &App) -> bool {
        self.library.root().is(other.library.root())
    }
}

impl Definitions for App {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        self.library.definition(id)
    }
}

impl Files for App {
    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        self.library.module(name)
    }

    fn import(&self, definition: &str, name: &str) -> Result<Option<Source>, Error> {
        self.library.import(definition, name)
    }

    fn modules(&self, definition: &str) -> Option<Arc<[String]>> {
        self.library.modules_of(definition)
    }

    fn source(&self, name: &str) -> Option<Source> {
        self.library.source(name)
    }

    fn id_of(&self, name: &str) -> Option<Arc<str>> {
        fixed::id_of_path(self.library.plan(), name)
    }

    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        self.hint(definition, path, write)
    }
}
