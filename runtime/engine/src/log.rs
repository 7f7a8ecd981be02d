//! The log of the processes: what they say with `logger`, and what the runtime
//! says of each of them.
//!
//! Records wait in a bounded queue for one thread, which gives them to the hook or
//! to `tracing`. That thread may be blocked by whoever takes them; no worker is.
//! A process whose records find no room waits as long as the log moves on, and
//! loses them when nobody takes any. What is lost is counted, and said when
//! records are taken again.

mod emit;
mod queue;
mod record;
mod share;

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant, SystemTime};

use tracing::Span;
use warren_kernel::{Process, Trace};

use crate::sched::timers::{self, Timers};
use crate::traces::Note;
use queue::{Full, Queue};

pub use record::{Level, LogHook, LogRecord};
pub(crate) use record::{MAX_LOGGED, shortened};
pub(crate) use share::Limits;

/// Bytes of records that a process may log in a second where nobody said
/// otherwise, and at once after a second of silence: 4 MiB.
pub const DEFAULT_MAX_LOG: u64 = 4 << 20;

/// The same for all processes of a host together: 16 MiB.
pub const DEFAULT_MAX_LOG_TOTAL: u64 = 16 << 20;

/// A record that takes this long to be taken shows that nobody takes any: others
/// no longer wait for room.
const STUCK: Duration = Duration::from_millis(100);

/// A record waits this long for room at most while others are taken.
const PATIENCE: Duration = Duration::from_secs(1);

/// The log of one node. Its thread ends by itself, with everything written, once
/// this is dropped.
#[derive(Debug)]
pub(crate) struct Log {
    queue: Arc<Queue>,
    hooked: bool,
}

/// What is to be logged.
pub(crate) enum Record {
    /// What a process says.
    Said {
        level: Level,
        logger: Option<String>,
        message: String,
        /// One encoded map.
        fields: Option<Vec<u8>>,
        trace: Option<Trace>,
    },
    /// A process failed.
    Failed(String),
    /// A process began.
    Started,
    /// A process ended, in this way.
    Ended(String),
    /// Messages were sent and taken.
    Messages(Vec<Note>),
}

/// Whose records they are, as the log names it.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) pid: Arc<str>,
    pub(crate) frame: Arc<str>,
    pub(crate) definition: Arc<str>,
}

/// A record in the queue.
pub(crate) struct Entry {
    record: Record,
    origin: Origin,
    owner: share::Owner,
    at: SystemTime,
    /// What the record belongs to.
    span: Span,
}

/// What an entry takes besides its texts.
const OVERHEAD: usize = 256;

impl Entry {
    /// A record of this process, written now.
    pub(crate) fn new(
        limits: Limits,
        process: Option<&Process>,
        origin: Origin,
        record: Record,
    ) -> Entry {
        // A failure is its host's: processes that fail are new ones each time.
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
    /// The operating system's, where it gives no thread.
    pub(crate) fn start(hook: Option<LogHook>) -> std::io::Result<Log> {
        let queue = Arc::new(Queue::default());
        let taken = Arc::clone(&queue);
        let hooked = hook.is_some();
        std::thread::Builder::new()
            .name("warren-log".into())
            .spawn(move || emit::run(&taken, hook.as_ref()))?;
        Ok(Log { queue, hooked })
    }

    /// Whether anybody takes what processes say at this level.
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

    /// Adds a record, which is lost where there is no room.
    pub(crate) fn put(&self, entry: Entry) {
        if let Err((entry, _)) = self.queue.try_put(entry) {
            self.queue.lose(&entry);
        }
    }

    /// Adds a record, and waits for room as long as the log moves on. A process
    /// that logs faster than its limit waits as well.
    pub(crate) async fn write(&self, timers: &Timers, mut entry: Entry) {
        let begun = Instant::now();
        loop {
            let mut room = std::pin::pin!(self.queue.changed());
            // Before the look, so that no change is missed.
            room.as_mut().enable();
            let full;
            (entry, full) = match self.queue.try_put(entry) {
                Ok(()) => return,
                Err(refused) => refused,
            };
            match full {
                Full::TooFast(wait) => timers.at(timers::after(wait)).await,
                Full::NoRoom if self.queue.is_stuck(STUCK) || begun.elapsed() > PATIENCE => {
                    return self.queue.lose(&entry);
                }
                Full::NoRoom => {
                    tokio::select! {
                        () = room => {}
                        () = timers.at(timers::after(STUCK)) => {}
                    }
                }
            }
        }
    }

    /// Waits until all records before were taken.
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

    /// How many records were lost.
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

/// Returns when the record was written that this thread gives to a
/// [`LogHook`] or to `tracing` at present.
///
/// `None` on every thread but those that do nothing else. A `tracing` subscriber
/// may block such a thread, and no other: events of the runtime itself come from
/// the threads that run processes too.
pub fn record_time() -> Option<SystemTime> {
    EMITTING.get()
}
