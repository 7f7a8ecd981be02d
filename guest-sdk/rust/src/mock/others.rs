//! Other processes than the tested one: a record of what they are sent, and their parts,
//! played by the test.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use super::{Outcome, PID, Runtime, with};
use crate::mailbox::Subscription;
use crate::msgpack::{Full, Input, Output, Token};
use crate::{Error, kind};

/// An effect of the tested process on another one.
///
/// ```
/// use warren_guest::{mock, send};
///
/// mock::play("store", |_, _| {});
/// send("store", "put", ("apples", 7))?;
/// let sent = mock::with(|runtime| runtime.sent[0].clone());
/// assert_eq!(sent.to, "store");
/// assert_eq!(sent.get::<(String, u32)>()?, ("apples".to_owned(), 7));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// The destination as the process gave it: a PID or a name.
    pub to: String,
    /// The effect.
    pub signal: Signal,
}

impl Sent {
    /// Returns the values of a message, as this type: a tuple takes n values, any other
    /// type one.
    ///
    /// # Errors
    ///
    /// `Invalid`: the values have another type, or the signal is no message.
    #[cfg(feature = "sdk")]
    pub fn get<T: serde::de::DeserializeOwned>(&self) -> Result<T, Error> {
        match &self.signal {
            Signal::Message { payload, .. } => Ok(warren_values::from_values(payload)?),
            other => Err(Error::invalid(format!("no message: {other:?}"))),
        }
    }
}

/// The kind of an effect on another process.
///
/// ```
/// use std::time::Duration;
/// use warren_guest::cancel;
/// use warren_guest::mock::{self, Signal};
///
/// mock::play("worker", |_, _| {});
/// let deadline = Some(Duration::from_secs(5));
/// cancel("worker", deadline)?;
/// let signal = mock::with(|runtime| runtime.sent[0].signal.clone());
/// assert_eq!(signal, Signal::Cancel { deadline, reason: None });
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Signal {
    /// The spawn of the process. Only [`play_spawned`] is given it, and
    /// [`Runtime::spawned`] records it.
    Spawn,
    /// A message.
    Message {
        /// The topic.
        topic: String,
        /// The values, encoded.
        payload: Vec<u8>,
    },
    /// A request to end. The runtime terminates the process at the deadline.
    Cancel {
        /// Time until the termination.
        deadline: Option<Duration>,
        /// The reason, if one was given.
        reason: Option<String>,
    },
    /// A request to end that terminates a process at once if it reads no events. A
    /// process that a test plays reads them.
    Stop {
        /// Time until the termination.
        deadline: Option<Duration>,
    },
    /// The end by force.
    Terminate,
    /// A monitor.
    Monitor,
    /// The end of a monitor.
    Unmonitor,
    /// A link.
    Link,
    /// The end of a link.
    Unlink,
    /// A watch, as [`server::call`](crate::server::call) begins one.
    Watch,
}

/// A process that a test plays.
///
/// ```
/// use warren_guest::{inbox, mock, send};
///
/// let store = mock::play("store", |store, sent| {
///     if let Ok(name) = sent.get::<String>() {
///         store.send("found", (name, 7));
///     }
/// });
/// send(store.pid(), "find", "apples")?;
/// let found: (String, u32) = inbox().recv_as()?;
/// assert_eq!(found, ("apples".to_owned(), 7));
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Peer {
    pid: String,
}

impl Peer {
    /// Returns the text of the PID.
    pub fn pid(&self) -> &str {
        &self.pid
    }

    /// Sends the tested process a message; `payload` is an encoded array.
    pub fn send_encoded(&self, topic: &str, payload: &[u8]) {
        with(|runtime| runtime.deliver(&self.pid, topic, payload));
    }

    /// Ends the process. The tested process hears of it as it would from the runtime.
    pub fn end(&self, outcome: Outcome) {
        with(|runtime| runtime.end(&self.pid, outcome));
    }

    /// Sends the tested process a message: a tuple is n values, anything else one.
    ///
    /// # Panics
    ///
    /// The values cannot cross.
    #[cfg(feature = "sdk")]
    #[track_caller]
    pub fn send(&self, topic: &str, payload: impl serde::Serialize) {
        match warren_values::to_values(&payload) {
            Ok(payload) => self.send_encoded(topic, payload.as_slice()),
            Err(error) => panic!("payload: {error}"),
        }
    }

    /// Answers a [call](crate::server): the message `call` of a client. Does nothing for
    /// any other signal.
    ///
    /// # Panics
    ///
    /// The reply cannot cross.
    #[cfg(feature = "sdk")]
    #[track_caller]
    pub fn reply(&self, call: &Sent, reply: impl serde::Serialize) {
        self.answer(call, true, reply);
    }

