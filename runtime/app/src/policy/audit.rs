//! The audit log: denials, grants, and reloads of policies.

use std::fs::{File, OpenOptions};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{
    Receiver, RecvTimeoutError, Sender, SyncSender, TryRecvError, TrySendError, channel,
    sync_channel,
};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use warren_engine::security::{Actor, AuditEvent, Scope};
use warren_kernel::text;

use super::error::PolicyError;

/// The reason why the audit log cannot be written.
///
/// ```
/// use warren_app::{AuditError, Policies};
///
/// # let directory = tempfile::tempdir()?;
/// let policies = Policies::of([("nothing", "")])?;
/// let refused = policies.audit_to(directory.path());
/// assert!(matches!(refused, Err(AuditError::NotAFile { .. })));
/// policies.audit_to(&directory.path().join("audit.log"))?;
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuditError {
    /// The file cannot be opened.
    #[error("{}: {error}", text::path(path))]
    File {
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// The path is a link, a pipe, a device or a directory. Writing to it could
    /// end up in a file of somebody's choice, or wait for a reader.
    #[error("{}: not a plain file", text::path(path))]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// No thread can be started.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] io::Error),
}

/// Lines that wait to be written. Further lines are dropped and counted: no
/// process waits for a disk.
const MAX_WAITING: usize = 4096;

/// Interval at which a flush looks for room in a full queue.
const FULL: Duration = Duration::from_millis(5);

/// A thread that writes the log.
#[derive(Debug)]
pub(super) struct Audit {
    queue: SyncSender<(SystemTime, Entry)>,
    dropped: Arc<AtomicU64>,
}

/// An entry to be written. The writing thread formats it: processes report from
/// stacks of their own, which are small.
#[derive(Debug)]
enum Entry {
    Denied {
        pid: Arc<str>,
        definition: Arc<str>,
        actor: Option<Actor>,
        scope: Option<Scope>,
        action: String,
        resource: String,
        because: Arc<str>,
    },
    Granted {
        by: Option<Arc<str>>,
        pid: String,
        definition: String,
        actor: Option<Actor>,
        scope: Option<Scope>,
    },
    Reloaded {
        statements: usize,
        error: Option<String>,
    },
    /// A flush: all earlier entries go to the file first.
    Flush(Sender<()>),
}

impl Audit {
    pub(super) fn start(path: &Path) -> Result<Audit, AuditError> {
        let refused = |error| AuditError::File {
            path: path.to_owned(),
            error,
        };
        let file = append_to(path).map_err(|error| match is_special(&error) {
            true => AuditError::NotAFile {
                path: path.to_owned(),
            },
            false => refused(error),
        })?;
        if !file.metadata().map_err(refused)?.is_file() {
            return Err(AuditError::NotAFile {
                path: path.to_owned(),
            });
        }
        Audit::to(file)
    }

    fn to(file: File) -> Result<Audit, AuditError> {
        let (queue, waiting) = sync_channel(MAX_WAITING);
        let dropped = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&dropped);
        std::thread::Builder::new()
            .name("warren-audit".into())
            .spawn(move || write(&waiting, &counted, file))
            .map_err(AuditError::Thread)?;
        Ok(Audit { queue, dropped })
    }

    pub(super) fn record(&self, event: &AuditEvent<'_>) {
        self.put(match event {
            AuditEvent::Denied {
                caller,
                subject,
                action,
                resource,
                decision,
            } => Entry::Denied {
                pid: Arc::clone(&caller.pid),
                definition: Arc::clone(&caller.definition),
                actor: subject.actor().cloned(),
                scope: subject.scope().cloned(),
                action: (*action).to_owned(),
                resource: resource.text().into_owned(),
                because: Arc::clone(&decision.because),
            },
            AuditEvent::Granted {
                by,
                pid,
                definition,
                actor,
                scope,
            } => Entry::Granted {
                by: by.map(|by| Arc::clone(&by.pid)),
                pid: (*pid).to_owned(),
                definition: (*definition).to_owned(),
                actor: actor.cloned(),
                scope: scope.cloned(),
            },
        });
    }

    pub(super) fn reloaded(&self, statements: usize, error: Option<&PolicyError>) {
        self.put(Entry::Reloaded {
            statements,
            error: error.map(ToString::to_string),
        });
    }

    /// Waits until all earlier entries are in the file, for `patience` at most.
    /// Returns whether they are.
    pub(super) fn flush(&self, patience: Duration) -> bool {
        let begun = Instant::now();
        let (done, wait) = channel();
        let mut entry = (SystemTime::now(), Entry::Flush(done));
        loop {
            entry = match self.queue.try_send(entry) {
                Ok(()) => break,
                // The thread is gone: nothing more is written.
                Err(TrySendError::Disconnected(_)) => return false,
                Err(TrySendError::Full(entry)) => entry,
            };
            if begun.elapsed() >= patience {
                return false;
            }
            std::thread::sleep(FULL);
        }
        let left = patience.saturating_sub(begun.elapsed());
        // The thread drops its end when it has flushed.
        wait.recv_timeout(left) != Err(RecvTimeoutError::Timeout)
    }

    fn put(&self, entry: Entry) {
        if self.queue.try_send((SystemTime::now(), entry)).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Opens a file for appending, and creates a missing one for its user alone.
/// Neither follows a link nor waits for the reader of a pipe.
fn append_to(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY;
        options.mode(0o600).custom_flags(flags.bits().cast_signed());
    }
    options.open(path)
}

/// Returns whether opening failed because the path is a link, or a pipe without
/// a reader.
fn is_special(error: &io::Error) -> bool {
    #[cfg(unix)]
    {
        use rustix::io::Errno;
        matches!(
            Errno::from_io_error(error),
            Some(Errno::LOOP | Errno::NXIO | Errno::ISDIR)
        )
    }
    #[cfg(not(unix))]
    {
        error.kind() == io::ErrorKind::IsADirectory
    }
}

fn write(waiting: &Receiver<(SystemTime, Entry)>, dropped: &AtomicU64, file: File) {
    let mut file = BufWriter::new(file);
    let mut failed = false;
    while let Ok(first) = waiting.recv() {
        let mut next = Ok(first);
        loop {
            let (at, entry) = match next {
                Ok(entry) => entry,
                Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
            };
            let lost = dropped.swap(0, Ordering::Relaxed);
            let mut lines = Vec::new();
            if lost > 0 {
                lines.push(json!({ "at": rfc3339(at), "event": "dropped", "lines": lost }));
            }
            let mut flushed = None;
            match entry {
                Entry::Flush(done) => flushed = Some(done),
                entry => lines.push(line(at, &entry)),
            }
            let mut written = lines.iter().try_for_each(|line| {
                let line = line.to_string();
                writeln!(file, "{}", text::json(&line))
            });
            if flushed.is_some() {
                written = written.and_then(|()| file.flush());
            }
            if let (Err(error), false) = (written, failed) {
                // Reported once: the disk stays full for a while.
                failed = true;
                tracing::error!(%error, "the audit log cannot be written");
            }
            drop(flushed);
            next = waiting.try_recv();
        }
        if let (Err(error), false) = (file.flush(), failed) {
            failed = true;
            tracing::error!(%error, "the audit log cannot be written");
        }
    }
}

fn line(at: SystemTime, entry: &Entry) -> Value {
    let at = rfc3339(at);
    match entry {
        Entry::Denied {
            pid,
            definition,
            actor,
            scope,
            action,
            resource,
            because,
        } => json!({
            "at": at, "event": "denied", "pid": &**pid, "definition": &**definition,
            "actor": of_actor(actor.as_ref()), "scope": of_scope(scope.as_ref()),
            "action": action, "resource": resource, "because": &**because,
        }),
        Entry::Granted {
            by,
            pid,
            definition,
            actor,
            scope,
        } => json!({
            "at": at, "event": "granted", "by": by.as_deref(), "pid": pid,
            "definition": definition, "actor": of_actor(actor.as_ref()),
            "scope": of_scope(scope.as_ref()),
        }),
        Entry::Reloaded { statements, error } => json!({
            "at": at, "event": "reloaded", "statements": statements, "error": error,
        }),
        Entry::Flush(_) => Value::Null,
    }
}

fn of_actor(actor: Option<&Actor>) -> Value {
    actor.map_or(Value::Null, |actor| actor.id().into())
}

fn of_scope(scope: Option<&Scope>) -> Value {
    scope.map_or(Value::Null, |scope| scope.policies.clone().into())
}

fn rfc3339(at: SystemTime) -> String {
    jiff::Timestamp::try_from(at).map_or_else(|_| String::new(), |at| at.to_string())
}

#[cfg(test)]
#[cfg(unix)]
mod tests;
