//! What a new process starts with.

use std::sync::Arc;

use serde::ser::SerializeTuple;
use serde::{Serialize, Serializer};
use warren_engine::security::{Actor, Scope};
use warren_engine::{Start, Tied};
use warren_kernel::{Error, TraceId};

use crate::app::DEFAULT_HOST;
use crate::error::CallError;
use crate::values::{self, Value};

/// A process to be started: by [`Runtime::spawn`](crate::Runtime::spawn), by
/// [`Runtime::exec`](crate::Runtime::exec), or by a native process.
///
/// Its definition's id alone will do where nothing else is to be said:
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
    tied: Tied,
    is_first: bool,
    /// The first value that could not be written.
    mistake: Option<CallError>,
}

impl Spawn {
    /// A process of a definition, in the host
    /// [`DEFAULT_HOST`](crate::app::DEFAULT_HOST) unless said otherwise.
    pub fn of(definition: impl Into<String>) -> Spawn {
        Spawn {
            start: Start::new(definition, DEFAULT_HOST),
            tied: Tied::default(),
            is_first: false,
            mistake: None,
        }
    }

    /// The host that is to run it. Where the embedder spawns a definition that
    /// is bound to a host, that one counts.
    pub fn host(mut self, host: impl Into<String>) -> Spawn {
        self.start.host = host.into();
        self
    }

    /// Its arguments: a tuple is its elements, `()` is none, everything else is
    /// one.
    pub fn arguments<T: Serialize + ?Sized>(mut self, arguments: &T) -> Spawn {
        if let Some(bytes) = self.values("the arguments", arguments) {
            self.start.arguments = bytes;
        }
        self
    }

    /// Arguments whose number is known only here.
    pub fn argument_list(self, arguments: &[Value]) -> Spawn {
        let mut spawn = self;
        if let Some(bytes) = spawn.values("the arguments", &Elements(arguments)) {
            spawn.start.arguments = bytes;
        }
        spawn
    }

    /// Arguments as one MessagePack array, in the format of
    /// `docs/guest-abi.md`.
    pub fn encoded_arguments(mut self, arguments: impl Into<Arc<[u8]>>) -> Spawn {
        self.start.arguments = arguments.into();
        self
    }

    /// A name, claimed together with the start.
    pub fn name(mut self, name: impl Into<String>) -> Spawn {
        self.start.name = Some(name.into());
        self
    }

    /// A context value, over an inherited one of this key.
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

    /// On whose behalf it acts, and all that it starts. The embedder says so
    /// before the manifest, which may give an actor to its definition or host. Of a
    /// native process that needs the permission `process.security`, and the
    /// manifest goes before it; unless set, it hands on its own actor.
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

    /// The policies that say what it may do, and all that it starts; as for
    /// [`Spawn::actor`]. [`Runtime::named_scope`](crate::Runtime::named_scope)
    /// finds one that the manifest describes. One that names a policy which is not
    /// there allows nothing.
    pub fn scope(mut self, scope: Scope) -> Spawn {
        self.start.identity.scope = Some(Arc::new(scope));
        self
    }

    /// A message that is queued before anything else can come.
    pub fn message<T: Serialize + ?Sized>(mut self, topic: impl Into<String>, values: &T) -> Spawn {
        if let Some(bytes) = self.values("a message", values) {
            self.start.messages.push((topic.into(), bytes));
        }
        self
    }

    /// It begins a chain of messages of this number, such as that of the request
    /// that the embedder serves, for runtimes with
    /// [`Builder::trace_messages`](crate::Builder::trace_messages). Of a process
    /// that another spawns, the chain is that of what the other handles.
    pub fn trace(mut self, trace: TraceId) -> Spawn {
        self.start.trace = Some(trace);
        self
    }

    /// The native process that spawns it monitors it from the beginning.
    pub fn monitored(mut self) -> Spawn {
        self.tied.monitored = true;
        self
    }

    /// The native process that spawns it is linked to it from the beginning.
    pub fn linked(mut self) -> Spawn {
        self.tied.linked = true;
        self
    }

    /// It is the first of the program, where the embedder starts it.
    pub(crate) fn first(mut self) -> Spawn {
        self.is_first = true;
        self
    }

    pub(crate) fn is_first(&self) -> bool {
        self.is_first
    }

    /// For the embedder, who is no process that another could be tied to.
    pub(crate) fn untied(self) -> Result<Start, CallError> {
        let (start, tied) = self.into_parts()?;
        if tied != Tied::default() {
            return Err(CallError::Refused(Error::invalid(
                "only a process can monitor another or be linked to it; the embedder waits for \
                 the handle",
            )));
        }
        Ok(start)
    }

    pub(crate) fn into_parts(self) -> Result<(Start, Tied), CallError> {
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok((self.start, self.tied)),
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

/// A list as a tuple: as many values as it has elements, none of which nests
/// deeper for standing in it.
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
