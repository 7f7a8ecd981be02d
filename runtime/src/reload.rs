//! Reloads of a program while it runs.

use std::collections::{BTreeSet, HashMap};
use std::fmt;
use std::sync::Arc;

use parking_lot::RwLock;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use warren_engine::{Code, Definition, Node, Reload};
use warren_kernel::Error;

use crate::app::{Changes, RereadError};
use crate::definitions::LayeredDefinitions;

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
    /// Its id; the path of a file that is no definition by its name.
    pub definition: String,
    /// The file, as a path below the program's root; absent for code of no file.
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
            ReloadError::Files(RereadError::Files(problems)) => {
                let problems = problems.iter().map(|problem| RefusedFile {
                    definition: problem.file.clone(),
                    file: Some(problem.file.clone()),
                    line: None,
                    message: problem.message.clone(),
                });
                problems.collect()
            }
            _ => Vec::new(),
        }
    }
}

fn shown(refused: &[RefusedFile]) -> String {
    let messages: Vec<_> = refused.iter().map(|one| &*one.message).collect();
    messages.join("\n")
}

/// The definitions of a runtime, through all reloads.
#[derive(Default)]
pub(crate) struct Reloads {
    present: RwLock<Arc<LayeredDefinitions>>,
    /// Held by the reload that runs.
    running: tokio::sync::Mutex<()>,
}

impl Reloads {
    pub(crate) fn new(present: Arc<LayeredDefinitions>) -> Reloads {
        Reloads {
            present: RwLock::new(present),
            running: tokio::sync::Mutex::default(),
        }
    }

    /// Returns the definitions from which processes start now.
    pub(crate) fn present(&self) -> Arc<LayeredDefinitions> {
        Arc::clone(&self.present.read())
    }

    /// Takes the files as they are now.
    pub(crate) async fn reload(&self, node: &Arc<Node>) -> Result<Reloaded, ReloadError> {
        let _running = self.running.lock().await;
        let before = self.present();
        let reread = {
            let before = Arc::clone(&before);
            let reread = move || match &before.app {
                Some(app) => app.reread().map_err(ReloadError::from),
                None => Err(ReloadError::NoProgram),
            };
            node.tokio().spawn_blocking(reread)
        };
        let ending = |_| ReloadError::Ending(Error::internal("the runtime is ending"));
        let reread = reread.await.map_err(ending)??;
        let mut changes = reread.changes;
        changes
            .compile
            .retain(|definition| !before.hides(&definition.id));
        let files: HashMap<_, _> = changes.compile.iter().filter_map(file_of).collect();
        let now = Arc::new(before.over(reread.app));
        let reload = Reload {
            definitions: Arc::clone(&now) as _,
            changed: std::mem::take(&mut changes.compile),
            stale: std::mem::take(&mut changes.stale),
        };
        let requiring = node.reload(reload).await.map_err(|refused| {
            ReloadError::Code(
                refused
                    .into_iter()
                    .map(|(id, error)| of(&id, files.get(&id), &error))
                    .collect(),
            )
        })?;
        // No await stands between this line and the reload: both happen, or none.
        *self.present.write() = now;
        Ok(summary(changes, requiring))
    }
}

impl fmt::Debug for Reloads {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloads").finish_non_exhaustive()
    }
}

/// Returns a definition's id and its file.
fn file_of(definition: &Arc<Definition>) -> Option<(Arc<str>, Arc<str>)> {
    match &definition.code {
        Code::Lua(source) | Code::Wasm(source) => {
            Some((Arc::clone(&definition.id), Arc::clone(&source.name)))
        }
        Code::Native(_) => None,
    }
}

fn of(id: &str, file: Option<&Arc<str>>, error: &Error) -> RefusedFile {
    RefusedFile {
        definition: id.to_owned(),
        file: file.map(|file| file.to_string()),
        line: file.and_then(|file| line_of(file, error)),
        message: error.message.clone(),
    }
}

/// Returns the line of a file at which a compiler has stopped.
fn line_of(file: &str, error: &Error) -> Option<u32> {
    let (of, line) = error.place()?;
    (of == file).then(|| u32::try_from(line).ok())?
}

fn summary(changes: Changes, requiring: Vec<Arc<str>>) -> Reloaded {
    let texts = |ids: Vec<Arc<str>>| ids.iter().map(|id| id.to_string()).collect::<Vec<_>>();
    let by_code: BTreeSet<_> = changes.changed.into_iter().collect();
    let mut changed = by_code.clone();
    // An id is in one list.
    let others: BTreeSet<_> = changes.added.iter().chain(&changes.removed).collect();
    changed.extend(requiring.into_iter().filter(|id| !others.contains(id)));
    drop(others);
    let more = changed.len() - by_code.len();
    Reloaded {
        changed: texts(changed.into_iter().collect()),
        added: texts(changes.added),
        removed: texts(changes.removed),
        unchanged: changes.unchanged.saturating_sub(more),
        manifest_changed: changes.manifest,
    }
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

    #[test]
    fn a_definition_counts_once() {
        let ids = |ids: &[&str]| -> Vec<Arc<str>> { ids.iter().map(|id| Arc::from(*id)).collect() };
        let mut changes = Changes::default();
        changes.changed = ids(&["a:b"]);
        changes.unchanged = 3;
        let told = summary(changes, ids(&["a:b", "a:a"]));
        assert_eq!(
            (told.changed, told.unchanged),
            (vec!["a:a".to_owned(), "a:b".to_owned()], 2)
        );
        let mut changes = Changes::default();
        (changes.added, changes.removed) = (ids(&["a:new"]), ids(&["a:gone"]));
        let told = summary(changes, ids(&["a:new", "a:gone"]));
        assert_eq!(told.changed, [""; 0]);
    }
}
