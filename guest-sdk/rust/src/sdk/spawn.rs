//! Starting processes.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::{ArgList, CodecError, ToArgs, to_value, to_values};
use super::queue::{Message, Queue};
use super::{Actor, Outcome, Pid, Scope, pid_of, refusal, scratch};
use crate::Error;
use crate::mailbox::Subscription;
use crate::msgpack::Output;
use crate::process::{self as raw, Relation, Start};

/// Starts a process: of a definition alone, or of a [`Spawn`] with arguments and more.
///
/// ```no_run
/// use warren_guest::{Error, Spawn, spawn};
///
/// # fn example() -> Result<(), Error> {
/// let plain = spawn("app:worker")?;
/// let worker = spawn(Spawn::new("app.workers:resize").arg("a.png").arg(640))?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`Spawn::start`].
pub fn spawn(spawn: impl Into<Spawn>) -> Result<Pid, Error> {
    spawn.into().start()
}

/// Starts a process, waits for its end and returns its result.
///
/// ```no_run
/// use warren_guest::{Error, Spawn, exec};
///
/// # fn example() -> Result<(), Error> {
/// let sum: i64 = exec(Spawn::new("app:add").args((1, 2)))?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// As [`Spawn::start`]; the error the process ended with; `Invalid` if its
/// result is not of this type.
pub fn exec<T: DeserializeOwned>(spawn: impl Into<Spawn>) -> Result<T, Error> {
    spawn.into().exec()?.wait()
}

/// A process to be started. The definition's id alone converts to a `Spawn`.
///
/// ```no_run
/// # use warren_guest::{Spawn, Error};
/// # fn example() -> Result<(), Error> {
/// let store = Spawn::new("app:store")
///     .host("app:stores")
///     .arg("inventory")
///     .name("store")
///     .context("region", "eu")
///     .message("load", "inventory")
///     .monitored()
///     .start()?;
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
#[must_use = "nothing is started before `start` or `exec`"]
pub struct Spawn {
    definition: String,
    /// Empty for the host of the definition.
    host: String,
    args: ArgList,
    relation: Relation,
    context: Vec<(String, Vec<u8>)>,
    actor: Option<Actor>,
    scope: Option<Scope>,
    name: Option<String>,
    messages: Vec<(String, Vec<u8>)>,
    /// The first value that could not be encoded; returned by the start.
    mistake: Option<Error>,
}

impl Spawn {
    /// Returns a builder for a process of a definition, in the host that the definition is
    /// bound to, or else in `app:processes`.
    pub fn new(definition: impl Into<String>) -> Self {
        Spawn {
            definition: definition.into(),
            host: String::new(),
            args: ArgList::new(),
            relation: Relation::default(),
            context: Vec::new(),
            actor: None,
            scope: None,
            name: None,
            messages: Vec::new(),
            mistake: None,
        }
    }

    /// Sets the host.
    pub fn host(mut self, host: impl Into<String>) -> Self {
        self.host = host.into();
        self
    }

    /// Adds one argument: any value that serde knows, by value or by reference. A tuple or
    /// a list is one argument, too.
    pub fn arg(mut self, value: impl Serialize) -> Self {
        if let Err(error) = self.args.push(&value) {
            self.mistaken("arguments", error);
        }
        self
    }

    /// Adds several arguments: the elements of a tuple, an array, a slice or a `Vec`.
    ///
    /// ```no_run
    /// # use warren_guest::Spawn;
    /// let add = Spawn::new("app:add").args((1, 2)); // as `.arg(1).arg(2)`
    /// let words = vec!["to", "be"];
    /// let print = Spawn::new("app:print").args(&words); // as many as there are words
    /// ```
    pub fn args(mut self, args: impl ToArgs) -> Self {
        if let Err(error) = args.append_to(&mut self.args) {
            self.mistaken("arguments", error);
        }
        self
    }

    /// Asks for one [`Event::Exit`](super::Event::Exit) at the process's end;
    /// in place before it runs.
    pub fn monitored(mut self) -> Self {
        self.relation.monitored = true;
        self
    }

    /// Links the process with the caller, before it runs.
    pub fn linked(mut self) -> Self {
        self.relation.linked = true;
        self
    }

