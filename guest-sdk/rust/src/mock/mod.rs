//! A small runtime inside the guest's own process, for tests: the one process that
//! is tested, clocks that stand still until a receive waits, and a record of all
//! that the process does to others.
//!
//! Another process exists once the tested one has spawned it or has got a message
//! of it, or once [`play`] names it. It does nothing by itself: [`Runtime::sent`]
//! records what it is sent, and [`play`] and [`play_spawned`] let the test answer.
//!
//! Each thread has a runtime of its own.
//!
//! ```
//! use warren_guest::mock::{self, Signal};
//! use warren_guest::server;
//!
//! mock::reset();
//! let store = mock::play("store", |store, sent| {
//!     if let Signal::Message { .. } = &sent.signal {
//!         store.reply(sent, "seven");
//!     }
//! });
//! let answer: String = server::call("store", "how many?").unwrap();
//! assert_eq!(answer, "seven");
//! assert_eq!(mock::with(|runtime| runtime.sent.len()), 2); // the watch, and the call
//! # let _ = store;
//! ```

mod others;
mod stores;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use crate::Error;
use crate::mailbox::Subscription;
use crate::msgpack::Output;

use others::Other;
pub use others::{Peer, Sent, Signal, play, play_spawned};
pub(crate) use others::{signal, tell_spawned};
use stores::Stores;

/// The PID of the tested process.
pub const PID: &str = "{app:test|0x00001}";

/// Answers an operation: given its name and the encoded request, returns the encoded value.
///
/// ```
/// use warren_guest::raw::Buffer;
/// use warren_guest::raw::capability::{self, Called};
/// use warren_guest::{Error, mock};
///
/// fn shop(operation: &str, _request: &[u8]) -> Result<Vec<u8>, Error> {
///     match operation {
///         "shop.stock" => Ok(vec![7]),
///         other => Err(Error::not_found(format!("operation not found: {other}"))),
///     }
/// }
///
/// let answers: mock::Capability = shop;
/// mock::with(|runtime| runtime.capability = Some(answers));
/// let mut buffer = Buffer::new();
/// let called = capability::call("shop.stock", b"\x90", &mut buffer);
/// assert_eq!(called, Ok(Called::Value(&[7])));
/// ```
pub type Capability = fn(&str, &[u8]) -> Result<Vec<u8>, Error>;

/// The recorded calls of the process, and the answers it gets.
///
/// ```
/// use warren_guest::{Spawn, mock};
///
/// warren_guest::println!("hello");
/// Spawn::new("app:worker").start()?;
/// mock::with(|runtime| {
///     assert_eq!(runtime.output(), "hello\n");
///     assert_eq!(runtime.spawned[0].definition, "app:worker");
///     assert_eq!(runtime.unread(), 0);
/// });
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Runtime {
    /// Name and code that `program.code` returns.
    pub code: Option<(String, Vec<u8>)>,
    /// Arguments that `program.arguments` returns, encoded.
    pub arguments: Vec<u8>,
    /// The prepared code of modules, by name.
    pub modules: BTreeMap<String, Vec<u8>>,
    /// True if the process is to count how often the lines of its code run.
    pub covered: bool,
    /// Bytes written to standard output and standard error.
    pub written: [Vec<u8>; 2],
    /// Bytes written to each stream at its last flush.
    pub flushed: [usize; 2],
    /// Unread bytes of standard input.
    pub input: VecDeque<u8>,
    /// Messages of the log.
    pub logged: Vec<String>,
    /// Definition, host, arguments and options of each spawn and exec.
    pub spawned: Vec<Spawned>,
    /// Effects of the process on others, in order.
    pub sent: Vec<Sent>,
    /// The program's end.
    pub outcome: Option<Outcome>,
    /// Code that `program.prepared` was given.
    pub prepared: Option<Vec<u8>>,
    /// Answers the operations of capabilities: given the name and the encoded request,
    /// returns the encoded value. Without it, only `process.watch`, `process.abandon`,
    /// `process.cancel` and `process.stop` exist, and the operations of `store`: every store
    /// is granted, and begins empty.
    pub capability: Option<Capability>,
    /// Number of calls of `mailbox.receive`.
    pub receives: usize,
    /// Number of wanted subscriptions of the last of these calls.
    pub wanted: usize,
    /// True if each receive that would wait asks the process to return first.
    pub parks: bool,
    /// The wanted subscriptions of the last call of `mailbox.await`.
    pub awaited: Option<Vec<Subscription>>,
    /// True after the process was asked, until it receives again.
    is_asked: bool,
    /// The monotonic clock, in nanoseconds.
    pub monotonic: u64,
    /// The state of the sequence of random bytes.
    pub(crate) random: u64,
    /// The options of the process, as bits.
    pub(crate) options: u32,
    /// The PID of each registered name.
    names: BTreeMap<String, String>,
    /// The other processes, by PID.
    others: BTreeMap<String, Other>,
    queues: BTreeMap<Subscription, VecDeque<Stored>>,
    topics: BTreeMap<String, Subscription>,
    stores: Stores,
    unclaimed: VecDeque<Stored>,
    held: Vec<u8>,
}

