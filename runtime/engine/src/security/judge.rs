//! Calls of the authorizer, off the guests' stacks.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use parking_lot::Mutex;
use warren_kernel::{Error, Kind};

use super::action::Action;
use super::authorizer::{AuditEvent, Authorizer, Identity};
use super::cache::Key;
use super::decision::{Decision, Reuse};
use super::question::Question;
use super::request::{Caller, Request, Resource};
use super::subject::{Actor, Scope, Subject, texts};
use super::verdict::Verdict;

/// The authorizer of a node, and the subjects of living processes.
pub(crate) struct Judges {
    authorizer: Option<Arc<dyn Authorizer>>,
    subjects: Mutex<Subjects>,
}

#[derive(Default)]
struct Subjects {
    all: HashSet<Arc<Subject>>,
    /// The number of subjects after the last removal of those without processes.
    kept: usize,
    /// Bytes of the subjects that were added since then.
    added: usize,
}

/// The most bytes of subjects to add before those without processes are removed.
const MAX_LEFT: usize = 8 << 20;

impl Judges {
    pub(crate) fn new(authorizer: Option<Arc<dyn Authorizer>>) -> Judges {
        Judges {
            authorizer,
            subjects: Mutex::default(),
        }
    }

    pub(crate) fn authorizer(&self) -> Option<&Arc<dyn Authorizer>> {
        self.authorizer.as_ref()
    }

    /// The identity that the operator assigns to processes of a definition in a
    /// host.
    pub(crate) fn identity(&self, definition: &str, host: &str) -> Identity {
        match &self.authorizer {
            Some(authorizer) => authorizer.identity(definition, host),
            None => Identity::default(),
        }
    }

    /// Makes the judge of a process; `None` if the process may do everything.
    pub(crate) fn judge(
        &self,
        caller: impl FnOnce() -> Caller,
        actor: &Option<Arc<Actor>>,
        scope: &Option<Arc<Scope>>,
        context: &Arc<BTreeMap<String, Arc<[u8]>>>,
    ) -> Option<Judge> {
        if self.authorizer.is_none() && actor.is_none() && scope.is_none() {
            return None;
        }
        let subject = Subject::of(actor.clone(), scope.clone(), Arc::clone(context));
        let subject = match &self.authorizer {
            // Without an authorizer there are no decisions to share.
            None => Arc::new(subject),
            Some(_) => self.shared(subject),
        };
        Some(Judge {
            authorizer: self.authorizer.clone(),
            subject,
            caller: Arc::new(caller()),
        })
    }

    /// Returns the subject that all processes with equal values share.
    fn shared(&self, subject: Subject) -> Arc<Subject> {
        let mut subjects = self.subjects.lock();
        if let Some(known) = subjects.all.get(&subject) {
            return Arc::clone(known);
        }
        subjects.added += subject.bytes();
        if subjects.all.len() > 2 * subjects.kept + 64 || subjects.added > MAX_LEFT {
            // Subjects that only this set holds belong to no living process.
            subjects
                .all
                .retain(|subject| Arc::strong_count(subject) > 1);
            subjects.kept = subjects.all.len();
            subjects.added = 0;
        }
        let subject = Arc::new(subject);
        subjects.all.insert(Arc::clone(&subject));
        subject
    }
}

/// The judge of one process.
#[derive(Clone)]
pub(crate) struct Judge {
    authorizer: Option<Arc<dyn Authorizer>>,
    subject: Arc<Subject>,
    caller: Arc<Caller>,
}

impl Judge {
    /// The generation of a decision that is made now.
    #[inline]
    pub(crate) fn generation(&self) -> u64 {
        self.authorizer
            .as_ref()
            .map_or(0, |authorizer| authorizer.generation())
    }

    /// Fiber: the decision, if it is known without asking the authorizer.
    pub(crate) fn known(&self, generation: u64, key: &Key) -> Option<Decision> {
        match &self.authorizer {
            Some(_) => self.subject.cache.get(generation, key),
            None => Some(no_policies()),
        }
    }

    /// Fiber: returns true if the decision is known, and permits.
    pub(crate) fn is_known_to_permit(&self, generation: u64, key: &Key) -> bool {
        self.authorizer.is_some() && self.subject.cache.permits(generation, key)
    }

