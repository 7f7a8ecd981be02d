//! Stores: values under keys, which processes share.
//!
//! The manifest declares a store and grants it to definitions. All processes with the grant see
//! the same values. A store that is not granted is `NotFound`, like one that does not exist.
//!
//! ```no_run
//! use warren_guest::{Error, store};
//!
//! # fn example() -> Result<(), Error> {
//! let cache = store::open("app:cache")?;
//! cache.set("orders/7", ("tea", 3))?;
//! let (name, count): (String, u32) = cache.get("orders/7")?;
//! let visits = cache.incr("visits", 1)?;
//! # Ok(()) }
//! ```
//!
//! Each function waits until it is done, for the disk if the store is durable. It may be
//! `Invalid` (a key that is empty or longer than 1,024 bytes), `PermissionDenied` and
//! `Unavailable` (the disk does not work).

use core::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Value;
use super::call::call;
use super::process::nanoseconds;
use super::queue::{Message, Queue};
use crate::mailbox::Subscription;
use crate::{Error, kind};

/// Opens a store. A name without `:` is one of `app`.
///
/// # Errors
///
/// `NotFound`: the store is not granted, or does not exist.
pub fn open(id: &str) -> Result<Store, Error> {
    let id = call("store.open", id)?;
    Ok(Store { id })
}

/// A store that was opened.
///
/// ```
/// use warren_guest::store;
///
/// let cache = store::open("cache")?;
/// assert_eq!(cache.id(), "app:cache");
/// cache.set("orders/7", ("tea", 3))?;
/// let (name, count): (String, u32) = cache.get("orders/7")?;
/// assert_eq!((&*name, count), ("tea", 3));
/// assert_eq!(cache.find::<u32>("orders/8")?, None);
/// assert!(cache.delete("orders/7")?);
/// assert!(!cache.has("orders/7")?);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Store {
    id: String,
}

/// An entry of a store.
///
/// ```
/// use warren_guest::store::{self, Entry};
///
/// let stock = store::open("app:stock")?;
/// stock.set("tea", 7)?;
/// let entry: Entry<u32> = stock.entry("tea")?;
/// assert_eq!((&*entry.key, entry.value), ("tea", 7));
/// // An equal value makes another entry.
/// stock.set("tea", 7)?;
/// assert_ne!(stock.entry::<u32>("tea")?.version, entry.version);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Entry<T> {
    /// The key.
    pub key: String,
    /// The value.
    pub value: T,
    /// The version, which no other entry of the store ever has.
    pub version: String,
}

/// The condition and the life of a value that is [`put`](Store::put).
///
/// ```
/// use std::time::Duration;
/// use warren_guest::store::{self, Condition, Put};
/// use warren_guest::{kind, time};
///
/// let locks = store::open("app:locks")?;
/// let ttl = Duration::from_secs(30);
/// let lock = Put { condition: Condition::Absent, ttl: Some(ttl) };
/// locks.put("report", "anna", lock)?;
/// let refused = locks.put("report", "ben", lock);
/// assert!(refused.is_err_and(|error| error.is(kind::ALREADY_EXISTS)));
/// time::sleep(ttl)?;
/// locks.put("report", "ben", lock)?;
/// assert_eq!(locks.get::<String>("report")?, "ben");
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Put<'a> {
    /// The condition.
    pub condition: Condition<'a>,
    /// The time after which the entry ends; `None` for never.
    pub ttl: Option<Duration>,
}

/// The condition under which a value is set.
///
/// ```
/// use warren_guest::kind;
/// use warren_guest::store::{self, Condition, Put};
///
/// let stock = store::open("app:stock")?;
/// let version = stock.put("tea", 7, Put::default())?;
/// let unchanged = Put { condition: Condition::Version(&version), ..Put::default() };
/// stock.put("tea", 6, unchanged)?;
/// // The entry has another version now.
/// let refused = stock.put("tea", 5, unchanged);
/// assert!(refused.is_err_and(|error| error.is(kind::CONFLICT)));
/// assert_eq!(stock.get::<u32>("tea")?, 6);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Condition<'a> {
    /// Always.
    #[default]
    None,
    /// Only if the key has no value.
    Absent,
    /// Only if the present entry has this version.
    Version(&'a str),
}

