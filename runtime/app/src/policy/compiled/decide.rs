//! Decisions by policies.

use std::collections::BTreeSet;
use std::sync::Arc;

use cedar_policy::{Authorizer, Effect, PolicyId, PolicySet};
use warren_engine::security::{Action, Decision, Request, Reuse, Verdict};
use warren_kernel::Error;

use super::Compiled;
use super::effective::{Effective, NotTogether};
use super::statements::Statements;
use crate::policy::entities::Asked;

impl Compiled {
    /// Decides by the policies for everyone and those of the subject's scope.
    pub(in crate::policy) fn decide(
        &self,
        request: &Request<'_>,
        everyone: &[String],
        strict: bool,
    ) -> Decision {
        let effective = match self.effective(everyone, request) {
            Ok(effective) => effective,
            Err(error) => return denied(error.to_string()),
        };
        let asked = match Asked::new(request, &self.schema.actions) {
            Ok(asked) => asked,
            Err(error) => return denied(format!("the request cannot be judged: {error}")),
        };
        let response =
            Authorizer::new().is_authorized(&asked.request, &effective.set, &asked.entities);
        let diagnostics = response.diagnostics();
        if let Some(failure) = failing_forbid(&effective.set, diagnostics) {
            return denied(failure);
        }
        let mut deciding: Vec<String> = diagnostics.reason().map(ToString::to_string).collect();
        deciding.sort();
        let allowed = response.decision() == cedar_policy::Decision::Allow;
        let confined = strict || request.subject.is_confined() || is_of_runtime(request);
        let because = match (allowed, deciding.is_empty()) {
            (true, _) => format!("{} permits it", deciding.join(" and ")),
            (false, false) => format!("{} forbids it", deciding.join(" and ")),
            (false, true) if !confined => {
                "nothing forbids it, and the process has neither actor nor scope".to_owned()
            }
            (false, true) => "no policy permits it".to_owned(),
        };
        Decision {
            allowed: allowed || (deciding.is_empty() && !confined),
            because: because.into(),
            reason: (!allowed)
                .then(|| reason(&effective.set, diagnostics.reason()))
                .flatten(),
            reuse: effective.reuse,
        }
    }

    /// Evaluates a request by each of these policies alone. The sets that decisions share
    /// stay as they are: any process may evaluate any policies.
    pub(in crate::policy) fn evaluate(
        &self,
        request: &Request<'_>,
        ids: &[String],
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Verdict, Error> {
        let asked = Asked::new(request, &self.schema.actions)
            .map_err(|error| Error::internal(format!("cannot evaluate the request: {error}")))?;
        let (mut allowed, mut complete) = (false, true);
        let ids: BTreeSet<&str> = ids.iter().map(String::as_str).collect();
        for id in ids {
            check()?;
            let Some(policy) = self.policies.get(id) else {
                complete = false;
                continue;
            };
            match policy.evaluate(&asked) {
                Verdict::Deny => return Ok(Verdict::Deny),
                verdict => allowed |= verdict == Verdict::Allow,
            }
        }
        Ok(match allowed && complete {
            true => Verdict::Allow,
            false => Verdict::Undefined,
        })
    }

    /// Returns the policies for everyone and those of the subject's scope, together.
    fn effective(
        &self,
        everyone: &[String],
        request: &Request<'_>,
    ) -> Result<Arc<Effective>, NotTogether> {
        let scope = request.subject.scope();
        let mut ids = everyone.to_vec();
        ids.extend(scope.into_iter().flat_map(|scope| scope.policies.clone()));
        ids.sort();
        ids.dedup();
        if let Some(known) = self.sets.get(&ids) {
            return Ok(known);
        }
        let effective = Arc::new(Effective::of(&ids, &self.policies)?);
        let statements = effective.statements;
        self.sets.keep(ids, Arc::clone(&effective), statements);
        Ok(effective)
    }
}

impl Statements {
    /// Evaluates the statements without those of other policies.
    fn evaluate(&self, asked: &Asked) -> Verdict {
        let set = self.alone.get_or_init(|| {
            let mut set = PolicySet::new();
            for statement in &self.all {
                // Ids differ by construction.
                let added = set.add(statement.policy.clone());
                debug_assert!(added.is_ok(), "two statements in one place");
            }
            set
        });
        let response = Authorizer::new().is_authorized(&asked.request, set, &asked.entities);
        let diagnostics = response.diagnostics();
        if failing_forbid(set, diagnostics).is_some() {
            return Verdict::Deny;
        }
        match response.decision() {
            cedar_policy::Decision::Allow => Verdict::Allow,
            cedar_policy::Decision::Deny if diagnostics.reason().next().is_some() => Verdict::Deny,
            cedar_policy::Decision::Deny => Verdict::Undefined,
        }
    }
}

/// Returns the message of a statement that forbids and fails. Cedar skips a statement
/// that fails; one that forbids must not be skipped.
fn failing_forbid(set: &PolicySet, diagnostics: &cedar_policy::Diagnostics) -> Option<String> {
    diagnostics.errors().find_map(|error| {
        let cedar_policy::AuthorizationError::PolicyEvaluationError(error) = error;
        let policy = set.policy(error.policy_id());
        policy
            .is_none_or(|policy| policy.effect() == Effect::Forbid)
            .then(|| format!("{} fails: {error}", error.policy_id()))
    })
}

/// Returns the reason that the caller may read: the `@reason` of a deciding
/// statement.
fn reason<'a>(set: &PolicySet, mut ids: impl Iterator<Item = &'a PolicyId>) -> Option<Arc<str>> {
    ids.find_map(|id| set.annotation(id, "reason"))
        .map(Arc::from)
}

/// Returns true for a subscription to events of the runtime, which only a policy permits.
fn is_of_runtime(request: &Request<'_>) -> bool {
    request.action == Action::EventsSubscribe.as_str()
        && request.resource.text().starts_with("warren.")
}

fn denied(because: String) -> Decision {
    Decision {
        allowed: false,
        because: because.into(),
        reason: None,
        reuse: Reuse::Caller,
    }
}
