//! What an authorizer is asked.

use std::borrow::Cow;
use std::sync::Arc;

use warren_kernel::Process;

use super::subject::Subject;

/// May this subject do this action on this resource?
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// On whose behalf.
    pub subject: &'a Subject,
    /// The process that asks.
    pub caller: &'a Caller,
    /// A word of the contract's, [`Action::as_str`](super::Action::as_str), or of
    /// the program's own.
    pub action: &'a str,
    /// What it is done to.
    pub resource: &'a Resource,
    /// What else the caller says of it.
    pub attributes: &'a [(String, String)],
}

/// The process that asks.
#[derive(Clone, Debug)]
pub struct Caller {
    /// The text of its PID.
    pub pid: Arc<str>,
    /// The definition it runs.
    pub definition: Arc<str>,
    /// The host it lives in.
    pub host: Arc<str>,
}

/// What an action is done to.
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
    /// A word of the program's own.
    Other(String),
}

/// A process, and what it is known by where it lives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The text of its PID, or whatever else was given for it.
    pub pid: String,
    /// The host it lives in; absent where there is no such process.
    pub host: Option<String>,
    /// The definition it runs.
    pub definition: Option<Arc<str>>,
    /// The names it is registered under.
    pub names: Vec<Arc<str>>,
}

impl Resource {
    /// What messages call it.
    pub fn text(&self) -> Cow<'_, str> {
        match self {
            Resource::Definition(text)
            | Resource::Host(text)
            | Resource::Name(text)
            | Resource::Other(text) => text.into(),
            Resource::Process(target) => target.pid.as_str().into(),
            Resource::Context => "context".into(),
            Resource::Security => "security".into(),
        }
    }
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

    /// A process that is not there.
    pub fn absent(pid: impl Into<String>) -> Target {
        Target {
            pid: pid.into(),
            host: None,
            definition: None,
            names: Vec::new(),
        }
    }
}