    /// Refuses a call, as [`reply`](Self::reply) answers one.
    ///
    /// # Panics
    ///
    /// The details of the error cannot cross.
    #[cfg(feature = "sdk")]
    #[track_caller]
    pub fn refuse(&self, call: &Sent, error: &Error) {
        self.answer(call, false, error);
    }

    #[cfg(feature = "sdk")]
    #[track_caller]
    fn answer(&self, call: &Sent, is_reply: bool, value: impl serde::Serialize) {
        use crate::server::{Address, CALL};
        let Signal::Message { topic, .. } = &call.signal else {
            return;
        };
        let Ok((address, _)) = call.get::<(Address, crate::Value)>() else {
            return;
        };
        match address {
            _ if topic != CALL => {}
            Address::Topic(to) => self.send(&to, (is_reply, value)),
            Address::Numbered(to, number) => self.send(&to, (is_reply, value, number)),
        }
    }
}

/// The part of another process, as a test plays it.
pub(crate) type Player = Rc<RefCell<dyn FnMut(&Peer, &Sent)>>;

#[derive(Default)]
struct Players {
    by_pid: BTreeMap<String, Player>,
    by_definition: BTreeMap<String, Player>,
}

thread_local! {
    // Beside the runtime, which may move between threads.
    static PLAYERS: RefCell<Players> = RefCell::default();
}

/// Plays the process of a PID or a name, which exists from now on: `act` gets each signal
/// that the tested process sends it, and may answer through the [`Peer`].
pub fn play(process: &str, act: impl FnMut(&Peer, &Sent) + 'static) -> Peer {
    let pid = with(|runtime| runtime.resolve_or_begin(process));
    let player: Player = Rc::new(RefCell::new(act));
    PLAYERS.with_borrow_mut(|players| players.by_pid.insert(pid.clone(), player));
    Peer { pid }
}

/// Plays each process that the tested one spawns of a definition, as [`play`] does.
pub fn play_spawned(definition: &str, act: impl FnMut(&Peer, &Sent) + 'static) {
    let player: Player = Rc::new(RefCell::new(act));
    PLAYERS.with_borrow_mut(|players| players.by_definition.insert(definition.into(), player));
}

/// Ends all playing.
pub(super) fn forget_players() {
    PLAYERS.take();
}

/// Lets the test play a process that was spawned, if it plays the definition.
pub(crate) fn tell_spawned(definition: &str, pid: &str) {
    let player = PLAYERS.with_borrow_mut(|players| {
        let player = Rc::clone(players.by_definition.get(definition)?);
        players.by_pid.insert(pid.into(), Rc::clone(&player));
        Some(player)
    });
    if let Some(player) = player {
        let sent = Sent {
            to: pid.into(),
            signal: Signal::Spawn,
        };
        (*player.borrow_mut())(&Peer { pid: pid.into() }, &sent);
    }
}

/// Another process, while it lives.
#[derive(Debug, Default)]
pub(super) struct Other {
    monitored: bool,
    linked: bool,
    /// The queue of the watch on it.
    watch: Option<Subscription>,
    /// The time at which it is terminated.
    deadline: Option<u64>,
}

/// Does something to another process: records it, lets the test play the process, and
/// yields the queue of a watch.
pub(crate) fn signal(to: &str, signal: Signal) -> Result<Option<Subscription>, Error> {
    let undoes = matches!(signal, Signal::Unmonitor | Signal::Unlink);
    let Some(pid) = with(|runtime| runtime.resolve(to)) else {
        return match undoes {
            true => Ok(None),
            false => Err(Error::not_found(format!("process not found: {to}"))),
        };
    };
    let sent = Sent {
        to: to.into(),
        signal,
    };
    let player = PLAYERS.with_borrow(|players| players.by_pid.get(&pid).cloned());
    let watch = with(|runtime| runtime.note(&pid, &sent, player.is_some()));
    if let Some(player) = player
        && with(|runtime| runtime.others.contains_key(&pid))
    {
        // The runtime is not lent meanwhile: the test may use it.
        (*player.borrow_mut())(&Peer { pid }, &sent);
    }
    Ok(watch)
}

impl Runtime {
    /// Returns the PID behind a destination, if another process has it.
    fn resolve(&self, to: &str) -> Option<String> {
        let pid = self.names.get(to).map_or(to, String::as_str);
        self.others.contains_key(pid).then(|| pid.to_owned())
    }

    /// Returns the PID behind a destination, which becomes a process if it is none.
    fn resolve_or_begin(&mut self, to: &str) -> String {
        if let Some(pid) = self.resolve(to) {
            return pid;
        }
        let pid = if to.starts_with('{') {
            to.to_owned()
        } else {
            let pid = self.next_pid();
            self.names.insert(to.into(), pid.clone());
            pid
        };
        self.others.insert(pid.clone(), Other::default());
        pid
    }

