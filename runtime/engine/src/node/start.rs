//! What the embedder says of a process that it starts.

use std::collections::BTreeMap;
use std::sync::Arc;

use warren_kernel::TraceId;

use crate::codec;
use crate::security::Identity;

/// What a process starts with. Values are encoded; see `docs/guest-abi.md`.
#[derive(Clone, Debug)]
pub struct Start {
    /// The definition's id.
    pub definition: String,
    /// The host. Where the embedder starts a process whose definition is bound
    /// to a host, that one counts.
    pub host: String,
    /// One array of values; none where it is empty.
    pub arguments: Arc<[u8]>,
    /// Context values by key.
    pub context: BTreeMap<String, Arc<[u8]>>,
    /// What it acts as, in place of what the operator gives processes of its
    /// definition and host.
    pub identity: Identity,
    /// A name, claimed together with the start.
    pub name: Option<String>,
    /// Topics and arrays of values, queued before anything else.
    pub messages: Vec<(String, Arc<[u8]>)>,
    /// The chain of messages that it belongs to, where messages are traced; see
    /// [`NodeConfig::trace_messages`](crate::NodeConfig::trace_messages).
    pub trace: Option<TraceId>,
}

impl Start {
    /// A definition in a host, without anything else.
    pub fn new(definition: impl Into<String>, host: impl Into<String>) -> Start {
        Start {
            definition: definition.into(),
            host: host.into(),
            arguments: codec::NO_VALUES.into(),
            context: BTreeMap::new(),
            identity: Identity::default(),
            name: None,
            messages: Vec::new(),
            trace: None,
        }
    }
}