/// A spawn or an exec.
///
/// ```
/// use warren_guest::codec::from_values;
/// use warren_guest::{Spawn, mock};
///
/// Spawn::new("app:resize").arg("a.png").arg(640).start()?;
/// let spawned = mock::with(|runtime| runtime.spawned[0].clone());
/// assert_eq!(spawned.definition, "app:resize");
/// let arguments: (String, u32) = from_values(&spawned.arguments)?;
/// assert_eq!(arguments, ("a.png".to_owned(), 640));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spawned {
    /// The PID of the new process; empty for an exec.
    pub pid: String,
    /// The id of the definition.
    pub definition: String,
    /// The id of the host.
    pub host: String,
    /// Encoded.
    pub arguments: Vec<u8>,
    /// Encoded, or empty.
    pub options: Vec<u8>,
}

/// The end of a program.
///
/// ```
/// use warren_guest::mock::{self, Outcome};
/// use warren_guest::{Error, Event, Spawn, events, kind};
///
/// let worker = Spawn::new("app:worker").monitored().start()?;
/// let failed = Outcome::Failed(Error::timeout("no answer"));
/// mock::play(worker.as_str(), |_, _| {}).end(failed);
/// let Event::Exit { result, .. } = events().recv()? else {
///     panic!("the worker has ended");
/// };
/// assert!(result.is_err_and(|error| error.is(kind::TIMEOUT)));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// A result, encoded, or none.
    Finished(Option<Vec<u8>>),
    /// An error.
    Failed(Error),
}

#[derive(Debug, Clone)]
struct Stored {
    sender: String,
    topic: String,
    payload: Vec<u8>,
}

thread_local! {
    static RUNTIME: RefCell<Runtime> = RefCell::default();
}

/// Runs an action on the runtime of this thread.
pub fn with<T>(action: impl FnOnce(&mut Runtime) -> T) -> T {
    RUNTIME.with(|runtime| action(&mut runtime.borrow_mut()))
}

/// Resets the runtime of this thread. No process is played any more.
pub fn reset() {
    others::forget_players();
    crate::random::forget_stock();
    #[cfg(feature = "sdk")]
    crate::server::forget_watches();
    with(|runtime| *runtime = Runtime::default());
}

const INBOX: &str = "@inbox";

impl Runtime {
    /// Routes a message as the runtime does; `payload` is encoded. A sender that is no
    /// process yet becomes one.
    pub fn deliver(&mut self, sender: &str, topic: &str, payload: &[u8]) {
        if !sender.is_empty() && sender != PID && !self.others.contains_key(sender) {
            self.others.insert(sender.into(), Other::default());
        }
        let stored = Stored {
            sender: sender.into(),
            topic: topic.into(),
            payload: payload.into(),
        };
        let subscription = self.topics.get(topic).or_else(|| self.topics.get(INBOX));
        match subscription.and_then(|subscription| self.queues.get_mut(subscription)) {
            Some(queue) => queue.push_back(stored),
            None => self.unclaimed.push_back(stored),
        }
    }

    /// Returns the text written to standard output.
    pub fn output(&self) -> String {
        String::from_utf8_lossy(&self.written[0]).into_owned()
    }

    /// Returns the number of messages in all queues.
    pub fn unread(&self) -> usize {
        let queued: usize = self.queues.values().map(VecDeque::len).sum();
        queued + self.unclaimed.len()
    }

    pub(crate) fn open(&mut self, topic: &str) -> Subscription {
        if let Some(subscription) = self.topics.get(topic) {
            return *subscription;
        }
        let subscription = self.subscribe();
        self.topics.insert(topic.into(), subscription);
        let waiting = std::mem::take(&mut self.unclaimed);
        let (claimed, rest): (VecDeque<_>, _) = waiting
            .into_iter()
            .partition(|stored| topic == INBOX || stored.topic == topic);
        self.unclaimed = rest;
        self.queues.insert(subscription, claimed);
        subscription
    }

    pub(crate) fn open_inbox(&mut self) -> Subscription {
        self.open(INBOX)
    }

    pub(crate) fn close(&mut self, subscription: Subscription) {
        self.topics.retain(|_, own| *own != subscription);
        self.queues.remove(&subscription);
    }

