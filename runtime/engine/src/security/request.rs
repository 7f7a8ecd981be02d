//! The request that an authorizer decides.

use std::borrow::Cow;
use std::sync::Arc;

use warren_kernel::Process;

use super::action::{Action, ResourceKind};
use super::subject::Subject;
use crate::origin::Origin;

/// A request of a subject for permission to act on a resource.
///
/// ```
/// use warren_engine::security::{Caller, Request, Resource, Subject};
///
/// /// Returns true if a process starts another one in its own host.
/// fn stays(request: &Request<'_>) -> bool {
///     matches!(request.resource, Resource::Host(host) if **host == *request.caller.host)
/// }
///
/// let caller = Caller {
///     pid: "{app:a|0x00001}".into(),
///     definition: "app:main".into(),
///     host: "app:a".into(),
///     node: None,
/// };
/// let request = Request {
///     subject: &Subject::new(None, None),
///     caller: &caller,
///     action: "process.host",
///     resource: &Resource::Host("app:a".to_owned()),
///     attributes: &[],
/// };
/// assert!(stays(&request));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The actor, scope and context values for which the caller acts.
    pub subject: &'a Subject,
    /// The process that asks.
    pub caller: &'a Caller,
    /// A word of the contract ([`Action::as_str`](super::Action::as_str)), or one
    /// of the program's own.
    pub action: &'a str,
    /// The resource of the action.
    pub resource: &'a Resource,
    /// The attributes that the caller passes to `security.can`, as texts.
    pub attributes: &'a [(String, String)],
}

/// The process that asks.
///
/// ```
/// use warren_engine::security::Caller;
///
/// /// Returns true for the processes of a namespace.
/// fn is_below(caller: &Caller, namespace: &str) -> bool {
///     let id = caller.definition.split_once(':');
///     id.is_some_and(|(of_caller, _)| of_caller == namespace)
/// }
///
/// let caller = Caller {
///     pid: "{app:processes|0x00001}".into(),
///     definition: "app.workers:resize".into(),
///     host: "app:processes".into(),
///     node: None,
/// };
/// assert!(is_below(&caller, "app.workers"));
/// ```
#[derive(Clone, Debug)]
pub struct Caller {
    /// The text of its PID.
    pub pid: Arc<str>,
    /// The definition it runs.
    pub definition: Arc<str>,
    /// The host it lives in.
    pub host: Arc<str>,
    /// The node that it runs on, if that is another node of the cluster.
    pub node: Option<Arc<str>>,
}

/// The resource of an action.
///
/// ```
/// use warren_engine::security::{Resource, Target};
///
/// let store = Resource::of("process.send", "store", |name| Target::absent(name));
/// assert!(matches!(&store, Resource::Process(target) if target.host.is_none()));
/// assert_eq!(store.text(), "store");
/// let order = Resource::of("shop.refund", "order 7", |name| Target::absent(name));
/// assert_eq!(order, Resource::Other("order 7".to_owned()));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// A definition, by its id.
    Definition(String),
    /// A host, by its id.
    Host(String),
    /// A process.
    Process(Target),
    /// A name.
    Name(String),
    /// Context values.
    Context,
    /// Actor and scope.
    Security,
    /// A thing that a capability gives, by its id.
    Entry(EntryKind, String),
    /// An origin of URLs: its text, or what else the program names.
    Origin(String),
    /// A word of the program's own.
    Other(String),
}

/// The kind of a thing that a capability gives.
///
/// ```
/// use warren_engine::security::{EntryKind, Resource, Target};
///
/// let cache = Resource::of("store.read", "app:cache", |pid| Target::absent(pid));
/// assert_eq!(cache, Resource::Entry(EntryKind::Store, "app:cache".to_owned()));
/// assert_eq!(EntryKind::Store.as_str(), "Store");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A store of values.
    Store,
    /// A database.
    Database,
    /// A queue.
    Queue,
    /// A volume of files.
    Volume,
    /// A listener of the HTTP server.
    Listener,
}

impl EntryKind {
    /// The type that policies have for the kind.
    pub const fn as_str(self) -> &'static str {
        match self {
            EntryKind::Store => "Store",
            EntryKind::Database => "Database",
            EntryKind::Queue => "Queue",
            EntryKind::Volume => "Volume",
            EntryKind::Listener => "Listener",
        }
    }
}

