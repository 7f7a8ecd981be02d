//! Services of the runtime for a guest's calls of WASI.

use std::path::Path;
use std::sync::Arc;

use tokio::task::JoinHandle;

use super::Guest;
use crate::blocking;
use crate::files::HostFiles;

impl Guest {
    /// The open files of the guest's host.
    pub(crate) fn files(&self) -> &Arc<HostFiles> {
        match self.process() {
            Ok(process) => self.shared.files(process.host()),
            Err(_) => self.shared.other_files(),
        }
    }

    /// Runs work that may wait for a disk, while other processes run. Returns
    /// `None` if the tokio runtime is shutting down.
    pub(crate) async fn file_work<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let (files, tokio) = (Arc::clone(self.files()), self.shared.tokio.clone());
        self.control.outside(files.run(tokio, work)).await
    }

    /// Returns true for the program's first process if it has neither actor nor
    /// scope. This process may learn whether a path exists that it was not granted.
    pub(crate) fn is_operators(&self) -> bool {
        let acts_for_nobody = |inherited: &Arc<super::Inherited>| {
            inherited.actor.is_none() && inherited.scope.is_none()
        };
        self.is_first() && self.inherited().is_ok_and(acts_for_nobody)
    }

    /// Logs a path that the process was not granted, if the path exists. Only the
    /// operator's own process ([`Guest::is_operators`]) may wait for the task,
    /// which returns true if the path exists.
    ///
    /// Returns `None` if neither the log nor the process takes the answer.
    pub(crate) fn tell_of_ungranted(&self, path: &Path, write: bool) -> Option<JoinHandle<bool>> {
        let tells = self.shared.refused_paths.looks_at(path);
        if !tells && !self.is_operators() {
            return None;
        }
        let process = self.process().cloned().ok()?;
        let definition = Arc::clone(&self.run.program.definition.id);
        let origin = Arc::clone(self.run.program.origin.as_ref()?);
        let (shared, path) = (Arc::clone(&self.shared), path.to_owned());
        Some(blocking::spawn(&self.shared.tokio, move || {
            let Some(hint) = origin.files.ungranted(&definition, &path, write) else {
                return false;
            };
            if tells && shared.refused_paths.tells() {
                tracing::warn!(
                    target: "warren::grants",
                    pid = &**process.text(),
                    definition = &*definition,
                    "{hint}"
                );
            }
            true
        }))
    }
}
