//! The options of opening a program.

use std::path::PathBuf;

use crate::listen::Listen;

/// Grants given at the start of a program. They hold for all of its
/// definitions, beside the manifest's grants to single definitions.
///
/// ```
/// use warren_app::{AppOptions, EnvGrant};
///
/// let options = AppOptions {
///     read: vec!["data".into()],
///     env: vec![EnvGrant { name: "LANG".into(), value: None }],
///     ..AppOptions::default()
/// };
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppOptions {
    /// Files and directories that may be read. Relative paths are below the
    /// current directory.
    pub read: Vec<PathBuf>,
    /// Files and directories that may be read and changed. A missing path may
    /// be created as a file.
    pub write: Vec<PathBuf>,
    /// Environment variables.
    pub env: Vec<EnvGrant>,
    /// Entries of the manifest that capabilities give, such as stores.
    pub uses: Vec<UseGrant>,
    /// Directories that are volumes, in place of those of the manifest or beside them.
    pub volumes: Vec<VolumeGrant>,
    /// Addresses at which the program serves HTTP.
    pub listen: Vec<Listen>,
    /// True for a program that is to serve HTTP. A file that is opened answers its requests,
    /// and is not started; without any address, [`Listen::LOCAL`] is served.
    pub serves: bool,
    /// True if requests that no policy allows are denied, to every process.
    pub strict: bool,
    /// True if the program can be reloaded while it runs. All its files of code are read
    /// when it is opened, so that they belong together.
    pub reloadable: bool,
    /// True if the program is opened for its [tests](crate::App::tests): if there is no
    /// definition to start, the first test takes its place.
    pub tests: bool,
    /// Ids of definitions that the embedder gives in memory. The manifest may import them,
    /// run them as services, and state their `modules` and imports, although they have no
    /// file. Their method, host and grants are those given with them.
    pub in_memory: Vec<String>,
    /// The id of a definition that the embedder gives in memory and that is started in place
    /// of the program's own: the program needs no file to start. It has the grants of all
    /// definitions.
    pub main_in_memory: Option<String>,
    /// Bytes of memory that all processes may hold together. Overrides the
    /// manifest.
    pub max_memory_total: Option<u64>,
}

/// An entry of the manifest that a program may use by a capability.
///
/// ```
/// use warren_app::UseGrant;
///
/// let cache = UseGrant::all("store", "app:cache");
/// let tasks = UseGrant { right: "publish".into(), ..UseGrant::all("queue", "tasks") };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UseGrant {
    /// The capability, such as `store`.
    pub capability: String,
    /// The id of the entry; a name without `:` is one of `app`.
    pub thing: String,
    /// A word for a part of what there is to do; empty for all.
    pub right: String,
}

impl UseGrant {
    /// Returns the grant of all that there is to do with an entry.
    pub fn all(capability: impl Into<String>, thing: impl Into<String>) -> UseGrant {
        UseGrant {
            capability: capability.into(),
            thing: thing.into(),
            right: String::new(),
        }
    }
}

/// A directory that a program uses as a volume.
///
/// ```
/// use warren_app::VolumeGrant;
///
/// let files = VolumeGrant {
///     id: "app:files".into(),
///     path: "/srv/files".into(),
///     write: true,
/// };
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeGrant {
    /// The id of the volume; a name without `:` is one of `app`.
    pub id: String,
    /// The directory. A relative path is below the current directory.
    pub path: PathBuf,
    /// True if its files may be changed, unless the manifest makes the volume read-only.
    pub write: bool,
}

/// An environment variable a program may see.
///
/// ```
/// use warren_app::{App, AppOptions, EnvGrant};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let region = EnvGrant { name: "REGION".into(), value: Some("eu".into()) };
/// let options = AppOptions { env: vec![region], ..AppOptions::default() };
/// let app = App::open(directory.path(), options)?;
/// let seen = &app.main_definition().grants.env;
/// assert_eq!(*seen, [("REGION".to_owned(), "eu".to_owned())]);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvGrant {
    /// Its name.
    pub name: String,
    /// Its value. If absent, the variable has its value in the runtime's
    /// environment; if it has none there either, the program does not see the
    /// variable.
    pub value: Option<String>,
}
