//! The log of the processes: their records of `logger`, and the runtime's records
//! about each of them.
//!
//! Records wait in a bounded queue for one thread, which gives them to the hook or
//! to `tracing`. A slow hook or subscriber blocks that thread, and no worker. If the
//! queue has no room, a process that logs waits while the thread takes records, and
//! loses its record if the thread is stuck. Lost records are counted; the count is
//! logged when the thread goes on.

mod emit;
mod json;
mod queue;
mod record;
mod share;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tracing::Span;
use tracing::level_filters::LevelFilter;
use warren_kernel::{Process, Trace};

use crate::sched::timers::Timers;
use crate::trace_context::TraceContext;
use crate::traces::Note;
use queue::{Full, Queue};

pub use record::{Level, LogHook, LogRecord};
pub(crate) use record::{MAX_LOGGED, shortened};
pub(crate) use share::Limits;

/// Default limit of the bytes of records that a process may log in a second, and at
/// once after a second of silence: 4 MiB.
pub const DEFAULT_MAX_LOG: u64 = 4 << 20;

/// Default limit of the bytes that all processes of a host together may log in a
/// second: 16 MiB.
pub const DEFAULT_MAX_LOG_TOTAL: u64 = 16 << 20;

/// Time for one record after which the thread counts as stuck: nobody waits for room
/// any more.
const STUCK: Duration = Duration::from_millis(100);

/// Longest wait of a record for room while the thread takes others.
const PATIENCE: Duration = Duration::from_secs(1);

/// The log of one node. Its thread ends by itself once this is dropped, after it has
/// emitted all records.
#[derive(Debug)]
pub(crate) struct Log {
    queue: Arc<Queue>,
    hooked: bool,
}

/// A record's content.
pub(crate) enum Record {
    /// A record that a process wrote with `logger`.
    Said {
        level: Level,
        logger: Option<String>,
        message: String,
        /// The fields as one encoded map.
        fields: Option<Vec<u8>>,
        trace: Option<Trace>,
    },
    /// A process failed.
    Failed(String),
    /// A process began.
    Started,
    /// A process ended, with this outcome.
    Ended(String),
    /// Messages were sent and received.
    Messages(Vec<Note>),
}

/// The process of a record, as the log names it.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) pid: Arc<str>,
    pub(crate) frame: Arc<str>,
    pub(crate) definition: Arc<str>,
    /// Its place in a trace over several programs.
    pub(crate) trace: Option<Arc<TraceContext>>,
}

/// A record in the queue.
pub(crate) struct Entry {
    record: Record,
    origin: Origin,
    owner: share::Owner,
    at: SystemTime,
    /// The span in which the record was written.
    span: Span,
}

/// Bytes charged for an entry besides its texts.
const OVERHEAD: usize = 256;

impl Entry {
    /// Makes a record of this process, written now.
    pub(crate) fn new(
        limits: Limits,
        process: Option<&Process>,
        origin: Origin,
        record: Record,
    ) -> Entry {
        // A failure is charged to the host alone: each failure is that of another
        // process, so a limit for each process would bound nothing.
        let alone = matches!(record, Record::Said { .. } | Record::Messages(_));
        Entry {
            owner: share::Owner {
                process: process
                    .filter(|_| alone)
                    .map(|process| process.pid().number()),
                host: process.map_or(usize::MAX, |process| process.host().number()),
                limits,
            },
            record,
            origin,
            at: SystemTime::now(),
            span: Span::current(),
        }
    }

    fn size(&self) -> usize {
        OVERHEAD
            + match &self.record {
                Record::Said {
                    logger,
                    message,
                    fields,
                    ..
                } => {
                    logger.as_ref().map_or(0, String::len)
                        + message.len()
                        + fields.as_ref().map_or(0, Vec::len)
                }
                Record::Failed(text) | Record::Ended(text) => text.len(),
                Record::Started => 0,
                Record::Messages(notes) => notes.iter().map(Note::size).sum(),
            }
    }
}

impl Log {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
    pub(crate) fn start(hook: Option<LogHook>) -> std::io::Result<Log> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let hooked = hook.is_some();
        std::thread::Builder::new()
            .name("warren-log".into())
            .spawn(move || emit::run(&taken, hook.as_ref()))?;
        Ok(Log { queue, hooked })
    }

    /// Returns false if neither the hook nor any subscriber takes records of this level.
    /// Runs no code of a subscriber, so it is safe on a guest's stack; another answer than
    /// false is for [`Log::wants`] to confirm.
    pub(crate) fn may_want(&self, level: Level) -> bool {
        let level = match level {
            Level::Debug => tracing::Level::DEBUG,
            Level::Info => tracing::Level::INFO,
            Level::Warn => tracing::Level::WARN,
            Level::Error => tracing::Level::ERROR,
        };
        self.hooked || level <= LevelFilter::current()
    }

    /// Returns true if the hook or a subscriber takes records of this level.
    pub(crate) fn wants(&self, level: Level) -> bool {
        macro_rules! enabled {
            ($level:ident) => {
                tracing::enabled!(target: "warren::process", tracing::Level::$level)
            };
        }
        self.hooked
            || match level {
                Level::Debug => enabled!(DEBUG),
                Level::Info => enabled!(INFO),
                Level::Warn => enabled!(WARN),
                Level::Error => enabled!(ERROR),
            }
    }

    /// Adds a record; loses it if there is no room.
    pub(crate) fn put(&self, entry: Entry) {
        if let Err((entry, _)) = self.queue.try_put(entry) {
            self.queue.lose(&entry);
        }
    }

    /// Adds a record; waits for room while the thread takes records. A process that
    /// logs faster than its limit waits as well.
    pub(crate) async fn write(&self, timers: &Timers, mut entry: Entry) {
        let begun = Instant::now();
        loop {
            let mut room = std::pin::pin!(self.queue.changed());
            // Enabled before the attempt, so that no change is missed.
            room.as_mut().enable();
            let full;
            (entry, full) = match self.queue.try_put(entry) {
                Ok(()) => return,
                Err(refused) => refused,
            };
            match full {
                Full::TooFast(wait) => timers.real_sleep(wait).await,
                Full::NoRoom if self.queue.is_stuck(STUCK) || begun.elapsed() > PATIENCE => {
                    return self.queue.lose(&entry);
                }
                Full::NoRoom => {
                    tokio::select! {
                        () = room => {}
                        () = timers.real_sleep(STUCK) => {}
                    }
                }
            }
        }
    }

    /// Waits until all records added before have been emitted.
    pub(crate) async fn flush(&self) {
        let until = self.queue.begin_flush();
        loop {
            let mut changed = std::pin::pin!(self.queue.changed());
            changed.as_mut().enable();
            if self.queue.is_flushed(until) {
                return;
            }
            changed.await;
        }
    }

    /// Returns the number of lost records.
    pub(crate) fn lost(&self) -> u64 {
        self.queue.lost.load(Ordering::Relaxed)
    }
}

impl Drop for Log {
    fn drop(&mut self) {
        self.queue.close();
    }
}

thread_local! {
    static EMITTING: Cell<Option<SystemTime>> = const { Cell::new(None) };
}

/// Returns the time at which the record was written that this thread now gives to a
/// [`LogHook`] or to `tracing`.
///
/// Returns `None` on all threads except those that do nothing else. A `tracing`
/// subscriber may block such a thread, and no other: events of the runtime itself
/// also come from threads that run processes.
pub fn record_time() -> Option<SystemTime> {
    EMITTING.get()
}