    fn next_pid(&self) -> String {
        let mut number = 2;
        loop {
            let pid = format!("{{app:test|0x{number:05x}}}");
            let is_spawned = self.spawned.iter().any(|spawned| spawned.pid == pid);
            if !is_spawned && !self.others.contains_key(&pid) {
                return pid;
            }
            number += 1;
        }
    }

    /// Begins another process with a relation and the options of its spawn; returns its PID.
    pub(crate) fn begin(&mut self, relation: u32, options: &[u8]) -> Result<String, Error> {
        let name = name_in(options);
        if let Some(name) = &name
            && self.names.contains_key(name)
        {
            return Err(taken(name));
        }
        let pid = self.next_pid();
        if let Some(name) = name {
            self.names.insert(name, pid.clone());
        }
        let other = Other {
            monitored: relation & 1 != 0,
            linked: relation & 2 != 0,
            ..Other::default()
        };
        self.others.insert(pid.clone(), other);
        Ok(pid)
    }

    /// Gives a process a name.
    pub(crate) fn register(&mut self, name: &str, pid: &str) -> Result<(), Error> {
        if pid != PID && !self.others.contains_key(pid) {
            return Err(Error::not_found(format!("process not found: {pid}")));
        }
        match self.names.get(name) {
            Some(holder) if holder != pid => Err(taken(name)),
            _ => {
                self.names.insert(name.into(), pid.into());
                Ok(())
            }
        }
    }

    /// Returns the PID that has a name.
    pub(crate) fn lookup(&self, name: &str) -> Option<&str> {
        self.names.get(name).map(String::as_str)
    }

    /// Frees a name; returns false if it was free.
    pub(crate) fn unregister(&mut self, name: &str) -> bool {
        self.names.remove(name).is_some()
    }

    /// Records an effect on another process, and has it.
    fn note(&mut self, pid: &str, sent: &Sent, is_played: bool) -> Option<Subscription> {
        self.sent.push(sent.clone());
        if matches!(sent.signal, Signal::Watch) {
            return Some(self.watch(pid));
        }
        let now = self.monotonic;
        let other = self.others.get_mut(pid)?;
        match &sent.signal {
            Signal::Monitor => other.monitored = true,
            Signal::Unmonitor => other.monitored = false,
            Signal::Link => other.linked = true,
            Signal::Unlink => other.linked = false,
            Signal::Stop { .. } if !is_played => self.end(pid, Outcome::Failed(terminated())),
            Signal::Stop { deadline } | Signal::Cancel { deadline, .. } => {
                let nanoseconds = |deadline: &Duration| u64::try_from(deadline.as_nanos()).ok();
                let at = deadline.as_ref().and_then(nanoseconds);
                let at = at.map(|nanoseconds| now.saturating_add(nanoseconds));
                other.deadline = other.deadline.into_iter().chain(at).min();
            }
            Signal::Terminate => self.end(pid, Outcome::Failed(terminated())),
            Signal::Spawn | Signal::Message { .. } | Signal::Watch => {}
        }
        None
    }

    fn watch(&mut self, pid: &str) -> Subscription {
        if let Some(Some(known)) = self.others.get(pid).map(|other| other.watch) {
            return known;
        }
        let subscription = self.open_outcome();
        if let Some(other) = self.others.get_mut(pid) {
            other.watch = Some(subscription);
        }
        subscription
    }

    /// Ends a watch.
    pub(crate) fn abandon(&mut self, subscription: Subscription) {
        self.close(subscription);
        for other in self.others.values_mut() {
            other.watch = other.watch.filter(|watch| *watch != subscription);
        }
    }

    /// Returns time and PID of the next process that is terminated at its deadline.
    pub(super) fn next_end(&self) -> Option<(u64, String)> {
        let ends = self.others.iter();
        ends.filter_map(|(pid, other)| Some((other.deadline?, pid.clone())))
            .min()
    }

    /// Ends another process: names are free, and the tested process hears of the end.
    pub(super) fn end(&mut self, pid: &str, outcome: Outcome) {
        let Some(other) = self.others.remove(pid) else {
            return;
        };
        self.names.retain(|_, holder| holder != pid);
        let failed = matches!(outcome, Outcome::Failed(_));
        let traps = self.options & 1 != 0;
        if other.linked && failed && traps {
            self.deliver("", "@events", &event("pid.link.down", pid, &outcome));
        }
        if other.monitored {
            self.deliver("", "@events", &event("pid.exit", pid, &outcome));
        }
        if let Some(watch) = other.watch {
            let mut payload = Output::new();
            // A test has memory enough.
            let _ = payload
                .array(1)
                .and_then(|()| write(&mut payload, &outcome));
            self.put_outcome(watch, payload.as_slice().to_vec());
        }
    }
}

