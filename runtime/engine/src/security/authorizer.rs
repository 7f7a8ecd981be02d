//! Who answers.

use std::sync::Arc;

use super::decision::Decision;
use super::request::{Caller, Request, Resource};
use super::subject::{Actor, Scope, Subject};

/// Judges what processes ask to do.
pub trait Authorizer: Send + Sync + 'static {
    /// The answer. Called on a worker's own stack, never on a guest's; it may
    /// take its time, but that of the worker too.
    fn decide(&self, request: &Request<'_>) -> Decision;

    /// Counts the changes of anything that answers depend on. An answer is kept
    /// until this changes; so it changes after the new policies are in force, not
    /// before. Called at every check, on a guest's stack: one atomic load.
    fn generation(&self) -> u64;

    /// Whether there is a policy of this id. Called on a guest's stack.
    fn has_policy(&self, id: &str) -> bool;

    /// The scope that the operator gave this name. Called on a guest's stack.
    fn named_scope(&self, name: &str) -> Option<Scope>;

    /// Actor and scope that the operator gives every process of this definition
    /// in this host, whoever starts it.
    fn identity(&self, _definition: &str, _host: &str) -> Identity {
        Identity::default()
    }

    /// Told of what an operator wants to read afterwards. Called on a guest's
    /// stack too: it may neither wait nor use much of it.
    fn observe(&self, _event: &Event<'_>) {}
}

/// What the operator gives a process instead of what it would inherit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Identity {
    /// The actor, if one is given.
    pub actor: Option<Arc<Actor>>,
    /// The scope, if one is given.
    pub scope: Option<Arc<Scope>>,
}

impl Identity {
    /// This, with what it lacks from another.
    #[must_use]
    pub fn or(self, other: Identity) -> Identity {
        Identity {
            actor: self.actor.or(other.actor),
            scope: self.scope.or(other.scope),
        }
    }
}

/// What an operator wants to read afterwards.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A call was refused.
    Denied {
        /// Who called.
        caller: &'a Caller,
        /// On whose behalf.
        subject: &'a Subject,
        /// What it wanted to do.
        action: &'a str,
        /// To what.
        resource: &'a Resource,
        /// Why not.
        decision: &'a Decision,
    },
    /// A process was started with an actor or a scope of its own.
    Granted {
        /// Who started it; absent where the operator's manifest says so.
        by: Option<&'a Caller>,
        /// The text of its PID.
        pid: &'a str,
        /// What it runs.
        definition: &'a str,
        /// The actor it has now.
        actor: Option<&'a Actor>,
        /// The scope it has now.
        scope: Option<&'a Scope>,
    },
}