/// A process as the target of an action, with the properties that policies can
/// match.
///
/// ```
/// use warren_engine::security::{Resource, Target};
///
/// let store = Target {
///     pid: "{app:stores|0x00001}".to_owned(),
///     host: Some("app:stores".to_owned()),
///     definition: Some("app:store".into()),
///     names: vec!["store".into()],
/// };
/// assert_eq!(Resource::Process(store).text(), "{app:stores|0x00001}");
/// assert_eq!(Target::absent("nobody").host, None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The text of its PID; for an absent process, the destination that the caller
    /// gave.
    pub pid: String,
    /// The host it lives in; `None` if there is no such process.
    pub host: Option<String>,
    /// The definition it runs.
    pub definition: Option<Arc<str>>,
    /// The names it is registered under.
    pub names: Vec<Arc<str>>,
}

impl Resource {
    /// Returns the resource that a text means for an action; `process` finds a process by
    /// its PID or name.
    pub fn of(action: &str, text: &str, process: impl FnOnce(&str) -> Target) -> Resource {
        match Action::of(action).map(Action::resource) {
            Some(ResourceKind::Definition) => Resource::Definition(text.to_owned()),
            Some(ResourceKind::Host) => Resource::Host(text.to_owned()),
            Some(ResourceKind::Process) => Resource::Process(process(text)),
            Some(ResourceKind::Name) => Resource::Name(text.to_owned()),
            Some(ResourceKind::Context) => Resource::Context,
            Some(ResourceKind::Security) => Resource::Security,
            Some(ResourceKind::Store) => Resource::Entry(EntryKind::Store, entry_id(text)),
            Some(ResourceKind::Database) => Resource::Entry(EntryKind::Database, entry_id(text)),
            Some(ResourceKind::Queue) => Resource::Entry(EntryKind::Queue, entry_id(text)),
            Some(ResourceKind::Volume) => Resource::Entry(EntryKind::Volume, entry_id(text)),
            Some(ResourceKind::Origin) => Resource::Origin(origin(text)),
            Some(ResourceKind::Listener) => Resource::Entry(EntryKind::Listener, entry_id(text)),
            Some(
                ResourceKind::System
                | ResourceKind::Group
                | ResourceKind::Variable
                | ResourceKind::TokenStore,
            )
            | None => Resource::Other(text.to_owned()),
        }
    }

    /// The text of the resource in messages.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Resource::Definition(text)
            | Resource::Host(text)
            | Resource::Name(text)
            | Resource::Entry(_, text)
            | Resource::Origin(text)
            | Resource::Other(text) => text.into(),
            Resource::Process(target) => target.pid.as_str().into(),
            Resource::Context => "context".into(),
            Resource::Security => "security".into(),
        }
    }
}

/// Completes the id of an entry of the manifest: a name alone is one of `app`.
fn entry_id(text: &str) -> String {
    match text.contains(':') {
        true => text.to_owned(),
        false => format!("app:{text}"),
    }
}

/// Returns the origin of a URL; another text as it is, which is the origin of nothing. A
/// WebSocket has the origin of the request with which it begins.
fn origin(text: &str) -> String {
    let of_http = match text.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("ws") => format!("http://{rest}"),
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("wss") => format!("https://{rest}"),
        _ => text.to_owned(),
    };
    Origin::of(&of_http).map_or_else(|| text.to_owned(), |origin| origin.to_string())
}

impl Target {
    pub(crate) fn of(process: &Process) -> Target {
        Target {
            pid: process.text().to_string(),
            host: Some(process.host().name().to_owned()),
            definition: process.definition(),
            names: process.names(),
        }
    }

    /// A target for a process that does not exist.
    pub fn absent(pid: impl Into<String>) -> Target {
        Target {
            pid: pid.into(),
            host: None,
            definition: None,
            names: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_has_the_origin_of_its_request() {
        for (text, origin) in [
            ("https://A.example:443/x", "https://a.example"),
            ("ws://a.example:81/chat", "http://a.example:81"),
            ("WSS://a.example", "https://a.example"),
            ("ftp://a.example", "ftp://a.example"),
            ("no origin", "no origin"),
        ] {
            let resource = Resource::of("http.request", text, |pid| Target::absent(pid));
            assert_eq!(resource, Resource::Origin(origin.to_owned()));
        }
    }
}