/// The entries that a [`list`](Store::list) returns.
///
/// ```
/// use warren_guest::store::{self, List};
///
/// let stock = store::open("app:stock")?;
/// for key in ["mate", "tea/black", "tea/green"] {
///     stock.set(key, 7)?;
/// }
/// let mut list = List { prefix: "tea/", ..List::default() };
/// assert_eq!(stock.list::<u32>(list)?.items.len(), 2);
/// list.after = "tea/black";
/// let rest = stock.list::<u32>(list)?;
/// assert_eq!(rest.items.len(), 1);
/// assert_eq!(rest.items[0].key, "tea/green");
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct List<'a> {
    /// The beginning of all keys; empty for all entries.
    pub prefix: &'a str,
    /// The key after which the list begins, such as the [`cursor`](Page::cursor) of the page
    /// before; empty for the first page.
    pub after: &'a str,
    /// The most entries, up to 1,000; `None` for 100.
    pub limit: Option<u32>,
}

/// Entries in the order of the bytes of their keys.
///
/// ```
/// use warren_guest::store::{self, List, Page};
///
/// let orders = store::open("app:orders")?;
/// for (key, count) in [("a", 1), ("b", 2), ("c", 4), ("d", 8), ("e", 16)] {
///     orders.set(key, count)?;
/// }
/// let (mut pages, mut sum, mut after) = (0, 0, String::new());
/// loop {
///     let list = List { after: &after, limit: Some(2), ..List::default() };
///     let page: Page<u32> = orders.list(list)?;
///     pages += 1;
///     sum += page.items.iter().map(|order| order.value).sum::<u32>();
///     let Some(cursor) = page.cursor else { break };
///     after = cursor;
/// }
/// assert_eq!((pages, sum), (3, 31));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Page<T> {
    /// The entries.
    pub items: Vec<Entry<T>>,
    /// True if there may be more.
    pub has_more: bool,
    /// The key after which the next page begins, if there may be more.
    pub cursor: Option<String>,
}

impl Store {
    /// Returns the full id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Returns the value of a key.
    ///
    /// # Errors
    ///
    /// `NotFound`: there is no value, or it has ended. `Invalid`: the value has another type.
    pub fn get<T: DeserializeOwned>(&self, key: &str) -> Result<T, Error> {
        call("store.get", (&self.id, key))
    }

    /// Returns the value of a key, if there is one.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get), but for the absent value.
    pub fn find<T: DeserializeOwned>(&self, key: &str) -> Result<Option<T>, Error> {
        match self.get(key) {
            Ok(value) => Ok(Some(value)),
            Err(error) if error.is(kind::NOT_FOUND) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns true if the key has a value.
    ///
    /// # Errors
    ///
    /// Those of the [module](self).
    pub fn has(&self, key: &str) -> Result<bool, Error> {
        call("store.has", (&self.id, key))
    }

    /// Sets a value, in place of any other.
    ///
    /// # Errors
    ///
    /// `Invalid`: nil, a value that cannot cross, or one that is larger than `max_value` of the
    /// store. `RateLimited`: the store is full.
    pub fn set(&self, key: &str, value: impl Serialize) -> Result<(), Error> {
        let _: bool = call("store.set", (&self.id, key, &value))?;
        Ok(())
    }

    /// Sets a value that ends after a time.
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set).
    pub fn set_for(&self, key: &str, value: impl Serialize, ttl: Duration) -> Result<(), Error> {
        let _: bool = call("store.set", (&self.id, key, &value, lifetime(ttl)))?;
        Ok(())
    }

    /// Sets a value under a condition, and returns the version of the entry.
    ///
    /// ```no_run
    /// use warren_guest::store::{Condition, Put, Store};
    ///
    /// # fn example(stock: &Store) -> Result<(), warren_guest::Error> {
    /// let entry = stock.entry::<u32>("tea")?;
    /// let unchanged = Put { condition: Condition::Version(&entry.version), ..Put::default() };
    /// stock.put("tea", entry.value - 1, unchanged)?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`set`](Self::set). `AlreadyExists`, of [`Condition::Absent`]. `Conflict`, retryable, of
    /// [`Condition::Version`].
    pub fn put(&self, key: &str, value: impl Serialize, put: Put<'_>) -> Result<String, Error> {
        let (only_if_absent, if_version) = match put.condition {
            Condition::None => (false, None),
            Condition::Absent => (true, None),
            Condition::Version(version) => (false, Some(version)),
        };
        let options = PutOptions {
            ttl: put.ttl.map_or(0, lifetime),
            only_if_absent,
            if_version,
        };
        call("store.put", (&self.id, key, &value, options))
    }

    /// Returns the entry of a key.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get).
    pub fn entry<T: DeserializeOwned>(&self, key: &str) -> Result<Entry<T>, Error> {
        call("store.entry", (&self.id, key))
    }

    /// Removes a key. Returns true if it had a value.
    ///
    /// # Errors
    ///
    /// Those of the [module](self).
    pub fn delete(&self, key: &str) -> Result<bool, Error> {
        call("store.delete", (&self.id, key))
    }

    /// Adds to the integer of a key, 0 if there is none, and returns the sum.
    ///
    /// # Errors
    ///
    /// `Invalid`: the value is no integer, or the sum does not fit 64 bits. `RateLimited`: the
    /// store is full.
    pub fn incr(&self, key: &str, by: i64) -> Result<i64, Error> {
        call("store.incr", (&self.id, key, by))
    }

    /// Returns entries whose values have one type; [`Value`] is any.
    ///
    /// # Errors
    ///
    /// `Invalid`: a value of another type, or a limit above 1,000.
    pub fn list<T: DeserializeOwned>(&self, list: List<'_>) -> Result<Page<T>, Error> {
        let options = ListOptions {
            prefix: list.prefix,
            after: list.after,
            limit: list.limit.unwrap_or(100),
        };
        call("store.list", (&self.id, options))
    }

    /// Returns a map that describes the store.
    ///
    /// # Errors
    ///
    /// Those of the [module](self).
    pub fn info(&self) -> Result<Value, Error> {
        call("store.info", &self.id)
    }

    /// Watches the keys with a prefix. The watch ends with [`Watch::close`], with the process and
    /// at an upgrade.
    ///
    /// # Errors
    ///
    /// `RateLimited`: too many watches.
    pub fn watch(&self, prefix: &str) -> Result<Watch, Error> {
        let subscription: Subscription = call("store.watch", (&self.id, prefix))?;
        Ok(Watch(Queue::of(subscription)))
    }
}

/// The changes of the keys with a prefix, each once and in order.
///
/// ```
/// use warren_guest::store;
///
/// let stock = store::open("app:stock")?;
/// let teas = stock.watch("tea/")?;
/// stock.set("mate", 3)?;
/// stock.set("tea/green", 7)?;
/// assert_eq!(teas.recv()?.key, "tea/green");
/// assert_eq!(teas.try_recv()?, None);
/// teas.close()?;
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug)]
pub struct Watch(Queue);

