//! A queue of the runtime's own: a line in memory, and for a durable queue rows of a database.

use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::sync::Notify;
use warren_engine::capability::QueueSettings;
use warren_kernel::Error;

use super::clock::{Clock, QueueClock};
use super::line::{Body, Item, Line};
use super::message::{Content, NewMessage};
use super::table::{self, Stored};
use crate::sqlite::Database;

/// A queue of the runtime's own.
pub(super) struct Local {
    settings: Arc<QueueSettings>,
    line: Mutex<Line>,
    /// Notified for each message that becomes ready.
    changed: Notify,
    /// Has the rows of a durable queue; absent for one in memory.
    database: Option<Arc<Database>>,
    clock: Clock,
}

/// Time after which a message comes again whose place the disk could not change.
const AFTER_A_FAULT: Duration = Duration::from_secs(1);

/// A message in hand. Dropped, it is back in its place.
pub(super) struct Held {
    queue: Arc<Local>,
    /// Absent once the message has another place.
    item: Option<Item>,
    content: Content,
}

impl Local {
    pub(super) fn new(settings: &Arc<QueueSettings>, database: Option<&Arc<Database>>) -> Local {
        Local {
            settings: Arc::clone(settings),
            line: Mutex::default(),
            changed: Notify::new(),
            database: database.cloned(),
            clock: Clock::default(),
        }
    }

    pub(super) fn follow(&self, clock: &Arc<dyn QueueClock>) {
        self.clock.follow(clock);
    }

    /// Returns true if the messages lie in a database.
    pub(super) fn is_durable(&self) -> bool {
        self.database.is_some()
    }

    /// Takes over a message that the database has.
    pub(super) fn restore(&self, stored: Stored) {
        let mut line = self.line.lock();
        line.hold(stored.bytes);
        let item = Item {
            id: stored.id.into(),
            attempts: stored.attempts,
            bytes: stored.bytes,
            place: 0,
            body: Body::Row(stored.number),
        };
        line.add(item, stored.delay.and_then(|delay| self.clock.due(delay)));
    }

    /// Returns the numbers of all messages and of those that are ready.
    pub(super) fn counts(&self) -> (usize, usize) {
        self.line.lock().counts(self.clock.now())
    }

    /// Adds a message to a queue in memory.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the queue is full.
    pub(super) fn put_now(&self, new: NewMessage) -> Result<(), Error> {
        let bytes = new.content.bytes();
        let mut line = self.line.lock();
        line.reserve(&self.settings, bytes)?;
        line.add(
            Item {
                id: new.id,
                attempts: 0,
                bytes,
                place: 0,
                body: Body::Held(new.content),
            },
            self.clock.due(new.delay),
        );
        drop(line);
        self.changed.notify_one();
        Ok(())
    }

    /// Adds a message, and returns once it is on the disk.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the queue is full; `Unavailable` if the disk does not work.
    pub(super) async fn put(self: &Arc<Self>, host: usize, new: NewMessage) -> Result<(), Error> {
        let Some(database) = &self.database else {
            return self.put_now(new);
        };
        let room = Room::take(self, new.content.bytes())?;
        let (id, delay) = (Arc::clone(&new.id), new.delay);
        let settings = Arc::clone(&self.settings);
        let job = move |c: &rusqlite::Connection| table::insert(c, &settings.id, &new);
        let placed = move |number: &i64| room.fill(id, 0, *number, delay);
        database.write(host, job, placed).await.map(|_| ())
    }

    /// Takes up to `most` messages, and waits until there is one.
    ///
    /// # Errors
    ///
    /// Those of the database; then no message was taken.
    pub(super) async fn take(
        self: &Arc<Self>,
        host: usize,
        most: usize,
    ) -> Result<Vec<Held>, Error> {
        loop {
            // Before the look: a message that comes after it wakes.
            let changed = self.changed.notified();
            let (taken, due) = self.take_ready(most);
            if !taken.is_empty() {
                let _busy = self.clock.busy();
                return self.with_contents(host, taken).await;
            }
            match due {
                None => changed.await,
                Some(due) => tokio::select! {
                    () = changed => {}
                    () = self.clock.sleep_until(due) => {}
                },
            }
        }
    }

    /// Takes messages that are ready; the time of the next delayed one if there are none.
    fn take_ready(self: &Arc<Self>, most: usize) -> (Vec<Taken>, Option<Instant>) {
        let now = self.clock.now();
        let mut line = self.line.lock();
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(item) = line.take(now)
        {
            taken.push(Taken {
                queue: Arc::clone(self),
                item: Some(item),
            });
        }
        let (is_ready, due) = (line.is_ready(), line.next_due());
        drop(line);
        if is_ready {
            // One notice may stand for many messages, and this taker has enough.
            self.changed.notify_one();
        }
        (taken, due)
    }

    /// Reads the contents of messages.
    async fn with_contents(
        self: &Arc<Self>,
        host: usize,
        taken: Vec<Taken>,
    ) -> Result<Vec<Held>, Error> {
        let rows: Vec<i64> = taken.iter().filter_map(Taken::row).collect();
        let contents = match &self.database {
            Some(database) if !rows.is_empty() => {
                let job = move |c: &rusqlite::Connection| {
                    let contents = rows.iter().map(|number| table::content(c, *number));
                    contents.collect::<Result<Vec<_>, Error>>()
                };
                database.read(host, job).await?
            }
            _ => Vec::new(),
        };
        let mut contents = contents.into_iter();
        let mut held = Vec::with_capacity(taken.len());
        for mut taken in taken {
            let Some(item) = taken.item.take() else {
                continue;
            };
            let content = match &item.body {
                Body::Held(content) => Some(content.clone()),
                Body::Row(_) => contents.next().flatten(),
            };
            match content {
                Some(content) => held.push(Held {
                    queue: Arc::clone(self),
                    item: Some(item),
                    content,
                }),
                None => {
                    let queue = &*self.settings.id;
                    tracing::error!(queue, id = &*item.id, "a message is missing on the disk");
                    self.line.lock().remove(item.bytes);
                }
            }
        }
        Ok(held)
    }

