//! `endpoint_firewall` and `resource_firewall`: permissions of the actor of a request.

use std::sync::Arc;

use http::{HeaderValue, Response, StatusCode, header};
use warren_engine::DEFAULT_HOST;
use warren_engine::security::{AuditEvent, Caller, Request, Resource, Subject, Target};

use super::super::answer::plain;
use super::super::body::Served;
use super::super::context::Context;
use super::Asked;

/// Asks the policies for an action on a resource. Returns the refusal: 401 without an actor,
/// 403 for an actor that may not.
pub(super) fn check(
    action: &str,
    resource: &str,
    definition: &Arc<str>,
    asked: &Asked,
    context: &Context,
) -> Option<Response<Served>> {
    let Some(actor) = &asked.identity.actor else {
        let mut response = plain(StatusCode::UNAUTHORIZED);
        let scheme = HeaderValue::from_static("Bearer");
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, scheme);
        return Some(response);
    };
    // Without policies an actor may do nothing that needs a permission.
    let Some(authorizer) = &context.authorizer else {
        return Some(plain(StatusCode::FORBIDDEN));
    };
    let scope = asked.identity.scope.as_deref().cloned();
    let subject = Subject::new(Some(actor.as_ref().clone()), scope);
    let host = context.node.definition(definition).ok();
    let host = host.and_then(|definition| definition.host.clone());
    let caller = Caller {
        // No process has been started.
        pid: asked.id.as_str().into(),
        definition: Arc::clone(definition),
        host: host.unwrap_or_else(|| DEFAULT_HOST.into()),
        node: None,
    };
    let resource = Resource::of(action, resource, |pid| Target::absent(pid));
    let decision = authorizer.decide(&Request {
        subject: &subject,
        caller: &caller,
        action,
        resource: &resource,
        attributes: &[],
    });
    if decision.allowed {
        return None;
    }
    authorizer.observe(&AuditEvent::Denied {
        caller: &caller,
        subject: &subject,
        action,
        resource: &resource,
        decision: &decision,
    });
    Some(plain(StatusCode::FORBIDDEN))
}
