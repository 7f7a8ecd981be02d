//! The capability `queue`: messages for consumers, in memory, in a file, or on a server of
//! NATS.
//!
//! A queue is an entry of the manifest. Definitions that are granted it publish messages. A
//! consumer of the manifest takes them and starts a process for each:
//!
//! ```text
//!  publish ──> Queue ─┬─ Local: a line in memory, with rows of SQLite if durable
//!                     └─ JetStream: a stream of a server
//!                │ Intake, ahead of the processes
//!                v
//!  consumer ── Delivery ──> a process (`message`, `ack`, `nack`) ── its end ──> settle
//!                                                                                │
//!      gone  <── done ──────────────────────────────────────────────────────────┤
//!      the end of the queue, later  <── failed ─────────────────────────────────┤
//!      the dead-letter queue, or nothing  <── failed for the last time ─────────┘
//! ```
//!
//! A message is settled once, by its process or by the end of the process. A message that is
//! cut off, as by a crash of the program, is there again: each is delivered at least once.

mod broker;
mod clock;
mod delivery;
mod error;
mod in_hand;
mod info;
mod jetstream;
mod lengths;
mod line;
mod local;
mod message;
mod publish;
mod table;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use warren_engine::capability::{Caller, Capability, QueueSettings, Step};
use warren_kernel::Error;

use crate::data::{Data, DataError};
use crate::entries::{self, Entries};
use crate::request::Arguments;
use crate::sqlite::{Database, Place};
use broker::Queue;
pub use clock::QueueClock;
pub use delivery::{Delivery, End, Intake};
pub use error::QueueError;

/// The queues of a program, by id.
#[derive(Clone, Default)]
pub struct Queues(Arc<HashMap<Arc<str>, Arc<Queue>>>);

/// Counts of one queue since the start of the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueCounts {
    /// The id of the queue.
    pub queue: Arc<str>,
    /// Messages in the queue, those that are worked on included; `None` for a queue on a
    /// server.
    pub messages: Option<usize>,
    /// Messages that a consumer may take now; `None` for a queue on a server.
    pub ready: Option<usize>,
    /// Messages that were published.
    pub published: u64,
    /// Messages that are done.
    pub acknowledged: u64,
    /// Attempts that failed and are followed by another one.
    pub returned: u64,
    /// Messages that were given up.
    pub given_up: u64,
}

impl Queues {
    /// Opens queues. Durable ones lie in `data`; without it they end with the program. Of two
    /// with one id the later counts. Servers are reached later.
    ///
    /// # Errors
    ///
    /// See [`QueueError`].
    pub fn open(settings: Vec<QueueSettings>, data: Option<&Data>) -> Result<Queues, QueueError> {
        let by_id: HashMap<_, _> = settings
            .into_iter()
            .map(|settings| (Arc::clone(&settings.id), settings))
            .collect();
        error::check_dead_letters(&by_id)?;
        let is_durable = |queue: &QueueSettings| queue.durable && queue.url.is_none();
        let data = data.filter(|_| by_id.values().any(is_durable));
        let opened = data.map(open_database).transpose()?;
        let (database, stored) = match opened {
            Some((database, stored)) => (Some(database), stored),
            None => (None, Vec::new()),
        };
        let queues = by_id
            .into_iter()
            .map(|(id, settings)| (id, Arc::new(Queue::new(settings, database.as_ref()))));
        let queues = Queues(Arc::new(queues.collect()));
        for queue in queues.0.values() {
            if let Some(id) = &queue.settings.dead_letter
                && let Some(dead_letter) = queues.0.get(id)
            {
                // Fails only if it was set before.
                let _ = queue.dead_letter.set(Arc::clone(dead_letter));
            }
        }
        for message in stored {
            // Messages of a queue that the program has no more stay in the file.
            let queue = queues.0.get(message.queue.as_str());
            if let Some(local) = queue.and_then(|queue| queue.local())
                && local.is_durable()
            {
                local.restore(message);
            }
        }
        Ok(queues)
    }

    /// Lets the queues of the runtime's own follow another clock than that of the machine.
    pub fn follow(&self, clock: &Arc<dyn QueueClock>) {
        for local in self.0.values().filter_map(|queue| queue.local()) {
            local.follow(clock);
        }
    }

    /// Returns true if there is a queue of this id.
    pub fn contains(&self, id: &str) -> bool {
        self.0.contains_key(id)
    }

    /// Begins to take messages of a queue for the processes of a host; `None` if there is no
    /// such queue. `prefetch` is the most messages that are taken ahead.
    pub fn intake(&self, id: &str, host: usize, prefetch: usize) -> Option<Intake> {
        let queue = self.0.get(id)?;
        Some(Intake::new(queue, host, prefetch))
    }

    /// Returns the counts of all queues, by id.
    pub fn counts(&self) -> Vec<QueueCounts> {
        let mut counts: Vec<_> = self.0.values().map(|queue| counts_of(queue)).collect();
        counts.sort_unstable_by(|one, other| one.queue.cmp(&other.queue));
        counts
    }

    /// Reads the id of a queue, and returns the queue if it is granted to the caller.
    fn granted(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'_>,
    ) -> Result<&Arc<Queue>, Error> {
        let full = entries::id(arguments)?;
        let is_granted = caller.grants().uses.right(NAME, &full).is_some();
        let queue = self.0.get(full.as_str()).filter(|_| is_granted);
        queue.ok_or_else(|| QUEUES.not_found(&full, caller))
    }
}

/// The name of the capability, which grants have, too.
const NAME: &str = "queue";

const QUEUES: Entries = Entries {
    what: "queue",
    table: "queues",
    key: NAME,
    option: "--queue",
    behind: "",
};

/// The action of publishing, and of looking at a queue.
const PUBLISH: &str = "queue.publish";

fn open_database(data: &Data) -> Result<(Arc<Database>, Vec<table::Stored>), DataError> {
    let place = Place::file(data.file("queues", "all")?, data.clone());
    Database::open_and_read(&place, &table::TABLES, table::all)
}

fn counts_of(queue: &Queue) -> QueueCounts {
    let lengths = queue.lengths().ok();
    let counts = &queue.counts;
    QueueCounts {
        queue: Arc::clone(&queue.settings.id),
        messages: lengths.map(|lengths| lengths.messages),
        ready: lengths.map(|lengths| lengths.ready),
        published: counts.published.load(Ordering::Relaxed),
        acknowledged: counts.acknowledged.load(Ordering::Relaxed),
        returned: counts.returned.load(Ordering::Relaxed),
        given_up: counts.given_up.load(Ordering::Relaxed),
    }
}

impl fmt::Debug for Queues {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Capability for Queues {
    fn name(&self) -> &'static str {
        NAME
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "publish" => publish::publish(self, caller, request),
            "info" => info::info(self, caller, request),
            "message" => in_hand::message(caller).map(|answer| Step::Done(Ok(answer))),
            "ack" => in_hand::ack(caller),
            "nack" => in_hand::nack(caller),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

#[cfg(test)]
mod tests;
