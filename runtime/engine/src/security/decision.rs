//! The decisions of an authorizer.

use std::sync::Arc;

/// The decision on a request.
///
/// ```
/// use warren_engine::security::{Decision, Reuse};
///
/// /// Returns the words for the refused process. Those of `because` are for the operator.
/// fn told(decision: &Decision) -> &str {
///     decision.reason.as_deref().unwrap_or("not permitted")
/// }
///
/// let mut denied = Decision {
///     allowed: false,
///     because: "night.cedar:3:1 forbids it".into(),
///     reason: None,
///     reuse: Reuse::Subject,
/// };
/// assert_eq!(told(&denied), "not permitted");
/// denied.reason = Some("the shop is closed at night".into());
/// assert_eq!(told(&denied), "the shop is closed at night");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// True if the action is permitted.
    pub allowed: bool,
    /// The policy or rule that decided, for the operator.
    pub because: Arc<str>,
    /// The reason that the caller may read.
    pub reason: Option<Arc<str>>,
    /// The processes for which the decision holds.
    pub reuse: Reuse,
}

/// The processes for which a decision holds, until the generation changes.
///
/// ```
/// use warren_engine::security::{Caller, Decision, Request, Resource, Reuse, Subject};
///
/// /// Permits everything to the processes of one host.
/// fn decide(request: &Request<'_>) -> Decision {
///     Decision {
///         allowed: *request.caller.host == *"app:a",
///         because: "the host".into(),
///         reason: None,
///         // Other processes of the subject may be in other hosts.
///         reuse: Reuse::Caller,
///     }
/// }
/// # let caller = Caller {
/// #     pid: "{app:a|0x00001}".into(),
/// #     definition: "app:main".into(),
/// #     host: "app:a".into(),
/// #     node: None,
/// # };
/// # let request = Request {
/// #     subject: &Subject::new(None, None),
/// #     caller: &caller,
/// #     action: "process.host",
/// #     resource: &Resource::Host("app:b".to_owned()),
/// #     attributes: &[],
/// # };
/// assert!(decide(&request).allowed);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reuse {
    /// Every process of the subject.
    Subject,
    /// The process that asked, until it is upgraded.
    Caller,
}