/// A change of a key.
///
/// ```
/// use warren_guest::store::{self, Put};
///
/// let stock = store::open("app:stock")?;
/// let changes = stock.watch("")?;
/// let version = stock.put("tea", 7, Put::default())?;
/// stock.delete("tea")?;
/// let set = changes.recv()?;
/// assert_eq!((&*set.store, &*set.key), ("app:stock", "tea"));
/// assert_eq!(set.version, Some(version));
/// let deleted = changes.recv()?;
/// assert_eq!((&*deleted.key, deleted.version), ("tea", None));
/// assert_eq!(deleted.missed, 0);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[non_exhaustive]
pub struct Change {
    /// The full id of the store.
    pub store: String,
    /// The key.
    pub key: String,
    /// The version of the new value; `None` for a key that was deleted.
    pub version: Option<String>,
    /// The number of changes before this one that the watch has lost, because the process did
    /// not read them in time.
    #[serde(default)]
    pub missed: u64,
}

impl Watch {
    /// Waits for the next change.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv(&self) -> Result<Change, Error> {
        change(&self.0.recv()?)
    }

    /// Waits for the next change, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Change>, Error> {
        let message = self.0.recv_timeout(timeout)?;
        message.as_ref().map(change).transpose()
    }

    /// Returns the next change, if there is one already.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn try_recv(&self) -> Result<Option<Change>, Error> {
        self.0.try_recv()?.as_ref().map(change).transpose()
    }

    /// Ends the watch.
    ///
    /// # Errors
    ///
    /// There is no memory for the call.
    pub fn close(self) -> Result<(), Error> {
        let _: bool = call("store.unwatch", self.0.subscription())?;
        Ok(())
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.0
    }
}

pub(super) fn change(message: &Message) -> Result<Change, Error> {
    message.get()
}

#[derive(Serialize)]
struct PutOptions<'a> {
    ttl: u64,
    only_if_absent: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    if_version: Option<&'a str>,
}

#[derive(Serialize)]
struct ListOptions<'a> {
    prefix: &'a str,
    after: &'a str,
    limit: u32,
}

/// Returns a time to live in nanoseconds. 0 would be for ever.
fn lifetime(ttl: Duration) -> u64 {
    nanoseconds(ttl).max(1)
}

#[cfg(test)]
mod tests {
    use super::super::Select;
    use super::*;
    use crate::mock;

    fn store() -> Store {
        mock::reset();
        open("s").unwrap()
    }

