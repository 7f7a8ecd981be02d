//! The things that a process inherits from its spawner and hands on.

use std::collections::BTreeMap;
use std::sync::Arc;

use warren_kernel::{Error, Host, Kind};

use super::Start;
use crate::security::{Actor, Identity, Scope};
use crate::trace_context::TraceContext;

/// The things that a process inherits from its spawner and hands on.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    /// The identifier of the call chain.
    pub(crate) frame: Arc<str>,
    /// Encoded values by key.
    pub(crate) context: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// The identity for which the process acts.
    pub(crate) actor: Option<Arc<Actor>>,
    /// The policies under which the process acts.
    pub(crate) scope: Option<Arc<Scope>>,
    /// The place of the process in a trace over several programs. Policies do not see it.
    pub(crate) trace: Option<Arc<TraceContext>>,
}

impl Inherited {
    /// Returns the values of a process that begins a chain of calls.
    pub(crate) fn beginning(frame: Arc<str>) -> Arc<Inherited> {
        Arc::new(Inherited {
            frame,
            context: Arc::default(),
            actor: None,
            scope: None,
            trace: None,
        })
    }

    /// Returns the values of a child that this start asks for: those of the spawner
    /// itself if the start sets none.
    pub(crate) fn handed_on(self: &Arc<Self>, start: &Start) -> Arc<Inherited> {
        let mut inherited = Arc::clone(self);
        if !start.context.is_empty() {
            let context = &mut Arc::make_mut(&mut inherited).context;
            let set = start.context.iter();
            Arc::make_mut(context).extend(set.map(|(k, v)| (k.clone(), Arc::clone(v))));
        }
        if !start.identity.is_empty() {
            Arc::make_mut(&mut inherited).act_for(&start.identity);
        }
        if let Some(trace) = &start.trace_context {
            Arc::make_mut(&mut inherited).trace = Some(Arc::clone(trace));
        }
        inherited
    }

    /// Replaces actor and scope by those of an identity, as far as it has them.
    pub(crate) fn act_for(&mut self, identity: &Identity) {
        if let Some(actor) = &identity.actor {
            self.actor = Some(Arc::clone(actor));
        }
        if let Some(scope) = &identity.scope {
            self.scope = Some(Arc::clone(scope));
        }
    }

    /// Bytes that a process keeps for its whole life: the inherited values and its
    /// arguments. Values that a process shares with its spawner count for both, as
    /// each may outlive the other.
    pub(crate) fn given(&self, arguments: &[u8]) -> u64 {
        (self.bytes() + arguments.len()) as u64
    }

    /// Limits context, actor and scope together like a message, since they are passed
    /// on from process to process.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the limit.
    pub(crate) fn check(&self, host: &Host) -> Result<(), Error> {
        let (bytes, limit) = (self.bytes(), host.config().max_message);
        if bytes <= limit {
            return Ok(());
        }
        let message = format!(
            "context, actor and scope are {bytes} bytes, more than max_message = {limit} of host {}",
            host.name()
        );
        let error = Error::at_limit(Kind::Invalid, "max_message", limit as u64, message);
        Err(error.in_host(host.name()))
    }

    /// Bytes of context, actor and scope.
    fn bytes(&self) -> usize {
        let context = self
            .context
            .iter()
            .map(|(key, value)| key.len() + value.len());
        let actor = self
            .actor
            .iter()
            .map(|actor| actor.id.len() + actor.meta.len());
        let scope = self.scope.iter().flat_map(|scope| &scope.policies);
        context.sum::<usize>() + actor.sum::<usize>() + scope.map(String::len).sum::<usize>()
    }
}
