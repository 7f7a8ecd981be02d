//! The errors of opening a program.

use std::io;
use std::path::PathBuf;

use thiserror::Error;
use warren_engine::capability::{EndpointError, OriginError};
use warren_kernel::text;

use crate::id::IdError;
use crate::listen::ListenError;
use crate::manifest::ManifestError;
use crate::policy::PolicyError;

/// The reason why a program cannot be opened. [`AppError::remedy`] says what to
/// do.
///
/// ```
/// use warren_app::{App, AppError, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// let shop = directory.path().join("shop");
/// let error = App::open(&shop, AppOptions::default()).unwrap_err();
/// assert!(matches!(&error, AppError::NotFound { path } if *path == shop));
/// assert!(error.remedy().is_some_and(|remedy| remedy.starts_with("give the path")));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum AppError {
    /// Nothing is at the path given.
    #[error("{}: no such file or directory", text::path(path))]
    NotFound {
        /// The path given.
        path: PathBuf,
    },
    /// The given path cannot be read.
    #[error("{}: cannot be read: {error}", text::path(path))]
    Unreadable {
        /// The path given.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
    /// The given path is a file, but its name does not tell the language of its
    /// code.
    #[error(
        "{}: not a program: its name does not end in .lua, .wasm or .wat",
        text::path(path)
    )]
    UnknownKind {
        /// The path given.
        path: PathBuf,
    },
    /// The given directory has nothing to start.
    #[error("{}: there is no definition {id}: found none of {}", text::path(root), tried.join(", "))]
    NoMain {
        /// The directory given.
        root: PathBuf,
        /// The definition that would be started.
        id: String,
        /// The files that would be the definition.
        tried: Vec<String>,
        /// Files that could be started instead.
        candidates: Vec<String>,
    },
    /// More than one file could be the definition to start.
    #[error("{}: {id} is ambiguous: found {}", text::path(root), files.join(", "))]
    Ambiguous {
        /// The directory given.
        root: PathBuf,
        /// The definition to start.
        id: String,
        /// The candidates.
        files: Vec<String>,
    },
    /// The given file would have the id of another definition.
    #[error(
        "{}: the manifest gives its id, {id}, to {source_file}",
        text::path(path)
    )]
    Shadowed {
        /// The path given.
        path: PathBuf,
        /// The id.
        id: String,
        /// The file the manifest names.
        source_file: String,
    },
    /// A file of the program exists but cannot be used.
    #[error("{}: cannot be read: {reason}", text::path(path))]
    Source {
        /// The file.
        path: PathBuf,
        /// The reason.
        reason: String,
    },
    /// The name of the given file does not convert to an id.
    #[error(
        "{}: cannot make a definition id of its name: {error}",
        text::path(path)
    )]
    FileName {
        /// The path given.
        path: PathBuf,
        /// The reason.
        error: IdError,
    },
    /// The manifest is wrong.
    #[error(transparent)]
    Manifest(Box<ManifestError>),
    /// The policies are wrong.
    #[error(transparent)]
    Policies(Box<PolicyError>),
    /// A grant is impossible.
    #[error("cannot grant {access} `{}`: {error}", text::line(what))]
    Grant {
        /// The sort of access.
        access: Access,
        /// The path or variable.
        what: String,
        /// The reason.
        error: GrantError,
    },
    /// The program cannot serve at an address that is given at the start.
    #[error("cannot listen: {0}")]
    Listen(#[source] ListenError),
    /// A program that is to serve has nothing that answers requests.
    #[error("{}: nothing answers requests: found none of {}", text::path(root), tried.join(", "))]
    NoHandler {
        /// The directory given.
        root: PathBuf,
        /// The files that would be the definition that answers.
        tried: Vec<String>,
    },
    /// A thing that is granted at the start is no entry of the manifest.
    #[error(
        "cannot grant the {what} `{}`: the program has no such {what}",
        text::line(thing)
    )]
    UnknownUse {
        /// The word for such things.
        what: String,
        /// The id of the thing.
        thing: String,
        /// Advice.
        remedy: String,
    },
    /// A text that is granted at the start as an origin is none.
    #[error("cannot grant the origin `{}`: {error}", text::line(origin))]
    Origin {
        /// The text.
        origin: String,
        /// The reason.
        error: OriginError,
    },
    /// A text that is granted at the start as a server is none.
    #[error("cannot grant the server `{}`: {error}", text::line(server))]
    Server {
        /// The text.
        server: String,
        /// The reason.
        error: EndpointError,
    },
    /// A volume that is given at the start cannot be opened.
    #[error("cannot grant the volume `{}`: {error}", text::line(id))]
    Volume {
        /// The id as it was given.
        id: String,
        /// The reason.
        error: GrantError,
    },
    /// A right that is granted at the start is none of its kind of things.
    #[error(
        "cannot grant `{}` on the {what} `{}`: there is no such right",
        text::line(right),
        text::line(thing)
    )]
    UnknownRight {
        /// The word for such things.
        what: String,
        /// The id of the thing.
        thing: String,
        /// The right.
        right: String,
        /// Advice.
        remedy: String,
    },
}

/// The access that a grant allows.
///
/// ```
/// use warren_app::{Access, App, AppError, AppOptions, EnvGrant};
///
/// # let directory = tempfile::tempdir()?;
/// let variable = EnvGrant { name: "A=B".into(), value: None };
/// let options = AppOptions { env: vec![variable], ..AppOptions::default() };
/// let Err(AppError::Grant { access, what, .. }) = App::open(directory.path(), options) else {
///     panic!("no name of a variable has `=`");
/// };
/// assert_eq!((access, what.as_str()), (Access::Env, "A=B"));
/// assert_eq!(access.to_string(), "the environment variable");
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading a path.
    Read,
    /// Reading and changing a path.
    Write,
    /// Seeing an environment variable.
    Env,
}

