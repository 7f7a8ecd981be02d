//! The operations of the process API and the permissions each needs.

use warren_kernel::Relation;

use super::action::Action;

/// An operation that needs permissions, or a part of a spawn that needs more of
/// them. All others are [`Open`].
///
/// ```
/// use warren_engine::security::{Action, Operation};
///
/// let linked = Operation::SpawnLinked;
/// assert_eq!((linked.as_str(), linked.function()), ("process.spawn_linked", "process.spawn"));
/// assert_eq!(linked.actions(), [Action::Spawn, Action::SpawnLinked, Action::Host]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `process.spawn`.
    Spawn,
    /// `process.spawn` with the relation `monitored`.
    SpawnMonitored,
    /// `process.spawn` with the relation `linked`.
    SpawnLinked,
    /// `process.spawn` with both relations.
    SpawnLinkedMonitored,
    /// `process.exec`.
    Exec,
    /// The option `context` of a spawn or exec.
    WithContext,
    /// The option `actor` of a spawn or exec.
    WithActor,
    /// The option `scope` of a spawn or exec.
    WithScope,
    /// The option `name` of a spawn or exec.
    WithName,
    /// A call of the library `funcs`: `process.exec` with the option `call`.
    Call,
    /// The option `context` of a call.
    CallWithContext,
    /// The option `actor` of a call.
    CallWithActor,
    /// The option `scope` of a call.
    CallWithScope,
    /// `process.send`.
    Send,
    /// `process.terminate`.
    Terminate,
    /// `process.cancel`. Its deadline is enforced if the caller may also terminate
    /// the target.
    Cancel,
    /// `process.monitor`.
    Monitor,
    /// `process.unmonitor`.
    Unmonitor,
    /// `process.link`.
    Link,
    /// `process.unlink`.
    Unlink,
    /// `registry.register`.
    Register,
    /// `registry.unregister`.
    Unregister,
}

impl Operation {
    /// All operations, in the order of the documentation.
    pub const ALL: [Operation; 22] = [
        Operation::Spawn,
        Operation::SpawnMonitored,
        Operation::SpawnLinked,
        Operation::SpawnLinkedMonitored,
        Operation::Exec,
        Operation::WithContext,
        Operation::WithActor,
        Operation::WithScope,
        Operation::WithName,
        Operation::Call,
        Operation::CallWithContext,
        Operation::CallWithActor,
        Operation::CallWithScope,
        Operation::Send,
        Operation::Terminate,
        Operation::Cancel,
        Operation::Monitor,
        Operation::Unmonitor,
        Operation::Link,
        Operation::Unlink,
        Operation::Register,
        Operation::Unregister,
    ];