    #[test]
    fn a_value_is_read_as_it_was_set() {
        let s = store();
        assert_eq!(s.id(), "app:s");
        s.set("a", ("tea", 3)).unwrap();
        assert_eq!(s.get::<(String, u8)>("a").unwrap(), ("tea".into(), 3));
        assert!(s.get::<u8>("a").is_err());
        assert!(s.has("a").unwrap() && !s.has("b").unwrap());
        assert_eq!(s.find::<u8>("b").unwrap(), None);
        assert!(s.get::<u8>("b").unwrap_err().is(kind::NOT_FOUND));
        assert!(s.delete("a").unwrap() && !s.delete("a").unwrap());
        assert!(s.set("", 1).unwrap_err().is(kind::INVALID));
        assert!(s.set("a", None::<u8>).unwrap_err().is(kind::INVALID));
        // Another store has entries of its own.
        s.set("a", 1).unwrap();
        assert!(!open("a:b").unwrap().has("a").unwrap());
        assert!(open("app:s").unwrap().has("a").unwrap());
    }

    #[test]
    fn versions_guard_a_change() {
        let s = store();
        let absent = Put {
            condition: Condition::Absent,
            ..Put::default()
        };
        let first = s.put("a", 1, absent).unwrap();
        assert!(s.put("a", 2, absent).unwrap_err().is(kind::ALREADY_EXISTS));
        let unchanged = Put {
            condition: Condition::Version(&first),
            ..Put::default()
        };
        let second = s.put("a", 2, unchanged).unwrap();
        let error = s.put("a", 3, unchanged).unwrap_err();
        assert!(error.is(kind::CONFLICT) && error.retryable == Some(true));
        let entry = s.entry::<u8>("a").unwrap();
        assert_eq!((entry.value, entry.version), (2, second));
    }

    #[test]
    fn an_entry_ends_after_its_time() {
        let s = store();
        s.set_for("a", 1, Duration::from_millis(5)).unwrap();
        s.set_for("b", 1, Duration::ZERO).unwrap();
        let put = Put {
            ttl: Some(Duration::from_millis(5)),
            ..Put::default()
        };
        s.put("c", 1, put).unwrap();
        super::super::time::sleep(Duration::from_millis(1)).unwrap();
        assert_eq!(
            [s.has("a"), s.has("b"), s.has("c")],
            [Ok(true), Ok(false), Ok(true)]
        );
        super::super::time::sleep(Duration::from_millis(5)).unwrap();
        assert!(!s.has("a").unwrap() && !s.has("c").unwrap());
    }

    #[test]
    fn integers_are_added() {
        let s = store();
        assert_eq!([s.incr("n", 1), s.incr("n", -3)], [Ok(1), Ok(-2)]);
        s.set("n", i64::MAX).unwrap();
        assert!(s.incr("n", 1).unwrap_err().is(kind::INVALID));
        s.set("n", "text").unwrap();
        assert!(s.incr("n", 1).unwrap_err().is(kind::INVALID));
    }

    #[test]
    fn pages_follow_each_other() {
        let s = store();
        for key in ["b/2", "a/1", "b/1", "b/3", "c"] {
            s.set(key, key).unwrap();
        }
        let mut list = List {
            prefix: "b/",
            limit: Some(2),
            ..List::default()
        };
        let first: Page<String> = s.list(list).unwrap();
        let keys: Vec<_> = first.items.iter().map(|entry| &*entry.key).collect();
        assert_eq!((keys, first.has_more), (vec!["b/1", "b/2"], true));
        list.after = first.cursor.as_deref().unwrap();
        let last: Page<Value> = s.list(list).unwrap();
        assert_eq!(last.items[0].value, "b/3".into());
        assert_eq!(
            (last.items.len(), last.has_more, last.cursor),
            (1, false, None)
        );
    }

    #[test]
    fn a_watch_yields_changes() {
        let s = store();
        let watch = s.watch("a/").unwrap();
        s.set("b", 1).unwrap();
        s.set("a/1", 1).unwrap();
        s.incr("a/1", 1).unwrap();
        s.delete("a/1").unwrap();
        s.delete("a/1").unwrap();
        let change = watch.recv().unwrap();
        assert_eq!(
            (&*change.store, &*change.key, change.missed),
            ("app:s", "a/1", 0)
        );
        assert!(change.version.is_some());
        let second = Select::new().on(&watch, |change| change).wait().unwrap();
        assert_ne!(second.version, change.version);
        assert_eq!(watch.try_recv().unwrap().unwrap().version, None);
        assert_eq!(watch.try_recv().unwrap(), None);
        watch.close().unwrap();
        s.set("a/1", 1).unwrap();
    }
}
