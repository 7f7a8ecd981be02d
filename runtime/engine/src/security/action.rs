//! The actions of the contract.

/// An operation of a process that needs a permission.
///
/// ```
/// use warren_engine::security::{Action, ResourceKind};
///
/// let send = Action::of("process.send").expect("a word of the contract");
/// assert_eq!((send, send.as_str()), (Action::Send, "process.send"));
/// assert_eq!(send.resource(), ResourceKind::Process);
/// assert_eq!(Action::of("shop.refund"), None); // a word of the program's own
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Starting a process of a definition.
    Spawn,
    /// Starting a process and monitoring it.
    SpawnMonitored,
    /// Starting a process and linking to it.
    SpawnLinked,
    /// Starting a process in a host.
    Host,
    /// Starting a process of a definition and waiting for its result.
    Exec,
    /// Calling a function: starting a process of a definition in the definition's host, and
    /// waiting for its result.
    Call,
    /// Giving a called function context values.
    CallContext,
    /// Giving a called function an actor or a scope.
    CallSecurity,
    /// Sending a message.
    Send,
    /// Ending a process by force.
    Terminate,
    /// Asking a process to end.
    Cancel,
    /// Monitoring a process.
    Monitor,
    /// Undoing that.
    Unmonitor,
    /// Linking to a process.
    Link,
    /// Undoing that.
    Unlink,
    /// Giving a new process context values.
    Context,
    /// Giving a new process an actor or a scope.
    Security,
    /// Giving a process a name.
    Register,
    /// Freeing a name.
    Unregister,
    /// Subscribing to the events of systems.
    EventsSubscribe,
    /// Sending an event of a system.
    EventsSend,
    /// Making a process a member of a group.
    GroupJoin,
    /// Undoing that.
    GroupLeave,
    /// Sending a message to all members of a group.
    GroupBroadcast,
    /// Reading the members of groups.
    GroupMembers,
    /// Being told of the members of groups that come and go.
    GroupMonitor,
    /// Reading an environment variable.
    EnvGet,
    /// Setting an environment variable of the program.
    EnvSet,
    /// Getting hold of a store of tokens.
    TokenStoreGet,
    /// Making a token.
    TokenCreate,
    /// Learning for whom a token stands.
    TokenValidate,
    /// Ending a token before it expires.
    TokenRevoke,
}

/// The kind of resource on which an action acts.
///
/// ```
/// use warren_engine::security::{Action, ResourceKind};
///
/// let on_hosts = Action::ALL.into_iter().filter(|action| action.resource() == ResourceKind::Host);
/// assert_eq!(on_hosts.collect::<Vec<_>>(), [Action::Host]);
/// assert_eq!(ResourceKind::Host.as_str(), "host id");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourceKind {
    /// A definition, by its id.
    Definition,
    /// A host, by its id.
    Host,
    /// A process, by its PID.
    Process,
    /// A name of the registry.
    Name,
    /// The word `context`.
    Context,
    /// The word `security`.
    Security,
    /// A system of events, or a pattern of systems.
    System,
    /// A group, by its name, or all groups with a prefix: the prefix and `*`.
    Group,
    /// An environment variable, by its name.
    Variable,
    /// A store of tokens, by its id.
    TokenStore,
}

impl Action {
    /// All actions.
    pub const ALL: [Action; 32] = [
        Action::Spawn,
        Action::SpawnMonitored,
        Action::SpawnLinked,
        Action::Host,
        Action::Exec,
        Action::Call,
        Action::CallContext,
        Action::CallSecurity,
        Action::Send,
        Action::Terminate,
        Action::Cancel,
        Action::Monitor,
        Action::Unmonitor,
        Action::Link,
        Action::Unlink,
        Action::Context,
        Action::Security,
        Action::Register,
        Action::Unregister,
        Action::EventsSubscribe,
        Action::EventsSend,
        Action::GroupJoin,
        Action::GroupLeave,
        Action::GroupBroadcast,
        Action::GroupMembers,
        Action::GroupMonitor,
        Action::EnvGet,
        Action::EnvSet,
        Action::TokenStoreGet,
        Action::TokenCreate,
        Action::TokenValidate,
        Action::TokenRevoke,
    ];

    /// The word of the contract, for example `process.send`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Action::Spawn => "process.spawn",
            Action::SpawnMonitored => "process.spawn.monitored",
            Action::SpawnLinked => "process.spawn.linked",
            Action::Host => "process.host",
            Action::Exec => "process.exec",
            Action::Call => "funcs.call",
            Action::CallContext => "funcs.context",
            Action::CallSecurity => "funcs.security",
            Action::Send => "process.send",
            Action::Terminate => "process.terminate",
            Action::Cancel => "process.cancel",
            Action::Monitor => "process.monitor",
            Action::Unmonitor => "process.unmonitor",
            Action::Link => "process.link",
            Action::Unlink => "process.unlink",
            Action::Context => "process.context",
            Action::Security => "process.security",
            Action::Register => "process.registry.register",
            Action::Unregister => "process.registry.unregister",
            Action::EventsSubscribe => "events.subscribe",
            Action::EventsSend => "events.send",
            Action::GroupJoin => "pg.join",
            Action::GroupLeave => "pg.leave",
            Action::GroupBroadcast => "pg.broadcast",
            Action::GroupMembers => "pg.members",
            Action::GroupMonitor => "pg.monitor",
            Action::EnvGet => "env.get",
            Action::EnvSet => "env.set",
            Action::TokenStoreGet => "security.token_store.get",
            Action::TokenCreate => "security.token.create",
            Action::TokenValidate => "security.token.validate",
            Action::TokenRevoke => "security.token.revoke",
        }
    }

    /// The action of this word; `None` for a word of the program's own.
    pub fn of(word: &str) -> Option<Action> {
        Action::ALL
            .into_iter()
            .find(|action| action.as_str() == word)
    }

    /// The kind of resource on which the action acts.
    pub const fn resource(self) -> ResourceKind {
        match self {
            Action::Spawn
            | Action::SpawnMonitored
            | Action::SpawnLinked
            | Action::Exec
            | Action::Call => ResourceKind::Definition,
            Action::Host => ResourceKind::Host,
            Action::Send
            | Action::Terminate
            | Action::Cancel
            | Action::Monitor
            | Action::Unmonitor
            | Action::Link
            | Action::Unlink => ResourceKind::Process,
            Action::Context | Action::CallContext => ResourceKind::Context,
            Action::Security | Action::CallSecurity => ResourceKind::Security,
            Action::Register | Action::Unregister => ResourceKind::Name,
            Action::EventsSubscribe | Action::EventsSend => ResourceKind::System,
            Action::GroupJoin
            | Action::GroupLeave
            | Action::GroupBroadcast
            | Action::GroupMembers
            | Action::GroupMonitor => ResourceKind::Group,
            Action::EnvGet | Action::EnvSet => ResourceKind::Variable,
            Action::TokenStoreGet
            | Action::TokenCreate
            | Action::TokenValidate
            | Action::TokenRevoke => ResourceKind::TokenStore,
        }
    }
}

impl ResourceKind {
    /// The name of the kind in the documentation.
    pub const fn as_str(self) -> &'static str {
        match self {
            ResourceKind::Definition => "definition id",
            ResourceKind::Host => "host id",
            ResourceKind::Process => "target PID",
            ResourceKind::Name => "the name",
            ResourceKind::Context => "\"context\"",
            ResourceKind::Security => "\"security\"",
            ResourceKind::System => "the system",
            ResourceKind::Group => "the group",
            ResourceKind::Variable => "the name",
            ResourceKind::TokenStore => "the store's id",
        }
    }
}