    /// Sets a context value, over an inherited value of this key.
    pub fn context(mut self, key: impl Into<String>, value: impl Serialize) -> Self {
        let key = key.into();
        match to_value(&value) {
            Ok(value) => self.context.push((key, value.as_slice().to_vec())),
            Err(error) => self.mistaken(format_args!("context.{key}"), error),
        }
        self
    }

    /// Sets the actor, instead of the caller's.
    pub fn actor(mut self, actor: Actor) -> Self {
        self.actor = Some(actor);
        self
    }

    /// Sets the scope, instead of the caller's.
    pub fn scope(mut self, scope: Scope) -> Self {
        self.scope = Some(scope);
        self
    }

    /// Sets a name, claimed together with the start.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Adds a message that the process finds before any other; several in the
    /// order given.
    pub fn message(mut self, topic: impl Into<String>, payload: impl Serialize) -> Self {
        let topic = topic.into();
        match to_values(&payload) {
            Ok(payload) => self.messages.push((topic, payload.as_slice().to_vec())),
            Err(error) => self.mistaken(format_args!("message {topic}"), error),
        }
        self
    }

    /// Starts the process.
    ///
    /// # Errors
    ///
    /// Nothing is started and nothing sent. `NotFound`: definition or host.
    /// `Invalid`: code that does not compile, an import nothing provides, a
    /// value that cannot cross. `AlreadyExists`: the name; details `{pid}`.
    /// `RateLimited`: host or system full.
    pub fn start(self) -> Result<Pid, Error> {
        let (options, arguments) = self.encode()?;
        scratch::with(|buffer| {
            let start = self.to_raw(&options, &arguments);
            match raw::spawn(start, self.relation, buffer) {
                Ok(pid) => Ok(pid_of(pid)),
                Err(error) => Err(error.decode()),
            }
        })
    }

    /// Starts the process and returns at once; wait for its end with
    /// [`Pending::wait`] or in a [`Select`](super::Select). The process is
    /// terminated if the caller ends first.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start).
    pub fn exec(self) -> Result<Pending, Error> {
        let (options, arguments) = self.encode()?;
        scratch::with(
            |buffer| match raw::exec(self.to_raw(&options, &arguments), buffer) {
                Ok(subscription) => Ok(Pending::of(subscription)),
                Err(error) => Err(error.decode()),
            },
        )
    }

    fn mistaken(&mut self, place: impl core::fmt::Display, error: CodecError) {
        self.mistake
            .get_or_insert_with(|| refusal(error).wrap(place));
    }

    fn to_raw<'a>(&'a self, options: &'a Output, arguments: &'a Output) -> Start<'a> {
        Start {
            definition: &self.definition,
            host: &self.host,
            arguments: arguments.as_slice(),
            options: options.as_slice(),
        }
    }

    /// Returns the encoded options and arguments.
    fn encode(&self) -> Result<(Output, Output), Error> {
        if let Some(mistake) = &self.mistake {
            return Err(mistake.clone());
        }
        let arguments = self.args.encode();
        let arguments = arguments.map_err(|error| refusal(error).wrap("arguments"))?;
        let options = self.options().map_err(Error::from)?;
        Ok((options, arguments))
    }

    /// Returns the record of the flat ABI; empty without options.
    fn options(&self) -> Result<Output, CodecError> {
        // Each part has its limit; messages may be many.
        let mut pairs = Output::new();
        pairs.lift_limit();
        let mut len = 0;
        if !self.context.is_empty() {
            pairs.string(b"context")?;
            pairs.map(u32::try_from(self.context.len()).unwrap_or(u32::MAX))?;
            for (key, value) in &self.context {
                pairs.string(key.as_bytes())?;
                pairs.raw(value)?;
            }
            len += 1;
        }
        if let Some(actor) = &self.actor {
            pairs.string(b"actor")?;
            pairs.raw(to_value(actor)?.as_slice())?;
            len += 1;
        }
        if let Some(scope) = &self.scope {
            pairs.string(b"scope")?;
            pairs.raw(to_value(scope)?.as_slice())?;
            len += 1;
        }
        if let Some(name) = &self.name {
            pairs.string(b"name")?;
            pairs.string(name.as_bytes())?;
            len += 1;
        }
        if !self.messages.is_empty() {
            pairs.string(b"messages")?;
            pairs.array(u32::try_from(self.messages.len()).unwrap_or(u32::MAX))?;
            for (topic, payload) in &self.messages {
                pairs.array(2)?;
                pairs.string(topic.as_bytes())?;
                pairs.raw(payload)?;
            }
            len += 1;
        }
        let mut options = Output::new();
        options.lift_limit();
        if len > 0 {
            options.map(len)?;
            options.raw(pairs.as_slice())?;
        }
        Ok(options)
    }
}