    fn add(&self, item: Item, delay: Duration) {
        self.line.lock().add(item, self.clock.due(delay));
        self.changed.notify_one();
    }

    fn release(&self, item: Item) {
        self.line.lock().release(item);
        self.changed.notify_one();
    }
}

/// Room for a message that is on its way to the disk. Dropped, it is given back.
struct Room {
    queue: Arc<Local>,
    bytes: u64,
    is_filled: bool,
}

impl Room {
    fn take(queue: &Arc<Local>, bytes: u64) -> Result<Room, Error> {
        queue.line.lock().reserve(&queue.settings, bytes)?;
        Ok(Room {
            queue: Arc::clone(queue),
            bytes,
            is_filled: false,
        })
    }

    /// Puts the message into its room.
    fn fill(mut self, id: Arc<str>, attempts: u32, number: i64, delay: Duration) {
        self.is_filled = true;
        let item = Item {
            id,
            attempts,
            bytes: self.bytes,
            place: 0,
            body: Body::Row(number),
        };
        self.queue.add(item, delay);
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if !self.is_filled {
            self.queue.line.lock().remove(self.bytes);
        }
    }
}

/// A message that was taken, before its content was read. Dropped, it is back in its place.
struct Taken {
    queue: Arc<Local>,
    item: Option<Item>,
}

impl Taken {
    fn row(&self) -> Option<i64> {
        match self.item.as_ref()?.body {
            Body::Row(number) => Some(number),
            Body::Held(_) => None,
        }
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.queue.release(item);
        }
    }
}

impl Held {
    pub(super) fn id(&self) -> Arc<str> {
        match &self.item {
            Some(item) => Arc::clone(&item.id),
            None => "".into(),
        }
    }

    pub(super) fn content(&self) -> &Content {
        &self.content
    }

    /// Returns the attempts that have failed.
    pub(super) fn attempts(&self) -> u32 {
        self.item.as_ref().map_or(0, |item| item.attempts)
    }

    fn row(&self) -> Option<(i64, Arc<Database>)> {
        let database = self.queue.database.as_ref()?;
        match self.item.as_ref()?.body {
            Body::Row(number) => Some((number, Arc::clone(database))),
            Body::Held(_) => None,
        }
    }

    /// Removes the message.
    ///
    /// # Errors
    ///
    /// Those of the database; the message then comes again later.
    pub(super) async fn remove(mut self, host: usize) -> Result<(), Error> {
        if let Some((number, database)) = self.row() {
            let job = move |c: &rusqlite::Connection| table::delete(c, number);
            if let Err(error) = database.write(host, job, |()| {}).await {
                self.later(AFTER_A_FAULT);
                return Err(error);
            }
        }
        self.remove_now();
        Ok(())
    }

    /// Puts the message at the end as it is. The disk knows nothing of it.
    pub(super) fn later(mut self, delay: Duration) {
        if let Some(item) = self.item.take() {
            self.queue.add(item, delay);
        }
    }

    /// Removes the message of a queue in memory; false if it has a row.
    pub(super) fn try_remove(&mut self) -> bool {
        if self.row().is_some() {
            return false;
        }
        self.remove_now();
        true
    }

    fn remove_now(&mut self) {
        if let Some(item) = self.item.take() {
            self.queue.line.lock().remove(item.bytes);
        }
    }

    /// Puts the message at the end, after `attempts` that have failed.
    ///
    /// # Errors
    ///
    /// Those of the database; the message then comes again later.
    pub(super) async fn put_back(
        mut self,
        host: usize,
        attempts: u32,
        delay: Duration,
    ) -> Result<(), Error> {
        let body = match self.row() {
            Some((number, database)) => {
                let job =
                    move |c: &rusqlite::Connection| table::put_back(c, number, attempts, delay);
                match database.write(host, job, |_| {}).await {
                    Ok(number) => Some(Body::Row(number)),
                    Err(error) => {
                        self.later(AFTER_A_FAULT);
                        return Err(error);
                    }
                }
            }
            None => None,
        };
        if let Some(item) = self.item.take() {
            let item = Item {
                attempts,
                body: body.unwrap_or(item.body),
                ..item
            };
            self.queue.add(item, delay);
        }
        Ok(())
    }

    /// Moves the message to the end of a queue of the same database, with this content.
    /// Returns the message itself if the other queue has another database.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the other queue is full, and the errors of the database, with the
    /// message.
    pub(super) async fn move_to(
        mut self,
        host: usize,
        other: &Arc<Local>,
        content: &Content,
    ) -> Result<Option<Held>, (Held, Error)> {
        let Some((number, database)) = self.row() else {
            return Ok(Some(self));
        };
        let is_same = other.database.as_ref();
        if !is_same.is_some_and(|other| Arc::ptr_eq(other, &database)) {
            return Ok(Some(self));
        }
        let room = match Room::take(other, content.bytes()) {
            Ok(room) => room,
            Err(error) => return Err((self, error)),
        };
        let (settings, content, id) = (Arc::clone(&other.settings), content.clone(), self.id());
        let job = move |c: &rusqlite::Connection| table::move_to(c, number, &settings.id, &content);
        let placed = move |number: &i64| room.fill(id, 0, *number, Duration::ZERO);
        if let Err(error) = database.write(host, job, placed).await {
            return Err((self, error));
        }
        self.remove_now();
        Ok(None)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(item) = self.item.take() {
            self.queue.release(item);
        }
    }
}
