//! The request for a new process.

use std::sync::Arc;

use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use warren_engine::Start;
use warren_engine::security::{Actor, Scope};
use warren_kernel::{Error, Relation, TraceId};

use crate::app::DEFAULT_HOST;
use crate::error::CallError;
use crate::values::{self, Value};

/// A process to be started: by [`Runtime::spawn`](crate::Runtime::spawn), by
/// [`Runtime::exec`](crate::Runtime::exec), or by a host function process.
///
/// The definition's id alone converts to a `Spawn`:
///
/// ```
/// use warren::Spawn;
///
/// let plain: Spawn = "app:worker".into();
/// let more = Spawn::of("app:worker")
///     .host("app:batch")
///     .arguments(&("orders", 3))
///     .name("worker.3");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is started before it is passed on"]
pub struct Spawn {
    start: Start,
    relation: Relation,
    is_first: bool,
    /// The first value that could not be written.
    mistake: Option<CallError>,
}

impl Spawn {
    /// Returns the request for a process of a definition. The default host is
    /// [`DEFAULT_HOST`](crate::app::DEFAULT_HOST).
    pub fn of(definition: impl Into<String>) -> Spawn {
        Spawn {
            start: Start::new(definition, DEFAULT_HOST),
            relation: Relation::default(),
            is_first: false,
            mistake: None,
        }
    }

    /// Sets the host. If the embedder spawns a definition that is bound to a
    /// host, the definition's host counts.
    pub fn host(mut self, host: impl Into<String>) -> Spawn {
        self.start.host = host.into();
        self
    }

    /// Sets the arguments. A tuple is its elements, `()` is none, any other
    /// value is one argument.
    pub fn arguments<T: Serialize + ?Sized>(mut self, arguments: &T) -> Spawn {
        if let Some(bytes) = self.values("the arguments", arguments) {
            self.start.arguments = bytes;
        }
        self
    }

    /// Sets arguments whose number is known only at run time.
    pub fn argument_list(self, arguments: &[Value]) -> Spawn {
        let mut spawn = self;
        if let Some(bytes) = spawn.values("the arguments", &Elements(arguments)) {
            spawn.start.arguments = bytes;
        }
        spawn
    }

    /// Sets the arguments as one MessagePack array, in the format of
    /// `docs/guest-abi.md`.
    pub fn encoded_arguments(mut self, arguments: impl Into<Arc<[u8]>>) -> Spawn {
        self.start.arguments = arguments.into();
        self
    }

    /// Sets a name, claimed together with the start.
    pub fn name(mut self, name: impl Into<String>) -> Spawn {
        self.start.name = Some(name.into());
        self
    }

    /// Sets a context value, over an inherited value of this key.
    pub fn context<T: Serialize + ?Sized>(mut self, key: impl Into<String>, value: &T) -> Spawn {
        match values::to_value(value) {
            Ok(out) => {
                let value = out.as_slice().into();
                self.start.context.insert(key.into(), value);
            }
            Err(error) => self.refuse(CallError::value("a context value")(error)),
        }
        self
    }

    /// Sets the actor for which the process, and all processes it starts, act.
    ///
    /// For the embedder, this setting takes precedence over the manifest, which
    /// may give an actor to a definition or host. A host function process needs the
    /// permission `process.security`, and the manifest takes precedence. If
    /// unset, a host function process hands on its own actor.
    ///
    /// ```
    /// use std::collections::BTreeMap;
    /// use warren::Spawn;
    /// use warren::security::{Actor, Scope};
    ///
    /// let tags = BTreeMap::from([("tenant".to_owned(), "acme".to_owned())]);
    /// let handler = Spawn::of("app.acme:handler")
    ///     .actor(Actor::new("ada", &tags))
    ///     .scope(Scope { policies: vec!["tenant".to_owned()] });
    /// ```
    pub fn actor(mut self, actor: Actor) -> Spawn {
        self.start.identity.actor = Some(Arc::new(actor));
        self
    }

    /// Sets the policies that judge the process, and all processes it starts,
    /// with the precedence of [`Spawn::actor`].
    /// [`Runtime::named_scope`](crate::Runtime::named_scope) finds a scope that
    /// the manifest describes. A scope that names a missing policy allows
    /// nothing.
    pub fn scope(mut self, scope: Scope) -> Spawn {
        self.start.identity.scope = Some(Arc::new(scope));
        self
    }

    /// Adds a message that is queued before any other message can arrive.
    pub fn message<T: Serialize + ?Sized>(mut self, topic: impl Into<String>, values: &T) -> Spawn {
        if let Some(bytes) = self.values("a message", values) {
            self.start.messages.push((topic.into(), bytes));
        }
        self
    }

    /// Begins a chain of messages with this number, for example the number of
    /// the request that the embedder serves. Requires
    /// [`Builder::trace_messages`](crate::Builder::trace_messages). A process
    /// that another process spawns continues that process's chain.
    pub fn trace(mut self, trace: TraceId) -> Spawn {
        self.start.trace = Some(trace);
        self
    }

    /// Makes the spawning host function process monitor the new process from the
    /// beginning.
    pub fn monitored(mut self) -> Spawn {
        self.relation.monitored = true;
        self
    }

    /// Links the spawning host function process to the new process from the beginning.
    pub fn linked(mut self) -> Spawn {
        self.relation.linked = true;
        self
    }

    /// Marks the process as the program's first, where the embedder starts it.
    pub(crate) fn first(mut self) -> Spawn {
        self.is_first = true;
        self
    }

    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }

    /// Returns the request for the embedder, which is not a process and cannot
    /// be tied to another.
    pub(crate) fn untied(self) -> Result<Start, CallError> {
        let (start, relation) = self.into_parts()?;
        if relation != Relation::default() {
            return Err(CallError::Refused(Error::invalid(
                "only a process can monitor another or be linked to it; the embedder waits for \
                 the handle",
            )));
        }
        Ok(start)
    }

    pub(crate) fn into_parts(self) -> Result<(Start, Relation), CallError> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok((self.start, self.relation)),
        }
    }

    fn values<T: Serialize + ?Sized>(
        &mut self,
        what: &'static str,
        values: &T,
    ) -> Option<Arc<[u8]>> {
        match values::to_values(values) {
            Ok(out) => Some(out.as_slice().into()),
            Err(error) => {
                self.refuse(CallError::value(what)(error));
                None
            }
        }
    }

    fn refuse(&mut self, mistake: CallError) {
        self.mistake.get_or_insert(mistake);
    }
}

/// A list written like a tuple: as many values as it has elements, none nested
/// deeper for being in the list.
struct Elements<'a>(&'a [Value]);

impl Serialize for Elements<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut tuple = serializer.serialize_tuple(self.0.len())?;
        for value in self.0 {
            tuple.serialize_element(value)?;
        }
        tuple.end()
    }
}

impl From<&str> for Spawn {
    fn from(definition: &str) -> Spawn {
        Spawn::of(definition)
    }
}

impl From<String> for Spawn {
    fn from(definition: String) -> Spawn {
        Spawn::of(definition)
    }
}
