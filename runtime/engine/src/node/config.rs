//! The configuration of a node, and the errors of its start.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use warren_kernel::FarPeers;

use crate::capability::Capability;
use crate::code::bounds::CompileLimits;
use crate::code::definition::Definitions;
use crate::host_limits::HostLimits;
use crate::log::LogHook;
use crate::memory::MachineMemory;
use crate::output::Sink;
use crate::remote::Remote;
use crate::security::Authorizer;

/// The default time for which a process waits before it is parked.
pub const DEFAULT_PARK_AFTER: Duration = Duration::from_secs(1);

/// The configuration of a node.
pub struct NodeConfig {
    /// The program's definitions.
    pub definitions: Arc<dyn Definitions>,
    /// The services that guests may call. Of two with one name the later counts.
    pub capabilities: Vec<Arc<dyn Capability>>,
    /// The hosts, by name.
    pub hosts: Vec<(String, HostLimits)>,
    /// The authorizer that permits or forbids actions. Without one, processes with
    /// an actor or a scope may do nothing that needs a permission; all other
    /// processes may do everything.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// The directory that keeps compiled code between runs; nothing is kept if
    /// absent.
    pub cache: Option<PathBuf>,
    /// The sink for the processes' output.
    pub output: Box<dyn Sink>,
    /// The receiver of the processes' log records; `tracing` if absent.
    pub log: Option<LogHook>,
    /// The Lua interpreter guest, in place of the bundled one.
    pub interpreter: Option<Vec<u8>>,
    /// Threads that run processes: one for each core if absent.
    pub workers: Option<NonZeroUsize>,
    /// The slice of a guest: the longest time that it runs while others wait. Use
    /// [`DEFAULT_TICK`](crate::DEFAULT_TICK), unless instructions are to be counted
    /// without a clock that interferes.
    pub tick: Duration,
    /// The time for which a process waits before it is parked: it gives its slot to others,
    /// and its memory is kept compressed. Parks nobody if absent. Use
    /// [`DEFAULT_PARK_AFTER`](crate::DEFAULT_PARK_AFTER).
    pub park_after: Option<Duration>,
    /// If true, `message:payload()` of Lua gives Payload objects, and else the values.
    pub payload_objects: bool,
    /// If true, interpreters count how often each line of their code runs, and tell the
    /// capability `coverage`, which the caller has to give.
    pub counts_lines: bool,
    /// If true, each message carries the message that caused it.
    pub trace_messages: bool,
    /// The limits of sources and modules, and of compiling them.
    pub compile: CompileLimits,
    /// Bytes of memory of all processes together. If absent, the memory of the
    /// machine less a reserve ([`default_max_memory`](crate::default_max_memory)).
    pub max_memory_total: Option<u64>,
    /// The cluster that the node is part of; absent without one.
    pub cluster: Option<Membership>,
    /// The memory of the machine; read from Linux if absent.
    pub memory: Option<Arc<dyn MachineMemory>>,
    /// The time of the processes.
    pub time: Time,
}

/// The time of a node's processes: their clocks, deadlines and timers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// The time of the machine.
    #[default]
    Real,
    /// A time that stands still while processes run, and jumps to the next deadline when
    /// every process waits.
    Virtual,
    /// Virtual time from a fixed moment on. One worker runs ready processes in an order that
    /// the seed fixes, and random numbers are those of the seed.
    Seeded {
        /// The seed.
        seed: u64,
        /// If true, processes are delayed before operations on other processes and of
        /// capabilities, as the seed chooses.
        delays: bool,
    },
}

/// A node's place in a cluster.
#[derive(Debug)]
pub struct Membership {
    /// The other nodes.
    pub remote: Arc<dyn Remote>,
    /// The part that tells other nodes of ends.
    pub peers: Arc<dyn FarPeers>,
}

/// An error of [`Node::start`](crate::Node::start).
///
/// ```
/// use warren_engine::NodeError;
/// use warren_kernel::Error;
///
/// let error = NodeError::Host {
///     name: "app:workers".to_owned(),
///     error: Box::new(Error::invalid("max_processes is 0")),
/// };
/// assert_eq!(error.to_string(), "host app:workers: max_processes is 0");
///
/// fn is_of_the_configuration(error: &NodeError) -> bool {
///     matches!(error, NodeError::Host { .. })
/// }
/// assert!(is_of_the_configuration(&error));
/// assert!(!is_of_the_configuration(&NodeError::NoRuntime));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The operating system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
    /// A host has an invalid or a duplicate name, or an invalid limit.
    #[error("host {name}: {error}")]
    Host {
        /// The name.
        name: String,
        /// The fault.
        error: Box<warren_kernel::Error>,
    },
    /// Called outside a tokio runtime.
    #[error("cannot start a node outside a tokio runtime")]
    NoRuntime,
}