/// Returns the error of a process that was terminated.
pub(super) fn terminated() -> Error {
    Error::new(kind::CANCELED, "process terminated").with_retryable(false)
}

fn taken(name: &str) -> Error {
    Error::already_exists(format!("name already registered: {name}"))
}

/// Returns the name in the options of a spawn, if there is one.
fn name_in(options: &[u8]) -> Option<String> {
    let mut input = Input::new(options);
    let Ok(Token::Map(pairs)) = input.token() else {
        return None;
    };
    for _ in 0..pairs {
        let key = input.token().ok()?;
        let value = input.value().ok()?;
        if key == Token::String(b"name")
            && let Ok(Token::String(name)) = Input::new(value).token()
        {
            return Some(String::from_utf8_lossy(name).into_owned());
        }
    }
    None
}

/// Returns an event as the runtime writes it: an array of one map.
fn event(kind: &str, from: &str, outcome: &Outcome) -> Vec<u8> {
    let mut out = Output::new();
    let mut encode = || {
        out.array(1)?;
        out.map(4)?;
        for (key, value) in [
            ("kind", kind),
            ("from", from),
            ("at", "2020-01-01T00:00:00Z"),
        ] {
            out.string(key.as_bytes())?;
            out.string(value.as_bytes())?;
        }
        out.string(b"result")?;
        write(&mut out, outcome)
    };
    // A test has memory enough.
    let _ = encode();
    out.as_slice().to_vec()
}

/// Writes an outcome as the runtime does: `{value}`, `{error, cause}` or nothing.
fn write(out: &mut Output, outcome: &Outcome) -> Result<(), Full> {
    match outcome {
        Outcome::Finished(None) => out.map(0),
        Outcome::Finished(Some(value)) => {
            out.map(1)?;
            out.string(b"value")?;
            out.raw(value)
        }
        Outcome::Failed(error) => {
            out.map(2)?;
            out.string(b"error")?;
            out.string(error.message.as_bytes())?;
            out.string(b"cause")?;
            error.encode(out)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{mailbox, mock};

    fn message(to: &str) -> Result<Option<Subscription>, Error> {
        let (topic, payload) = ("t".to_owned(), b"\x91\x01".to_vec());
        signal(to, Signal::Message { topic, payload })
    }

    #[test]
    fn messages_to_others_are_recorded() {
        mock::reset();
        assert!(message("nobody").unwrap_err().is(kind::NOT_FOUND));
        with(|runtime| runtime.deliver("{a:b|1}", "hello", b"\x90"));
        message("{a:b|1}").unwrap();
        let sent = with(|runtime| runtime.sent.clone());
        assert_eq!((sent.len(), sent[0].to.as_str()), (1, "{a:b|1}"));
    }

    #[test]
    fn a_test_plays_a_process() {
        mock::reset();
        let peer = play("store", |peer, sent| {
            if matches!(sent.signal, Signal::Message { .. }) {
                peer.send_encoded("answer", b"\x91\x02");
                peer.end(Outcome::Finished(None));
            }
        });
        let events = mailbox::events();
        signal("store", Signal::Monitor).unwrap();
        message("store").unwrap();
        assert!(message(peer.pid()).unwrap_err().is(kind::NOT_FOUND));
        assert!(message("store").unwrap_err().is(kind::NOT_FOUND));
        assert_eq!(
            with(|runtime| runtime.unread()),
            2,
            "an answer and an event"
        );
        let mut buffer = crate::Buffer::new();
        let event = mailbox::receive(&[events], None, &mut buffer).unwrap();
        let payload = event.unwrap().payload.to_vec();
        assert!(String::from_utf8_lossy(&payload).contains("pid.exit"));
    }

    #[test]
    fn a_deadline_ends_a_process_when_the_clock_gets_there() {
        mock::reset();
        let peer = play("{a:b|1}", |_, _| {});
        let watch = signal(peer.pid(), Signal::Watch).unwrap().unwrap();
        let deadline = Some(Duration::from_secs(2));
        let reason = None;
        signal(peer.pid(), Signal::Cancel { deadline, reason }).unwrap();
        let record = with(|runtime| runtime.receive(&[watch], -1)).unwrap();
        assert!(String::from_utf8_lossy(&record).contains("process terminated"));
        assert_eq!(with(|runtime| runtime.monotonic), 2_000_000_000);
        assert!(with(|runtime| runtime.receive(&[watch], -1)).is_err());
    }
}
