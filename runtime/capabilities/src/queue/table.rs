//! The messages of durable queues, as rows of one database.
//!
//! All durable queues of a program share a database, so that a message moves to another queue
//! in one transaction. A row has no owner: which messages are in hand is known in memory
//! alone, and after a crash all of them are there again.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use warren_kernel::{Error, nanoseconds};

use super::message::{Content, NewMessage};
use crate::sqlite::{Tables, failed};

/// `number` is the place in the line: a message that returns to the end gets another one.
/// `due` is in milliseconds of the wall clock, since a message may outlive the program.
pub(super) const TABLES: Tables = Tables {
    version: 1,
    text: "
    CREATE TABLE messages (
        number INTEGER PRIMARY KEY,
        queue TEXT NOT NULL,
        id TEXT NOT NULL,
        due INTEGER,
        attempts INTEGER NOT NULL,
        bytes INTEGER NOT NULL,
        headers BLOB NOT NULL,
        value BLOB NOT NULL
    );
    ",
};

/// A row without its content.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) number: i64,
    pub(super) queue: String,
    pub(super) id: String,
    /// Time from now until the message is due.
    pub(super) delay: Option<Duration>,
    pub(super) attempts: u32,
    pub(super) bytes: u64,
}

/// Reads all rows without their contents, in the order of their places.
pub(super) fn all(c: &Connection) -> rusqlite::Result<Vec<Stored>> {
    let now = now();
    let text = "SELECT number, queue, id, due, attempts, bytes FROM messages ORDER BY number";
    let mut statement = c.prepare(text)?;
    let row = |row: &Row<'_>| -> rusqlite::Result<Stored> {
        let due: Option<i64> = row.get(3)?;
        let delay = due.and_then(|due| u64::try_from(due.saturating_sub(now)).ok());
        Ok(Stored {
            number: row.get(0)?,
            queue: row.get(1)?,
            id: row.get(2)?,
            delay: delay.filter(|delay| *delay > 0).map(Duration::from_millis),
            attempts: row.get(4)?,
            bytes: row.get::<_, i64>(5)?.cast_unsigned(),
        })
    };
    statement.query_map([], row)?.collect()
}

/// Adds a message at the end. Returns its number.
pub(super) fn insert(c: &Connection, queue: &str, message: &NewMessage) -> Result<i64, Error> {
    let text = "INSERT INTO messages (queue, id, due, attempts, bytes, headers, value)
                VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6)";
    let content = &message.content;
    c.prepare_cached(text)
        .and_then(|mut statement| {
            statement.insert(params![
                queue,
                &*message.id,
                due(message.delay),
                content.bytes().cast_signed(),
                &*content.headers,
                &*content.value,
            ])
        })
        .map_err(wrong)
}

/// Reads the content of a message; `None` if it is gone.
pub(super) fn content(c: &Connection, number: i64) -> Result<Option<Content>, Error> {
    let row = |row: &Row<'_>| -> rusqlite::Result<Content> {
        let (headers, value): (Vec<u8>, Vec<u8>) = (row.get(0)?, row.get(1)?);
        Ok(Content {
            headers: headers.into(),
            value: value.into(),
        })
    };
    c.prepare_cached("SELECT headers, value FROM messages WHERE number = ?1")
        .and_then(|mut statement| statement.query_row([number], row).optional())
        .map_err(wrong)
}

/// Removes a message.
pub(super) fn delete(c: &Connection, number: i64) -> Result<(), Error> {
    c.prepare_cached("DELETE FROM messages WHERE number = ?1")
        .and_then(|mut statement| statement.execute([number]))
        .map(|_| ())
        .map_err(wrong)
}

/// Moves a message to the end, after a failed attempt. Returns its new number.
pub(super) fn put_back(
    c: &Connection,
    number: i64,
    attempts: u32,
    delay: Duration,
) -> Result<i64, Error> {
    let last = last(c)?;
    c.prepare_cached("UPDATE messages SET number = ?2, attempts = ?3, due = ?4 WHERE number = ?1")
        .and_then(|mut statement| statement.execute(params![number, last, attempts, due(delay)]))
        .map_err(wrong)?;
    Ok(last)
}

/// Moves a message to the end of another queue, with other headers. Returns its new number.
pub(super) fn move_to(
    c: &Connection,
    number: i64,
    queue: &str,
    content: &Content,
) -> Result<i64, Error> {
    let last = last(c)?;
    let text = "UPDATE messages SET number = ?2, queue = ?3, attempts = 0, due = NULL,
                bytes = ?4, headers = ?5 WHERE number = ?1";
    c.prepare_cached(text)
        .and_then(|mut statement| {
            statement.execute(params![
                number,
                last,
                queue,
                content.bytes().cast_signed(),
                &*content.headers,
            ])
        })
        .map_err(wrong)?;
    Ok(last)
}

/// Returns a number behind all others.
fn last(c: &Connection) -> Result<i64, Error> {
    c.prepare_cached("SELECT COALESCE(MAX(number), 0) + 1 FROM messages")
        .and_then(|mut statement| statement.query_row([], |row| row.get(0)))
        .map_err(wrong)
}

/// Returns the time at which a delay ends; `None` if there is none.
fn due(delay: Duration) -> Option<i64> {
    let milliseconds = nanoseconds(delay).div_ceil(1_000_000);
    let milliseconds = i64::try_from(milliseconds).unwrap_or(i64::MAX);
    (milliseconds > 0).then(|| now().saturating_add(milliseconds))
}

/// Milliseconds on the wall clock.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = nanoseconds(now.unwrap_or_default()) / 1_000_000;
    i64::try_from(now).unwrap_or(i64::MAX)
}

fn wrong(error: rusqlite::Error) -> Error {
    failed(&error)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn new(id: &str, delay: Duration) -> NewMessage {
        NewMessage {
            id: Arc::from(id),
            content: Content {
                headers: Arc::from(*b"\x80"),
                value: Arc::from(*b"\x07"),
            },
            delay,
        }
    }

    #[test]
    fn rows_keep_their_order_and_what_is_put_back_is_last() {
        let c = Connection::open_in_memory().unwrap();
        c.execute_batch(TABLES.text).unwrap();
        let ids = |c: &Connection| -> Vec<String> {
            all(c).unwrap().into_iter().map(|row| row.id).collect()
        };
        let hour = Duration::from_secs(3600);
        let a = insert(&c, "t:q", &new("a", Duration::ZERO)).unwrap();
        let b = insert(&c, "t:q", &new("b", hour)).unwrap();
        insert(&c, "t:q", &new("c", Duration::ZERO)).unwrap();
        assert_eq!(ids(&c), ["a", "b", "c"]);
        let rows = all(&c).unwrap();
        assert_eq!(rows[0].delay, None);
        assert!(rows[1].delay.is_some_and(|delay| delay <= hour));
        let a = put_back(&c, a, 1, Duration::ZERO).unwrap();
        assert_eq!(ids(&c), ["b", "c", "a"]);
        delete(&c, b).unwrap();
        let told = Content {
            headers: Arc::from(*b"\x81\xa1x\x01"),
            value: Arc::from(*b"\x07"),
        };
        let moved = move_to(&c, a, "t:dead", &told).unwrap();
        let row = all(&c).unwrap().pop().unwrap();
        let expected = Stored {
            number: moved,
            queue: "t:dead".to_owned(),
            id: "a".to_owned(),
            delay: None,
            attempts: 0,
            bytes: 5,
        };
        assert_eq!(row, expected);
        assert_eq!(content(&c, moved).unwrap().unwrap().headers, told.headers);
        assert!(content(&c, 77).unwrap().is_none());
    }
}
