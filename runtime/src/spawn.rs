//! The request for a new process.

use std::sync::Arc;

use serde::Serialize;
use warren_engine::security::{Actor, Scope};
use warren_engine::{Start, TraceContext};
use warren_kernel::{Error, Relation, TraceId};

use crate::error::CallError;
use crate::values::{self, ArgList, CodecError, ToArgs};

/// A process to be started: by [`Runtime::spawn`](crate::Runtime::spawn), by
/// [`Runtime::exec`](crate::Runtime::exec), or by a host function process.
///
/// The definition's id alone converts to a `Spawn`:
///
/// ```
/// use warren::Spawn;
///
/// let plain: Spawn = "app:worker".into();
/// let more = Spawn::new("app:worker")
///     .host("app:batch")
///     .arg("orders")
///     .arg(3)
///     .name("worker.3");
/// ```
#[derive(Clone, Debug)]
#[must_use = "nothing is started before it is passed on"]
pub struct Spawn {
    start: Start,
    args: ArgList,
    relation: Relation,
    is_first: bool,
    /// The first value that could not be written.
    mistake: Option<CallError>,
}

impl Spawn {
    /// Returns the request for a process of a definition, in the host that the definition
    /// is bound to, or else in [`DEFAULT_HOST`](crate::app::DEFAULT_HOST).
    pub fn new(definition: impl Into<String>) -> Spawn {
        Spawn {
            start: Start::new(definition, String::new()),
            args: ArgList::new(),
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

    /// Adds one argument: any value that serde knows, by value or by reference. A tuple or
    /// a list is one argument, too.
    ///
    /// ```
    /// use warren::Spawn;
    ///
    /// let sizes = vec![640, 480];
    /// let resize = Spawn::new("app:resize").arg("a.png").arg(&sizes); // two arguments
    /// ```
    pub fn arg(mut self, value: impl Serialize) -> Spawn {
        let pushed = self.args.push(&value);
        self.check("the arguments", pushed);
        self
    }

    /// Adds several arguments: the elements of a tuple, an array, a slice or a `Vec`.
    ///
    /// ```
    /// use warren::{Spawn, Value};
    ///
    /// let add = Spawn::new("app:add").args((1, 2)); // as `.arg(1).arg(2)`
    /// let words: Vec<Value> = vec!["a".into(), 1.5.into()];
    /// let print = Spawn::new("app:print").args(&words); // as many as there are words
    /// ```
    ///
    /// A single value is no list of arguments, and goes to [`Spawn::arg`]:
    ///
    /// ```compile_fail
    /// # use warren::Spawn;
    /// let add = Spawn::new("app:add").args(1);
    /// ```
    pub fn args(mut self, args: impl ToArgs) -> Spawn {
        let appended = args.append_to(&mut self.args);
        self.check("the arguments", appended);
        self
    }

    /// Sets a name, claimed together with the start.
    pub fn name(mut self, name: impl Into<String>) -> Spawn {
        self.start.name = Some(name.into());
        self
    }

    /// Sets a context value, over an inherited value of this key.
    pub fn context(mut self, key: impl Into<String>, value: impl Serialize) -> Spawn {
        if let Some(out) = self.check("a context value", values::to_value(&value)) {
            let value = out.as_slice().into();
            self.start.context.insert(key.into(), value);
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
    /// let handler = Spawn::new("app.acme:handler")
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

    /// Adds a message that is queued before any other message can arrive. Its payload
    /// follows the rule of [`Handle::send`](crate::Handle::send).
    pub fn message(mut self, topic: impl Into<String>, payload: impl Serialize) -> Spawn {
        if let Some(out) = self.check("a message", values::to_values(&payload)) {
            let payload = out.as_slice().into();
            self.start.messages.push((topic.into(), payload));
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

    /// Sets the place of the process, and of all processes it starts, in a trace over several
    /// programs: requests over HTTP hand it on, and log records have it. If unset, a host
    /// function process hands on its own.
    ///
    /// ```
    /// use warren::{Spawn, TraceContext};
    ///
    /// let field = b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    /// let context = TraceContext::parse(field).expect("a valid traceparent");
    /// let handler = Spawn::new("app:handler").trace_context(context);
    /// ```
    pub fn trace_context(mut self, context: TraceContext) -> Spawn {
        self.start.trace_context = Some(Arc::new(context));
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

    pub(crate) fn into_parts(mut self) -> Result<(Start, Relation), CallError> {
        if !self.args.is_empty() {
            let encoded = self.args.encode();
            if let Some(out) = self.check("the arguments", encoded) {
                self.start.arguments = out.as_slice().into();
            }
        }
        match self.mistake {
            Some(mistake) => Err(mistake),
            None => Ok((self.start, self.relation)),
        }
    }

    /// Returns a written value, or keeps the error for the start.
    fn check<T>(&mut self, what: &'static str, written: Result<T, CodecError>) -> Option<T> {
        written
            .map_err(|error| {
                self.mistake.get_or_insert(CallError::Value { what, error });
            })
            .ok()
    }
}

impl From<&str> for Spawn {
    fn from(definition: &str) -> Spawn {
        Spawn::new(definition)
    }
}

impl From<String> for Spawn {
    fn from(definition: String) -> Spawn {
        Spawn::new(definition)
    }
}
