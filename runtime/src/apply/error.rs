//! The reasons why nothing was changed.

use std::path::PathBuf;
use std::sync::Arc;

use warren_capabilities::server::ListenError;
use warren_kernel::Error;

use super::plan::Object;
use super::web::Lacking;
use crate::app::{AppError, DependencyError, IdError, ManifestError, PolicyError, RereadError};
use crate::own_directories::Reached;
use crate::reload::{RefusedFile, shown};

/// The reason why a change was not applied. Nothing has changed.
///
/// ```
/// use warren::{Change, Runtime};
///
/// async fn apply(runtime: &Runtime, change: Change) {
///     match runtime.apply(change).await {
///         Ok(applied) => println!("version {} is in place", applied.version),
///         Err(error) => {
///             eprintln!("nothing was changed: {error}");
///             for refused in error.refused() {
///                 eprintln!("look at {:?}, line {:?}", refused.file, refused.line);
///             }
///         }
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A name cannot be the id of a definition.
    #[error(transparent)]
    Id(#[from] IdError),
    /// The thing to be removed, or to be given other grants, was not given in memory.
    #[error("there is no {} {name} that was given in memory", object.as_str())]
    NotFound {
        /// The sort of thing.
        object: Object,
        /// Its name.
        name: String,
    },
    /// A thing needs another that would not be there.
    #[error("{} {name} needs {} {needed}, which would not be there", object.as_str(), needs.as_str())]
    Missing {
        /// The sort of thing.
        object: Object,
        /// Its name.
        name: String,
        /// The sort of thing that it needs.
        needs: Object,
        /// The name of that.
        needed: String,
    },
    /// A service would run in another host than its definition may.
    #[error("service {service} cannot run in host {host}: {definition} is bound to host {bound}")]
    Bound {
        /// The service.
        service: Arc<str>,
        /// Its host.
        host: Arc<str>,
        /// The definition that it runs.
        definition: Arc<str>,
        /// The only host of the definition.
        bound: Arc<str>,
    },
    /// Services would depend on a missing one, or on each other.
    #[error(transparent)]
    Services(#[from] DependencyError),
    /// A host is not valid.
    #[error("host {name}: {error}")]
    Host {
        /// Its name.
        name: String,
        /// The fault.
        error: Box<Error>,
    },
    /// Definitions do not compile.
    #[error("{}", shown(.0))]
    Code(Vec<RefusedFile>),
    /// Policies are not valid, or only a start takes them.
    #[error(transparent)]
    Policies(Box<PolicyError>),
    /// The runtime judges nothing by policies: it was built without any.
    #[error(
        "the runtime was built without policies; add them with `Builder::policies`, or a \
         program that has permissions"
    )]
    NoPolicies,
    /// The runtime was built without a program.
    #[error("the runtime was built without a program; add one with `Builder::app`")]
    NoProgram,
    /// The program cannot be opened.
    #[error(transparent)]
    App(Box<AppError>),
    /// The files of the program cannot be read, or do not make one.
    #[error(transparent)]
    Files(#[from] RereadError),
    /// The manifest changes what only a start takes.
    #[error(transparent)]
    Manifest(Box<ManifestError>),
    /// A grant would let the program write to the code cache, whose code runs outside of
    /// any sandbox.
    #[error(
        "writing {} cannot be granted: it would let the program change the code cache {}, which \
         the next start runs",
        path.display(),
        cache.display()
    )]
    CacheGranted {
        /// The granted directory.
        path: PathBuf,
        /// The directory of the cache.
        cache: PathBuf,
    },
    /// A grant would let the program write to the directory of its data, whose files only
    /// the runtime may change.
    #[error(
        "writing {} cannot be granted: it would let the program change its data in {} behind the \
         runtime's back",
        path.display(),
        data.display()
    )]
    DataGranted {
        /// The granted path.
        path: PathBuf,
        /// The directory of the data.
        data: PathBuf,
    },
    /// A listener cannot be opened, or a directory or certificate cannot be read.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Another change was applied after the plan was made.
    #[error("the plan is for version {planned}, and version {present} is in place: plan again")]
    Conflict {
        /// The version that the plan begins at.
        planned: u64,
        /// The present version.
        present: u64,
    },
    /// The policies were read anew after the plan was made.
    #[error("the policies were read anew after the plan was made: plan again")]
    PoliciesChanged,
    /// There is no version to go back to.
    #[error("there is no version before this one")]
    NothingBefore,
    /// The runtime is ending.
    #[error("{0}")]
    Ending(Error),
}

impl From<Lacking> for ApplyError {
    fn from(lacking: Lacking) -> ApplyError {
        ApplyError::Missing {
            object: lacking.object,
            name: lacking.name,
            needs: lacking.needs,
            needed: lacking.needed,
        }
    }
}

impl From<Reached> for ApplyError {
    fn from(reached: Reached) -> ApplyError {
        match reached {
            Reached::Cache { path, cache } => ApplyError::CacheGranted { path, cache },
            Reached::Data { path, data } => ApplyError::DataGranted { path, data },
        }
    }
}

impl ApplyError {
    /// Returns an entry for each definition that does not compile, each file that is in the
    /// way, and each problem of the manifest and the policies that the message shows; none
    /// for other reasons.
    pub fn refused(&self) -> Vec<RefusedFile> {
        match self {
            ApplyError::Code(refused) => refused.clone(),
            ApplyError::Files(error) => RefusedFile::of_files(error),
            ApplyError::Manifest(error) => RefusedFile::of_manifest(error),
            ApplyError::Policies(error) => RefusedFile::of_policies(error),
            ApplyError::App(error) => match &**error {
                AppError::Manifest(error) => RefusedFile::of_manifest(error),
                AppError::Policies(error) => RefusedFile::of_policies(error),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }
}
