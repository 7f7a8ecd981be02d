//! The report of a reload, and the reasons why there was none.

use std::collections::HashMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use warren_kernel::{Error, text};

use crate::app::{ManifestError, PolicyError, RereadError};

/// The effect of a reload. Definitions are named by id, sorted.
///
/// ```
/// use warren::{ReloadError, Runtime};
///
/// async fn reload(runtime: &Runtime) -> Result<(), ReloadError> {
///     let reloaded = runtime.reload().await?;
///     println!("changed: {}", reloaded.changed.join(", "));
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reloaded {
    /// Definitions with other code, and those of which a process has required a file that
    /// is another.
    pub changed: Vec<String>,
    /// Definitions that were not there.
    pub added: Vec<String>,
    /// Definitions that are gone.
    pub removed: Vec<String>,
    /// The number of all others.
    pub unchanged: usize,
    /// True if the manifest is another than at the start. It was not taken.
    pub manifest_changed: bool,
}

impl Reloaded {
    /// Returns true if nothing has changed.
    pub fn is_nothing(&self) -> bool {
        self.changed.is_empty() && self.added.is_empty() && self.removed.is_empty()
    }
}

/// A definition that a reload refuses.
///
/// ```
/// use warren::Runtime;
///
/// async fn reload(runtime: &Runtime) {
///     if let Err(error) = runtime.reload().await {
///         for refused in error.refused() {
///             println!("{}: {}", refused.definition, refused.message);
///         }
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefusedFile {
    /// Its id; the path of a file that is no definition by its name, as a manifest; empty
    /// for a problem of no file.
    pub definition: String,
    /// The file, as a path below the program's root; of the manifest and of policies, with
    /// the root as it was named; absent for code of no file.
    #[serde(default)]
    pub file: Option<String>,
    /// The line, from 1; absent if the error is of no line.
    #[serde(default)]
    pub line: Option<u32>,
    /// The error, with file and line.
    pub message: String,
}

/// The reason why a reload has taken nothing.
///
/// ```
/// use warren::{ReloadError, Runtime};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder().start()?;
/// assert!(matches!(runtime.reload().await, Err(ReloadError::NoProgram)));
/// # Ok(()) }
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ReloadError {
    /// The runtime was built without a program.
    #[error("the runtime was built without a program; add one with `Builder::app`")]
    NoProgram,
    /// The files cannot be read, or do not make a program.
    #[error(transparent)]
    Files(#[from] RereadError),
    /// Definitions do not compile.
    #[error("{}", shown(.0))]
    Code(Vec<RefusedFile>),
    /// The runtime is ending.
    #[error("{0}")]
    Ending(Error),
}

impl ReloadError {
    /// Returns an entry for each definition that does not compile and each file that is in
    /// the way; none for other reasons.
    pub fn refused(&self) -> Vec<RefusedFile> {
        match self {
            ReloadError::Code(refused) => refused.clone(),
            ReloadError::Files(error) => RefusedFile::of_files(error),
            _ => Vec::new(),
        }
    }
}

impl RefusedFile {
    /// Returns an entry for each file that is in the way.
    pub(crate) fn of_files(error: &RereadError) -> Vec<RefusedFile> {
        let RereadError::Files(problems) = error else {
            return Vec::new();
        };
        let problems = problems.iter().map(|problem| RefusedFile {
            definition: problem.file.clone(),
            file: Some(problem.file.clone()),
            line: None,
            message: problem.message.clone(),
        });
        problems.collect()
    }

    /// Returns an entry for each problem of a manifest that its message shows.
    pub(crate) fn of_manifest(error: &ManifestError) -> Vec<RefusedFile> {
        let file = text::path(&error.path).to_string();
        let problems = error.problems.iter().take(ManifestError::MAX_SHOWN);
        let problems = problems.map(|problem| {
            let position = error.position(problem);
            let (line, column) = (position.line, position.column);
            RefusedFile {
                definition: file.clone(),
                file: Some(file.clone()),
                line: u32::try_from(line).ok(),
                message: format!("{file}:{line}:{column}: {problem}"),
            }
        });
        problems.collect()
    }

    /// Returns an entry for each problem of policies that their message shows.
    pub(crate) fn of_policies(error: &PolicyError) -> Vec<RefusedFile> {
        let problems = error.problems.iter().take(ManifestError::MAX_SHOWN);
        let problems = problems.flat_map(|problem| {
            if problem.path.as_os_str().is_empty() {
                return vec![RefusedFile {
                    definition: String::new(),
                    file: None,
                    line: None,
                    message: problem.problem.to_string(),
                }];
            }
            RefusedFile::of_manifest(&ManifestError {
                path: problem.path.clone(),
                text: Arc::clone(&problem.text),
                problems: vec![problem.problem.clone()],
            })
        });
        problems.collect()
    }
}

pub(crate) fn shown(refused: &[RefusedFile]) -> String {
    let messages: Vec<_> = refused.iter().map(|one| &*one.message).collect();
    messages.join("\n")
}

/// Returns an entry for each definition that does not compile; `files` are their files.
pub(crate) fn refused_code(
    refused: &[(Arc<str>, Error)],
    files: &HashMap<Arc<str>, Arc<str>>,
) -> Vec<RefusedFile> {
    let refused = refused.iter();
    refused
        .map(|(id, error)| {
            let file = files.get(id);
            RefusedFile {
                definition: id.to_string(),
                file: file.map(|file| file.to_string()),
                line: file.and_then(|file| line_of(file, error)),
                message: error.message.clone(),
            }
        })
        .collect()
}

/// Returns the line of a file at which a compiler has stopped.
fn line_of(file: &str, error: &Error) -> Option<u32> {
    let (of, line) = error.place()?;
    (of == file).then(|| u32::try_from(line).ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_that_of_the_file() {
        let error = Error::invalid("lib/a.lua:13: '=' expected near 'x'");
        assert_eq!(line_of("lib/a.lua", &error), None);
        let error = error.with("file", "lib/a.lua").with("line", 12);
        assert_eq!(line_of("lib/a.lua", &error), Some(12));
        assert_eq!(line_of("b.lua", &error), None);
        let error = Error::invalid("x").with("file", "a").with("line", u64::MAX);
        assert_eq!(line_of("a", &error), None);
    }
}
