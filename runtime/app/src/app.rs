//! An opened program.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use warren_engine::{Definition, Definitions, Source};
use warren_kernel::Error;

use crate::error::AppError;
use crate::host::HostConfig;
use crate::library::Library;
use crate::open;
use crate::options::AppOptions;
use crate::policy::Policies;
use crate::service::Service;

/// The host that every program has.
pub const DEFAULT_HOST: &str = "app:processes";

/// The file name of the manifest.
pub const MANIFEST: &str = "warren.toml";

/// A program that was found, whose manifest holds and whose start exists.
///
/// Its definitions are found when they are asked for, and then kept: the
/// program does not change while it runs.
#[derive(Debug)]
pub struct App {
    pub(crate) name: Arc<str>,
    pub(crate) main: Arc<Definition>,
    pub(crate) main_host: Arc<str>,
    pub(crate) max_memory_total: Option<u64>,
    pub(crate) hosts: BTreeMap<Arc<str>, HostConfig>,
    pub(crate) services: Vec<Service>,
    pub(crate) library: Library,
    pub(crate) policies: Option<Arc<Policies>>,
}

impl App {
    /// Opens a program: a directory, or a `.lua`, `.wasm` or `.wat` file, whose
    /// root is then its own directory.
    ///
    /// # Errors
    ///
    /// What is wrong with path, manifest, grants or the definition to start.
    /// Errors in code, and in definitions that the manifest does not mention,
    /// show when they are spawned.
    pub fn open(path: impl AsRef<Path>, options: AppOptions) -> Result<App, AppError> {
        open::open(path.as_ref(), &options)
    }

    /// The first part of the namespaces of its definitions.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The id of the definition to start.
    pub fn main(&self) -> &Arc<str> {
        &self.main.id
    }

    /// The definition to start.
    pub fn main_definition(&self) -> &Arc<Definition> {
        &self.main
    }

    /// The host to start it in: the only one that may run it, else
    /// [`DEFAULT_HOST`].
    pub fn main_host(&self) -> &Arc<str> {
        &self.main_host
    }

    /// Its hosts by id, [`DEFAULT_HOST`] always among them.
    pub fn hosts(&self) -> &BTreeMap<Arc<str>, HostConfig> {
        &self.hosts
    }

    /// Bytes of memory that all of its processes may hold together, where the
    /// manifest or whoever started it says.
    pub fn max_memory_total(&self) -> Option<u64> {
        self.max_memory_total
    }

    /// Its services, each after those it depends on.
    pub fn services(&self) -> &[Service] {
        &self.services
    }

    /// Its policies; none where it says nothing of permissions.
    pub fn policies(&self) -> Option<&Arc<Policies>> {
        self.policies.as_ref()
    }

    /// Its directory, absolute and without symbolic links.
    pub fn root(&self) -> &Path {
        self.library.root().path()
    }
}

impl Definitions for App {
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error> {
        self.library.definition(id)
    }

    fn module(&self, name: &str) -> Result<Option<Source>, Error> {
        self.library.module(name)
    }

    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        self.hint(definition, path, write)
    }
}
