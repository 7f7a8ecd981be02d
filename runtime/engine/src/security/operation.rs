//! The operations of the process API and the permissions each needs.

use super::action::Action;

/// An operation that needs permissions, or a part of a spawn that needs more of
/// them. All others are [`Open`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// `process.spawn`.
    Spawn,
    /// `process.spawn` with the relation `monitored`.
    SpawnMonitored,
    /// `process.spawn` with the relation `linked`.
    SpawnLinked,
    /// `process.spawn` with both.
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
    /// `process.send`.
    Send,
    /// `process.terminate`.
    Terminate,
    /// `process.cancel`. Its deadline is enforced where the caller may also
    /// terminate the target.
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
    /// All of them, in the order of the documentation.
    pub const ALL: [Operation; 18] = [
        Operation::Spawn,
        Operation::SpawnMonitored,
        Operation::SpawnLinked,
        Operation::SpawnLinkedMonitored,
        Operation::Exec,
        Operation::WithContext,
        Operation::WithActor,
        Operation::WithScope,
        Operation::WithName,
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

    /// How a Lua program calls it.
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

    /// The function of the WIT that it is, as `interface.function`.
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
            Operation::Exec => "process.exec",
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

    /// The permissions it needs, all of them; an option's beside those of the
    /// spawn it belongs to.
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

    /// A spawn with these relations.
    pub(crate) const fn spawn(monitored: bool, linked: bool) -> Operation {
        match (monitored, linked) {
            (false, false) => Operation::Spawn,
            (true, false) => Operation::SpawnMonitored,
            (false, true) => Operation::SpawnLinked,
            (true, true) => Operation::SpawnLinkedMonitored,
        }
    }
}

/// Functions of the WIT that need no permission, and why.
#[derive(Clone, Copy, Debug)]
pub struct Open {
    /// As `interface.function`; `interface.*` for all of an interface.
    pub function: &'static str,
    /// Why nobody has to allow it.
    pub why: &'static str,
}

impl Open {
    /// All of them.
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
    ];
}

const fn open(function: &'static str, why: &'static str) -> Open {
    Open { function, why }
}
