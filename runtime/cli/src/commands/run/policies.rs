//! The policies of a running program: their audit log, and reloads.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use warren::app::{App, AuditError, Policies};

use crate::exit::Exit;
use crate::report::failure::{self, Failure};
use crate::report::{opening, stderr};

/// Logs denials and grants to the file of `--audit`.
pub(super) fn audit(app: &App, path: &Path) -> Result<(), Box<Failure>> {
    let Some(policies) = app.policies() else {
        let failure = Failure::new(Exit::Usage, "--audit: the program has no policies");
        return Err(Box::new(Failure {
            help: Some("add a directory `policies`, or use --strict as well".into()),
            ..failure
        }));
    };
    policies.audit_to(path).map_err(|error| {
        Box::new(Failure {
            help: matches!(error, AuditError::NotAFile { .. })
                .then(|| "name a plain file, or a path that does not exist yet".to_owned()),
            ..Failure::new(Exit::Usage, format!("--audit {error}"))
        })
    })
}

/// Waits until the audit log is written, for `patience` at most: its file may
/// be a pipe that nobody reads.
pub(super) async fn flush_audit(policies: &Arc<Policies>, patience: Duration) {
    let policies = Arc::clone(policies);
    let flushed = tokio::task::spawn_blocking(move || policies.flush_audit(patience));
    if flushed.await.is_ok_and(|flushed| !flushed) {
        stderr::write("warning: the audit log was not written in time: lines are lost\n");
    }
}

/// Reloads the policies. If they have problems, logs them and keeps the old
/// ones.
pub(super) fn reload(policies: Option<&Policies>) {
    let Some(policies) = policies else {
        return;
    };
    match policies.reload() {
        Ok(()) => tracing::info!(statements = policies.statements(), "policies reloaded"),
        Err(error) => {
            let mut failures = opening::of_policies(&error);
            let first = Failure::new(
                Exit::Usage,
                "the policies were not reloaded; the old ones stay in force",
            );
            failures.insert(0, first);
            failure::print(&failures);
        }
    }
}