/// The reason why a path or variable cannot be granted.
///
/// ```
/// use warren_app::{App, AppError, AppOptions, GrantError};
///
/// # let directory = tempfile::tempdir()?;
/// let data = directory.path().join("data");
/// let options = AppOptions { read: vec![data], ..AppOptions::default() };
/// let Err(AppError::Grant { access, error, .. }) = App::open(directory.path(), options) else {
///     panic!("there is no such directory");
/// };
/// assert!(matches!(&error, GrantError::Missing { path } if path.ends_with("data")));
/// assert!(error.remedy(access).is_some_and(|remedy| remedy.starts_with("create it first")));
/// # Ok::<_, std::io::Error>(())
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum GrantError {
    /// The path is empty.
    #[error("the path is empty")]
    Empty,
    /// The text is not UTF-8.
    #[error("it is not UTF-8")]
    NotUtf8,
    /// Nothing is at the path.
    #[error("there is no {}", text::path(path))]
    Missing {
        /// The missing path.
        path: PathBuf,
    },
    /// Neither the path nor the directory it would be created in exists.
    #[error("there is no directory {} to create it in", text::path(path))]
    NoParent {
        /// The missing directory.
        path: PathBuf,
    },
    /// A relative path of a manifest leads out of the program's directory.
    #[error("it leads out of the program's directory")]
    Outside,
    /// The path, as the program writes it, is already granted with another
    /// meaning.
    #[error(
        "the path is granted for {} already, and cannot stand for {} too",
        text::path(one),
        text::path(other)
    )]
    Conflict {
        /// The file or directory granted first.
        one: PathBuf,
        /// The file or directory it would also be.
        other: PathBuf,
    },
    /// The path is a FIFO, a socket or a device.
    #[error("{} is neither a file nor a directory", text::path(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The name of a variable is empty or contains `=` or NUL.
    #[error("not a name of an environment variable")]
    VariableName,
    /// The id of a volume is none.
    #[error("{0}")]
    Id(IdError),
    /// The system refuses access to the path.
    #[error("{}: {error}", text::path(path))]
    Io {
        /// The path.
        path: PathBuf,
        /// The system's error.
        error: io::Error,
    },
}

impl AppError {
    /// Returns what to do about the error, if there is advice. A manifest's
    /// problems have remedies of their own.
    pub fn remedy(&self) -> Option<String> {
        Some(match self {
            AppError::NotFound { .. } => {
                "give the path of a .lua, .wasm or .wat file, or of a directory with a main.lua"
                    .to_owned()
            }
            AppError::UnknownKind { .. } => {
                "rename it: Lua source is .lua, WebAssembly is .wasm, or .wat as text".to_owned()
            }
            AppError::NoMain {
                root, candidates, ..
            } => match candidates.first() {
                Some(file) => format!(
                    "run one of its files, such as {}, or name one in a warren.toml: \
                     [app] main = \"namespace:name\"",
                    text::path(&root.join(file))
                ),
                None => "add a main.lua, or name another start in a warren.toml: \
                         [app] main = \"namespace:name\""
                    .to_owned(),
            },
            AppError::Ambiguous { id, files, .. } => format!(
                "remove all but one, or choose in warren.toml: [processes.{id:?}] source = {:?}",
                files.first().map_or("", String::as_str)
            ),
            AppError::Shadowed { id, .. } => {
                format!("give the file an entry of its own in [processes], or change that of {id}")
            }
            AppError::Grant { access, error, .. } => return error.remedy(*access),
            AppError::Volume { error, .. } => return error.remedy(Access::Write),
            AppError::UnknownUse { remedy, .. } | AppError::UnknownRight { remedy, .. } => {
                remedy.clone()
            }
            AppError::NoHandler { .. } => {
                "add a web.lua whose function answers requests, or routes in a warren.toml"
                    .to_owned()
            }
            AppError::Unreadable { .. }
            | AppError::Source { .. }
            | AppError::FileName { .. }
            | AppError::Origin { .. }
            | AppError::Server { .. }
            | AppError::Listen(_)
            | AppError::Manifest(_)
            | AppError::Policies(_) => return None,
        })
    }
}

impl GrantError {
    /// Returns what to do about the error, if there is advice.
    pub fn remedy(&self, access: Access) -> Option<String> {
        Some(match self {
            GrantError::Missing { .. } if access == Access::Write => {
                "create the directory first".to_owned()
            }
            GrantError::Missing { .. } => {
                "create it first: only an existing file or directory can be granted for reading"
                    .to_owned()
            }
            GrantError::NoParent { path } => format!("create {} first", text::path(path)),
            GrantError::Outside => "name something below it, or give the absolute path".to_owned(),
            GrantError::Conflict { .. } => "write one of them as an absolute path".to_owned(),
            GrantError::NotAFile { .. } => {
                "grant a file or a directory; devices, FIFOs and sockets cannot be granted"
                    .to_owned()
            }
            GrantError::VariableName => "write NAME, or NAME=VALUE".to_owned(),
            GrantError::Empty | GrantError::NotUtf8 | GrantError::Id(_) | GrantError::Io { .. } => {
                return None;
            }
        })
    }
}

impl std::fmt::Display for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Access::Read => "reading",
            Access::Write => "writing",
            Access::Env => "the environment variable",
        })
    }
}