impl From<&str> for Spawn {
    fn from(definition: &str) -> Self {
        Spawn::new(definition)
    }
}

impl From<String> for Spawn {
    fn from(definition: String) -> Self {
        Spawn::new(definition)
    }
}

/// A process, or a call of an operation, whose result is awaited.
#[derive(Debug)]
pub struct Pending(Queue);

impl Pending {
    /// Waits for the process's end and returns its result.
    ///
    /// # Errors
    ///
    /// The error the process ended with; `Invalid` if its result is not of this
    /// type.
    pub fn wait<T: DeserializeOwned>(self) -> Result<T, Error> {
        let value = outcome(&self.0.recv()?)??;
        value
            .to()
            .map_err(|error| Error::from(error).wrap("result"))
    }

    /// Returns the wait for the one outcome that a subscription yields.
    pub(super) fn of(subscription: Subscription) -> Self {
        Pending(Queue::of(subscription))
    }

    pub(super) fn queue(&self) -> &Queue {
        &self.0
    }
}

/// Returns the outcome of an exec.
pub(super) fn outcome(message: &Message) -> Result<Outcome, Error> {
    message
        .get::<super::event::EncodedOutcome>()
        .map(Outcome::from)
}

#[cfg(test)]
mod tests {
    use super::super::codec::from_value;
    use super::*;
    use crate::mock;

    #[test]
    fn spawn_options_are_passed_on() {
        mock::reset();
        Spawn::new("app:x")
            .host("app:stores")
            .arg(1)
            .context("region", "eu")
            .name("store")
            .message("load", ("a", 1))
            .args(("two",))
            .start()
            .unwrap();
        let spawned = mock::with(|runtime| runtime.spawned.clone());
        assert_eq!(spawned[0].host, "app:stores");
        assert_eq!(spawned[0].arguments, b"\x92\x01\xa3two");
        let options: super::super::Value = from_value(&spawned[0].options).unwrap();
        assert_eq!(options.get("name").unwrap(), &"store".into());
        assert_eq!(
            options.get("context").unwrap().get("region").unwrap(),
            &"eu".into()
        );
        assert_eq!(
            options
                .get("messages")
                .unwrap()
                .to::<Vec<(String, (String, u8))>>()
                .unwrap(),
            [("load".to_owned(), ("a".to_owned(), 1))]
        );
    }

    #[test]
    fn a_plain_spawn_has_no_options() {
        mock::reset();
        spawn("app:x").unwrap();
        let spawned = mock::with(|runtime| runtime.spawned.clone());
        assert!(spawned[0].options.is_empty() && spawned[0].host.is_empty());
        assert_eq!(spawned[0].arguments, b"\x90");
    }

    #[test]
    fn a_list_is_one_argument_or_as_many_as_it_has_elements() {
        mock::reset();
        let list = vec![1, 2];
        Spawn::new("app:x").arg(&list).arg([3, 4]).start().unwrap();
        Spawn::new("app:x")
            .args(&list)
            .args([3, 4])
            .start()
            .unwrap();
        let spawned = mock::with(|runtime| runtime.spawned.clone());
        assert_eq!(spawned[0].arguments, b"\x92\x92\x01\x02\x92\x03\x04");
        assert_eq!(spawned[1].arguments, b"\x94\x01\x02\x03\x04");
    }

    #[test]
    fn a_value_that_cannot_cross_starts_nothing() {
        mock::reset();
        let error = Spawn::new("app:x")
            .context("big", u64::MAX)
            .arg(u64::MAX)
            .start()
            .unwrap_err();
        assert!(error.message.starts_with("context.big: 1844"), "{error}");
        let error = Spawn::new("app:x")
            .arg(1)
            .arg(u64::MAX)
            .start()
            .unwrap_err();
        assert!(error.message.starts_with("arguments: [1]: 1844"), "{error}");
        assert!(mock::with(|runtime| runtime.spawned.is_empty()));
    }
}