    /// Answers every exec at once, with its own arguments.
    pub(crate) fn exec(&mut self, spawned: Spawned) -> Subscription {
        let subscription = self.subscribe();
        let mut payload = b"\x91\x81\xa5value".to_vec();
        payload.extend_from_slice(&spawned.arguments);
        let answer = Stored {
            sender: String::new(),
            topic: "@exec".into(),
            payload,
        };
        self.queues.insert(subscription, VecDeque::from([answer]));
        self.spawned.push(spawned);
        subscription
    }

    /// Opens a queue for the one outcome of an operation.
    pub(crate) fn open_outcome(&mut self) -> Subscription {
        let subscription = self.subscribe();
        self.queues.insert(subscription, VecDeque::new());
        subscription
    }

    /// Puts an encoded array of one outcome into its queue.
    pub(crate) fn put_outcome(&mut self, subscription: Subscription, payload: Vec<u8>) {
        if let Some(queue) = self.queues.get_mut(&subscription) {
            queue.push_back(Stored {
                sender: String::new(),
                topic: "@exec".into(),
                payload,
            });
        }
    }

    /// Returns true if a receive asks the process to return: it would wait, and the last one
    /// has not asked.
    pub(crate) fn asks_to_return(&mut self, wanted: &[Subscription], deadline: i64) -> bool {
        let is_empty = |subscription| self.queues.get(subscription).is_none_or(VecDeque::is_empty);
        let waits = wanted.iter().all(is_empty)
            && u64::try_from(deadline).map_or(true, |deadline| deadline > self.monotonic);
        self.is_asked = self.parks && waits && !self.is_asked;
        self.is_asked
    }

    /// Returns a record of the flat ABI, or nothing at the deadline.
    pub(crate) fn receive(
        &mut self,
        wanted: &[Subscription],
        deadline: i64,
    ) -> Result<Vec<u8>, Error> {
        self.receives += 1;
        self.wanted = wanted.len();
        loop {
            if let Some(record) = self.take_first(wanted) {
                return Ok(record);
            }
            // Waiting takes no real time, but advances the clock.
            let until = u64::try_from(deadline).ok();
            match (until, self.next_end()) {
                (until, Some((at, pid))) if until.is_none_or(|until| at <= until) => {
                    self.monotonic = self.monotonic.max(at);
                    self.end(&pid, Outcome::Failed(others::terminated()));
                }
                (Some(until), _) => {
                    self.monotonic = self.monotonic.saturating_add(1).max(until);
                    return Ok(Vec::new());
                }
                (None, _) => return Err(Error::internal("this process would wait for ever")),
            }
        }
    }

    /// Takes the oldest message of the first of these queues that has one, as a record of
    /// the flat ABI.
    fn take_first(&mut self, wanted: &[Subscription]) -> Option<Vec<u8>> {
        for subscription in wanted {
            let Some(stored) = self
                .queues
                .get_mut(subscription)
                .and_then(VecDeque::pop_front)
            else {
                continue;
            };
            let mut record = Vec::new();
            for number in [
                *subscription,
                stored.sender.len() as u32,
                stored.topic.len() as u32,
            ] {
                record.extend_from_slice(&number.to_le_bytes());
            }
            record.extend_from_slice(stored.sender.as_bytes());
            record.extend_from_slice(stored.topic.as_bytes());
            record.extend_from_slice(&stored.payload);
            return Some(record);
        }
        None
    }

    /// Returns the status of a result, which is written to the range or held.
    ///
    /// # Safety
    /// The range is writable.
    pub(crate) unsafe fn settle(
        &mut self,
        result: Result<Vec<u8>, Error>,
        out: *mut u8,
        cap: usize,
    ) -> i32 {
        match result {
            Ok(bytes) => {
                if bytes.len() <= cap {
                    // SAFETY: as promised by the caller.
                    unsafe { out.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len()) };
                    self.held.clear();
                    bytes.len() as i32
                } else {
                    self.held = bytes;
                    self.held.len() as i32
                }
            }
            Err(error) => self.fail(&error),
        }
    }

    pub(crate) fn fail(&mut self, error: &Error) -> i32 {
        let mut output = Output::new();
        output.lift_limit();
        // A test has memory enough.
        let _ = error.encode(&mut output);
        self.held = output.as_slice().to_vec();
        -(self.held.len() as i32)
    }

    /// # Safety
    /// The range is writable.
    pub(crate) unsafe fn take(&mut self, out: *mut u8, cap: usize) -> i32 {
        let held = std::mem::take(&mut self.held);
        if held.len() <= cap {
            // SAFETY: as promised by the caller.
            unsafe { out.copy_from_nonoverlapping(held.as_ptr(), held.len()) };
        }
        held.len() as i32
    }

    fn subscribe(&self) -> Subscription {
        self.queues.keys().next_back().map_or(1, |last| last + 1)
    }
}
