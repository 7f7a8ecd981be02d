//! The interface of the authorizer, which permits or denies actions.

use std::sync::Arc;

use warren_kernel::Error;

use super::decision::Decision;
use super::request::{Caller, Request, Resource};
use super::subject::{Actor, Scope, Subject};
use super::verdict::Verdict;

/// Permits or denies the actions of processes.
///
/// ```
/// use warren_engine::security::{Action, Authorizer, Decision, Request, Reuse, Scope};
///
/// /// Permits everything but the end of other processes.
/// struct Peaceful;
///
/// impl Authorizer for Peaceful {
///     fn decide(&self, request: &Request<'_>) -> Decision {
///         Decision {
///             allowed: Action::of(request.action) != Some(Action::Terminate),
///             because: "peaceful".into(),
///             reason: None,
///             reuse: Reuse::Subject,
///         }
///     }
///     fn generation(&self) -> u64 {
///         0 // it never changes its mind
///     }
///     fn has_policy(&self, _id: &str) -> bool {
///         false
///     }
///     fn named_scope(&self, _name: &str) -> Option<Scope> {
///         None
///     }
/// }
/// ```
pub trait Authorizer: Send + Sync + 'static {
    /// Decides a request. Called on a worker's own stack, never on a guest's. The
    /// worker runs nothing else meanwhile.
    fn decide(&self, request: &Request<'_>) -> Decision;

    /// Evaluates a request by these policies alone, for a program that makes up the
    /// request: the verdict gives no rights. The scope of the subject does not count, and
    /// a missing policy allows nothing. Called on a thread that may take its time; calls
    /// `check` each millisecond or so. By default no policy matches.
    ///
    /// # Errors
    ///
    /// Those of `check`, and `Internal` for a request that cannot be read.
    fn evaluate(
        &self,
        _request: &Request<'_>,
        _policies: &[String],
        _check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Verdict, Error> {
        Ok(Verdict::Undefined)
    }

    /// A counter of changes to policies and anything else on which decisions
    /// depend. Decisions are kept until the counter changes, so increment it after
    /// new policies are in force. Called at every check, on a guest's stack: keep
    /// it to one atomic load.
    fn generation(&self) -> u64;

    /// Returns true if there is a policy of this id. Called on a guest's stack.
    fn has_policy(&self, id: &str) -> bool;

    /// The scope that the operator has defined under this name. Called on a guest's
    /// stack.
    fn named_scope(&self, name: &str) -> Option<Scope>;

    /// The actor and scope that the operator assigns to every process of this
    /// definition in this host, whichever process starts it.
    fn identity(&self, _definition: &str, _host: &str) -> Identity {
        Identity::default()
    }

    /// Receives the events for the operator's audit. May be called on a guest's
    /// stack: it must not block, and must use little stack.
    fn observe(&self, _event: &AuditEvent<'_>) {}
}

/// The actor and scope that replace those a process would inherit.
///
/// ```
/// use std::collections::BTreeMap;
/// use std::sync::Arc;
/// use warren_engine::security::{Actor, Identity};
///
/// let actor = |id: &str| Some(Arc::new(Actor::new(id, &BTreeMap::new())));
/// let of_service = Identity { actor: actor("orders"), scope: None };
/// let of_host = Identity { actor: actor("workers"), scope: Some(Arc::default()) };
/// let both = of_service.or(of_host);
/// assert_eq!(both.actor.as_deref().map(Actor::id), Some("orders"));
/// assert!(both.scope.is_some());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The actor; inherited if absent.
    pub actor: Option<Arc<Actor>>,
    /// The scope; inherited if absent.
    pub scope: Option<Arc<Scope>>,
}

impl Identity {
    /// Returns this identity, with absent parts taken from another.
    #[must_use]
    pub fn or(self, other: Identity) -> Identity {
        Identity {
            actor: self.actor.or(other.actor),
            scope: self.scope.or(other.scope),
        }
    }

    /// Returns true if neither part is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.actor.is_none() && self.scope.is_none()
    }
}

/// An event for the operator's audit.
///
/// ```
/// use std::collections::BTreeMap;
/// use warren_engine::security::{Actor, AuditEvent};
///
/// fn line(event: &AuditEvent<'_>) -> String {
///     match event {
///         AuditEvent::Denied { caller, action, resource, decision, .. } => {
///             format!("{}: {action} {}: {}", caller.pid, resource.text(), decision.because)
///         }
///         AuditEvent::Granted { pid, actor, .. } => {
///             let actor = actor.map_or("nobody", |actor| actor.id());
///             format!("{pid}: acts for {actor}")
///         }
///     }
/// }
///
/// let ada = Actor::new("ada", &BTreeMap::new());
/// let event = AuditEvent::Granted {
///     by: None,
///     pid: "{app:a|0x00001}",
///     definition: "app:main",
///     actor: Some(&ada),
///     scope: None,
/// };
/// assert_eq!(line(&event), "{app:a|0x00001}: acts for ada");
/// ```
#[derive(Clone, Copy, Debug)]
pub enum AuditEvent<'a> {
    /// A call was refused.
    Denied {
        /// The process that called.
        caller: &'a Caller,
        /// The actor and scope for which it acted.
        subject: &'a Subject,
        /// The denied action.
        action: &'a str,
        /// The resource of the action.
        resource: &'a Resource,
        /// The decision, with its reason.
        decision: &'a Decision,
    },
    /// A process was started with an actor or a scope of its own.
    Granted {
        /// The process that started it; absent if the operator's manifest assigns
        /// the identity.
        by: Option<&'a Caller>,
        /// The text of its PID.
        pid: &'a str,
        /// The definition that it runs.
        definition: &'a str,
        /// The actor that it has now.
        actor: Option<&'a Actor>,
        /// The scope that it has now.
        scope: Option<&'a Scope>,
    },
}