    /// The name of the operation in Lua.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::Spawn => "process.spawn",
            Operation::SpawnMonitored => "process.spawn_monitored",
            Operation::SpawnLinked => "process.spawn_linked",
            Operation::SpawnLinkedMonitored => "process.spawn_linked_monitored",
            Operation::Exec => "process.exec",
            Operation::WithContext => "process.with_context, spawner:with_context",
            Operation::WithActor => "spawner:with_actor",
            Operation::WithScope => "spawner:with_scope",
            Operation::WithName => "spawner:with_name",
            Operation::Call => "funcs.call, funcs.async, executor:call, executor:async",
            Operation::CallWithContext => "executor:with_context",
            Operation::CallWithActor => "executor:with_actor",
            Operation::CallWithScope => "executor:with_scope",
            Operation::Send => "process.send",
            Operation::Terminate => "process.terminate",
            Operation::Cancel => "process.cancel",
            Operation::Monitor => "process.monitor",
            Operation::Unmonitor => "process.unmonitor",
            Operation::Link => "process.link",
            Operation::Unlink => "process.unlink",
            Operation::Register => "process.registry.register",
            Operation::Unregister => "process.registry.unregister",
        }
    }

    /// The function of the WIT, as `interface.function`.
    pub const fn function(self) -> &'static str {
        match self {
            Operation::Spawn
            | Operation::SpawnMonitored
            | Operation::SpawnLinked
            | Operation::SpawnLinkedMonitored
            | Operation::WithContext
            | Operation::WithActor
            | Operation::WithScope
            | Operation::WithName => "process.spawn",
            Operation::Exec
            | Operation::Call
            | Operation::CallWithContext
            | Operation::CallWithActor
            | Operation::CallWithScope => "process.exec",
            Operation::Send => "process.send",
            Operation::Terminate => "process.terminate",
            Operation::Cancel => "process.cancel",
            Operation::Monitor => "process.monitor",
            Operation::Unmonitor => "process.unmonitor",
            Operation::Link => "process.link",
            Operation::Unlink => "process.unlink",
            Operation::Register => "registry.register",
            Operation::Unregister => "registry.unregister",
        }
    }

    /// The permissions that the operation needs, all of them. An option needs its
    /// own in addition to those of its spawn.
    pub const fn actions(self) -> &'static [Action] {
        match self {
            Operation::Spawn => &[Action::Spawn, Action::Host],
            Operation::SpawnMonitored => &[Action::Spawn, Action::SpawnMonitored, Action::Host],
            Operation::SpawnLinked => &[Action::Spawn, Action::SpawnLinked, Action::Host],
            Operation::SpawnLinkedMonitored => &[
                Action::Spawn,
                Action::SpawnMonitored,
                Action::SpawnLinked,
                Action::Host,
            ],
            Operation::Exec => &[Action::Exec, Action::Host],
            Operation::WithContext => &[Action::Context],
            Operation::WithActor | Operation::WithScope => &[Action::Security],
            Operation::Call => &[Action::Call, Action::Host],
            Operation::CallWithContext => &[Action::CallContext],
            Operation::CallWithActor | Operation::CallWithScope => &[Action::CallSecurity],
            Operation::WithName | Operation::Register => &[Action::Register],
            Operation::Send => &[Action::Send],
            Operation::Terminate => &[Action::Terminate],
            Operation::Cancel => &[Action::Cancel],
            Operation::Monitor => &[Action::Monitor],
            Operation::Unmonitor => &[Action::Unmonitor],
            Operation::Link => &[Action::Link],
            Operation::Unlink => &[Action::Unlink],
            Operation::Unregister => &[Action::Unregister],
        }
    }

    /// Returns the operation of a spawn with this relation.
    pub(crate) const fn spawn(relation: Relation) -> Operation {
        match (relation.monitored, relation.linked) {
            (false, false) => Operation::Spawn,
            (true, false) => Operation::SpawnMonitored,
            (false, true) => Operation::SpawnLinked,
            (true, true) => Operation::SpawnLinkedMonitored,
        }
    }
}

/// A function of the WIT that needs no permission, with the reason.
///
/// ```
/// use warren_engine::security::Open;
///
/// let mut open = Open::ALL.iter();
/// let lookup = open.find(|open| open.function == "registry.lookup");
/// assert!(lookup.is_some_and(|open| open.why.starts_with("names are public")));
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// The name as `interface.function`, or `interface.*` for a whole interface.
    pub function: &'static str,
    /// The reason why no permission is needed.
    pub why: &'static str,
}

impl Open {
    /// All functions without permissions.
    pub const ALL: &'static [Open] = &[
        open("process.pid", "tells a process about itself"),
        open("process.frame-id", "tells a process about itself"),
        open("process.get-options", "tells a process about itself"),
        open("process.set-options", "changes the caller alone"),
        open(
            "process.upgrade",
            "changes the caller's code, and none of its rights",
        ),
        open("mailbox.*", "takes what others were allowed to send"),
        open(
            "registry.lookup",
            "names are public; using the PID is checked",
        ),
        open("context.*", "tells a process about itself"),
        open("security.*", "tells a process about its own rights"),
        open("clock.*", "has no effect on others"),
        open("random.*", "has no effect on others"),
        open("stdio.*", "standard input is the first process's alone"),
        open("logger.*", "says who wrote each record"),
        open("program.*", "the process's own code, arguments and end"),
        open(
            "capability.*",
            "an operation with effects asks for actions of its own",
        ),
    ];
}

const fn open(function: &'static str, why: &'static str) -> Open {
    Open { function, why }
}
