//! The effects of a change.

use std::fmt;

use serde::{Deserialize, Serialize};
use warren_kernel::text;

/// The steps from one version of a runtime to the next. They are taken together.
///
/// Displayed, it is one line per step, and a line with their number:
///
/// ```text
/// + host shop:workers (warren.toml:7)
/// ~ definition shop:cart: code (cart.lua)
/// - definition shop:old
/// 1 to add, 1 to replace, 1 to remove
/// ```
///
/// ```
/// use warren::{Action, Change, HostLimits, Runtime};
///
/// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let runtime = Runtime::builder().start()?;
/// let change = Change::new().host("shop:workers", HostLimits::default());
/// let planned = runtime.plan(change).await?;
/// assert_eq!(planned.plan().count(Action::Add), 1);
/// let lines = planned.plan().to_string();
/// assert_eq!(lines.lines().next(), Some("+ host shop:workers"));
/// # Ok(()) }
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The version that the steps begin at.
    pub version: u64,
    /// The steps, sorted by object and name; none if nothing would change.
    pub steps: Vec<Step>,
}

/// One thing that is added, replaced or removed.
///
/// ```
/// use warren::{Action, Object, Plan};
///
/// fn removed_hosts(plan: &Plan) -> Vec<&str> {
///     let hosts = plan.steps.iter().filter(|step| step.object == Object::Host);
///     let removed = hosts.filter(|step| step.action == Action::Remove);
///     removed.map(|step| step.name.as_str()).collect()
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Step {
    /// The action on the thing.
    pub action: Action,
    /// The sort of thing.
    pub object: Object,
    /// Its name or id.
    pub name: String,
    /// The parts that are replaced, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<String>,
    /// The file that says so, if there is one: as a path below the program's root; of the
    /// manifest and of policies, with the root as it was named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// The line there, from 1; of a policy, the first that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
}

/// An action on a thing.
///
/// ```
/// assert_eq!(warren::Plan::default().count(warren::Action::Add), 0);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// It was not there.
    Add,
    /// It is another one.
    Replace,
    /// It is gone.
    Remove,
}

/// A sort of thing that a change is about.
///
/// ```
/// assert_eq!(warren::Object::Definition.as_str(), "definition");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Object {
    /// A group of processes with limits.
    Host,
    /// Code under an id, with its settings and grants.
    Definition,
    /// A module for `require`: one of memory, or a file of the program that is no definition.
    Module,
    /// A process that is started again when it ends.
    Service,
    /// A queue of messages. It is there since the start.
    Queue,
    /// A process for each message of a queue.
    Consumer,
    /// A socket of the HTTP server.
    Listener,
    /// A prefix of paths with middleware.
    Router,
    /// Requests that a definition answers.
    Route,
    /// A directory of files that are served.
    Static,
    /// Statements in Cedar.
    Policy,
    /// A named set of policies.
    Scope,
    /// The actor and scope of a host's processes.
    HostIdentity,
    /// The actor and scope of a definition's processes.
    DefinitionIdentity,
    /// A setting of the program.
    Setting,
}

impl Object {
    /// Returns its name in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Object::Host => "host",
            Object::Definition => "definition",
            Object::Module => "module",
            Object::Service => "service",
            Object::Queue => "queue",
            Object::Consumer => "consumer",
            Object::Listener => "listener",
            Object::Router => "router",
            Object::Route => "route",
            Object::Static => "static",
            Object::Policy => "policy",
            Object::Scope => "scope",
            Object::HostIdentity => "identity of host",
            Object::DefinitionIdentity => "identity of definition",
            Object::Setting => "setting",
        }
    }
}

impl Step {
    pub(super) fn new(action: Action, object: Object, name: impl Into<String>) -> Step {
        Step {
            action,
            object,
            name: name.into(),
            differences: Vec::new(),
            file: None,
            line: None,
        }
    }

    pub(super) fn with(self, differences: Vec<String>) -> Step {
        Step {
            differences,
            ..self
        }
    }

    pub(super) fn at(self, file: Option<String>, line: Option<usize>) -> Step {
        Step { file, line, ..self }
    }
}

impl Plan {
    /// Returns true if nothing would change.
    pub fn is_nothing(&self) -> bool {
        self.steps.is_empty()
    }

    /// Returns the number of steps of this sort.
    pub fn count(&self, action: Action) -> usize {
        let steps = self.steps.iter();
        steps.filter(|step| step.action == action).count()
    }

    /// Returns how many things are added, replaced and removed, as one line.
    pub fn summary(&self) -> String {
        if self.is_nothing() {
            return "nothing to change".to_owned();
        }
        let words = [
            (Action::Add, "add"),
            (Action::Replace, "replace"),
            (Action::Remove, "remove"),
        ];
        let parts = words.map(|(action, word)| format!("{} to {word}", self.count(action)));
        parts.join(", ")
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{step}")?;
        }
        f.write_str(&self.summary())
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.action {
            Action::Add => '+',
            Action::Replace => '~',
            Action::Remove => '-',
        };
        write!(
            f,
            "{sign} {} {}",
            self.object.as_str(),
            text::line(&self.name)
        )?;
        if !self.differences.is_empty() {
            write!(f, ": {}", text::line(&self.differences.join(", ")))?;
        }
        match (&self.file, self.line) {
            (Some(file), Some(line)) => write!(f, " ({}:{line})", text::line(file)),
            (Some(file), None) => write!(f, " ({})", text::line(file)),
            (None, _) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plan_is_a_line_for_each_step() {
        let host = Step::new(Action::Add, Object::Host, "a:h");
        let code = Step::new(Action::Replace, Object::Definition, "a:d\n");
        let plan = Plan {
            version: 3,
            steps: vec![
                host.at(Some("warren.toml".into()), Some(7)),
                code.with(vec!["code".into(), "grants".into()])
                    .at(Some("d.lua".into()), None),
                Step::new(Action::Remove, Object::HostIdentity, "a:x"),
            ],
        };
        assert_eq!(
            plan.to_string(),
            "+ host a:h (warren.toml:7)\n\
             ~ definition a:d\\n: code, grants (d.lua)\n\
             - identity of host a:x\n\
             1 to add, 1 to replace, 1 to remove"
        );
        assert_eq!(Plan::default().to_string(), "nothing to change");
    }
}