    /// Task: has the authorizer decide, and keeps the decision. Returns the
    /// generation of the decision with it.
    pub(crate) fn decide(&self, question: &Question) -> (u64, Decision) {
        let generation = self.generation();
        if let Some(decision) = self.known(generation, &question.key) {
            return (generation, decision);
        }
        let Some(authorizer) = &self.authorizer else {
            return (generation, no_policies());
        };
        let confined;
        let subject = match &question.key {
            // Without an actor or a scope, nobody gave this right.
            Key::Own(_) if !self.subject.is_confined() => {
                let context = Arc::clone(&self.subject.context);
                confined = Subject::of(None, Some(Arc::default()), context);
                &confined
            }
            _ => &*self.subject,
        };
        let decision = authorizer.decide(&Request {
            subject,
            caller: &self.caller,
            action: &question.action,
            resource: &question.resource,
            attributes: &texts(&question.attributes),
        });
        if decision.reuse == Reuse::Subject && question.key.is_small() {
            let key = question.key.clone();
            self.subject.cache.insert(generation, key, decision.clone());
        }
        (generation, decision)
    }

    /// Thread: evaluates policies for an actor that a program makes up. The other values
    /// of the request are the caller's.
    ///
    /// # Errors
    ///
    /// `Internal` for a request that cannot be read, and the errors of `check`; see
    /// [`Authorizer::evaluate`].
    pub(crate) fn evaluate(
        &self,
        question: &Question,
        actor: Option<Arc<Actor>>,
        policies: &[String],
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Verdict, Error> {
        let Some(authorizer) = &self.authorizer else {
            return Ok(Verdict::Undefined);
        };
        let subject = Subject::of(actor, None, Arc::clone(&self.subject.context));
        let request = Request {
            subject: &subject,
            caller: &self.caller,
            action: &question.action,
            resource: &question.resource,
            attributes: &texts(&question.attributes),
        };
        authorizer.evaluate(&request, policies, check)
    }

    /// Task: refuses an action that is not permitted.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`.
    pub(crate) fn permit(&self, action: Action, resource: Resource) -> Result<(), Error> {
        self.permit_asked(&Question::named(action, resource))
    }

    /// Task: refuses an action that is not permitted.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`.
    pub(crate) fn permit_asked(&self, question: &Question) -> Result<(), Error> {
        let (_, decision) = self.decide(question);
        if decision.allowed {
            Ok(())
        } else {
            Err(self.denied(&question.action, &question.resource, &decision))
        }
    }

    /// Reports a new process with an actor or a scope from its spawner.
    pub(crate) fn has_granted(&self, pid: &str, definition: &str, identity: &Identity) {
        if let Some(authorizer) = &self.authorizer {
            authorizer.observe(&AuditEvent::Granted {
                by: Some(&self.caller),
                pid,
                definition,
                actor: identity.actor.as_deref(),
                scope: identity.scope.as_deref(),
            });
        }
    }

    /// Makes the error of a denied call, and reports the denial to the operator.
    #[cold]
    pub(crate) fn denied(&self, action: &str, resource: &Resource, decision: &Decision) -> Error {
        if let Some(authorizer) = &self.authorizer {
            authorizer.observe(&AuditEvent::Denied {
                caller: &self.caller,
                subject: &self.subject,
                action,
                resource,
                decision,
            });
        }
        let text = resource.text();
        let mut message = format!("not allowed: {action} on {text}");
        if let Some(reason) = &decision.reason {
            message.push_str(": ");
            message.push_str(reason);
        }
        let error = Error::new(Kind::PermissionDenied, message)
            .retryable(false)
            .with("action", action)
            .with("resource", &*text);
        match &decision.reason {
            Some(reason) => error.with("reason", &**reason),
            None => error,
        }
    }
}

/// The decision for a process with an actor or a scope in a program without
/// policies.
fn no_policies() -> Decision {
    Decision {
        allowed: false,
        because: "the program has no policies, and the process has an actor or a scope".into(),
        reason: Some("the program has no policies that allow it".into()),
        reuse: Reuse::Caller,
    }
}

#[cfg(test)]
mod tests;
