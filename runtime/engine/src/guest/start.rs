//! The parameters of a new process: filled once, from the operands of a spawn or by the
//! embedder, and read by everything on the way to the kernel.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use warren_kernel::{Error, TraceId};

use crate::capability::Kept;
use crate::code::definition::{Definition, Definitions};
use crate::codec;
use crate::host_limits::DEFAULT_HOST;
use crate::security::Identity;
use crate::trace_context::TraceContext;

/// The parameters of a new process. Values are encoded; see `docs/guest-abi.md`.
#[derive(Clone, Debug)]
pub struct Start {
    /// The definition's id.
    pub definition: String,
    /// The host. If empty, the host to which the definition is bound, else
    /// [`DEFAULT_HOST`]. For a start by the embedder, the host to which the definition is
    /// bound takes precedence.
    pub host: String,
    /// One encoded array of values; empty bytes stand for no values.
    pub arguments: Arc<[u8]>,
    /// Context values by key, over the inherited ones.
    pub context: BTreeMap<String, Arc<[u8]>>,
    /// The actor and scope of the process, in place of the inherited ones. Those that
    /// the operator assigns by definition and host take precedence over those of a
    /// spawning process, and the embedder's over both.
    pub identity: Identity,
    /// A name to register together with the start.
    pub name: Option<String>,
    /// Topics and arrays of values of the first messages.
    pub messages: Vec<(String, Arc<[u8]>)>,
    /// True for a call of a function: an exec that is judged by `funcs.call`,
    /// `funcs.context` and `funcs.security` in place of the actions of `process`.
    pub call: bool,
    /// The definition whose code the process runs in place of its own, as after an
    /// upgrade: it brings code and nothing else. For starts by the embedder.
    pub upgraded_to: Option<String>,
    /// The trace to which the process belongs, if messages are traced and the embedder
    /// starts it; see [`NodeConfig::trace_messages`](crate::NodeConfig::trace_messages).
    /// A process that another process starts belongs to that process's trace.
    pub trace: Option<TraceId>,
    /// The place in a trace over several programs, in place of the inherited one.
    pub trace_context: Option<Arc<TraceContext>>,
    /// The state that capabilities find for the process from its first instruction on, such
    /// as the request that the process answers. It ends with the process or its code, or
    /// with a start that fails. For starts by the embedder.
    pub kept: Option<Arc<Kept>>,
    /// The condition under which the process may begin to run. For starts by the embedder.
    pub gate: Option<Gate>,
}

/// A condition that is asked once when a process exists and has run nothing. If it does not
/// hold, the process ends without running.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicBool, Ordering};
/// use warren_engine::Gate;
///
/// let is_open = Arc::new(AtomicBool::new(true));
/// let asked = Arc::clone(&is_open);
/// let gate = Gate::new(move || asked.load(Ordering::SeqCst));
/// assert!(gate.is_open());
/// is_open.store(false, Ordering::SeqCst);
/// assert!(!gate.is_open());
/// ```
#[derive(Clone)]
pub struct Gate(Arc<dyn Fn() -> bool + Send + Sync>);

impl Gate {
    /// Makes a gate of a condition, which does not block.
    pub fn new(is_open: impl Fn() -> bool + Send + Sync + 'static) -> Gate {
        Gate(Arc::new(is_open))
    }

    /// Returns whether the condition holds now.
    pub fn is_open(&self) -> bool {
        (self.0)()
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
}

impl Start {
    /// Returns a start of a definition in a host, without arguments or options.
    pub fn new(definition: impl Into<String>, host: impl Into<String>) -> Start {
        Start::with_arguments(definition, host, codec::NO_VALUES.into())
    }

    /// Returns a start with these arguments, without options.
    pub(crate) fn with_arguments(
        definition: impl Into<String>,
        host: impl Into<String>,
        arguments: Arc<[u8]>,
    ) -> Start {
        Start {
            definition: definition.into(),
            host: host.into(),
            arguments,
            context: BTreeMap::new(),
            identity: Identity::default(),
            name: None,
            messages: Vec::new(),
            call: false,
            upgraded_to: None,
            trace: None,
            trace_context: None,
            kept: None,
            gate: None,
        }
    }

    /// Chooses the host if the start names none.
    ///
    /// # Errors
    ///
    /// `NotFound` or `Unavailable`, as [`Definitions::definition`] returns them.
    pub(crate) fn choose_host(&mut self, definitions: &dyn Definitions) -> Result<(), Error> {
        if self.host.is_empty() {
            let definition = definitions.definition(&self.definition)?;
            let host = definition.host.as_deref().unwrap_or(DEFAULT_HOST);
            host.clone_into(&mut self.host);
        }
        Ok(())
    }

    /// Returns the host of a start by the embedder: the one to which the definition is
    /// bound, whatever the start names, or else the default for a start that names none.
    pub(crate) fn bound_host<'a>(&'a self, definition: Option<&'a Definition>) -> &'a str {
        match definition.and_then(|found| found.host.as_deref()) {
            Some(host) => host,
            None if self.host.is_empty() => DEFAULT_HOST,
            None => &self.host,
        }
    }
}
