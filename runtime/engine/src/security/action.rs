//! The actions of the contract.

/// Defines the actions from a table: name, word of the contract, kind of resource.
macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident = $word:literal on $kind:ident;)*) => {
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
            $($(#[$doc])* $name,)*
        }

        impl Action {
            /// All actions.
            pub const ALL: [Action; [$($word),*].len()] = [$(Action::$name),*];

            /// The word of the contract, for example `process.send`.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Action::$name => $word,)*
                }
            }

            /// The kind of resource on which the action acts.
            pub const fn resource(self) -> ResourceKind {
                match self {
                    $(Action::$name => ResourceKind::$kind,)*
                }
            }
        }
    };
}

actions! {
    /// Starting a process of a definition.
    Spawn = "process.spawn" on Definition;
    /// Starting a process and monitoring it.
    SpawnMonitored = "process.spawn.monitored" on Definition;
    /// Starting a process and linking to it.
    SpawnLinked = "process.spawn.linked" on Definition;
    /// Starting a process in a host.
    Host = "process.host" on Host;
    /// Starting a process of a definition and waiting for its result.
    Exec = "process.exec" on Definition;
    /// Calling a function: starting a process of a definition in the definition's host, and
    /// waiting for its result.
    Call = "funcs.call" on Definition;
    /// Giving a called function context values.
    CallContext = "funcs.context" on Context;
    /// Giving a called function an actor or a scope.
    CallSecurity = "funcs.security" on Security;
    /// Sending a message.
    Send = "process.send" on Process;
    /// Ending a process by force.
    Terminate = "process.terminate" on Process;
    /// Asking a process to end.
    Cancel = "process.cancel" on Process;
    /// Monitoring a process.
    Monitor = "process.monitor" on Process;
    /// Undoing that.
    Unmonitor = "process.unmonitor" on Process;
    /// Linking to a process.
    Link = "process.link" on Process;
    /// Undoing that.
    Unlink = "process.unlink" on Process;
    /// Giving a new process context values.
    Context = "process.context" on Context;
    /// Giving a new process an actor or a scope.
    Security = "process.security" on Security;
    /// Giving a process a name.
    Register = "process.registry.register" on Name;
    /// Freeing a name.
    Unregister = "process.registry.unregister" on Name;
    /// Subscribing to the events of systems.
    EventsSubscribe = "events.subscribe" on System;
    /// Sending an event of a system.
    EventsSend = "events.send" on System;
    /// Making a process a member of a group.
    GroupJoin = "pg.join" on Group;
    /// Undoing that.
    GroupLeave = "pg.leave" on Group;
    /// Sending a message to all members of a group.
    GroupBroadcast = "pg.broadcast" on Group;
    /// Reading the members of groups.
    GroupMembers = "pg.members" on Group;
    /// Being told of the members of groups that come and go.
    GroupMonitor = "pg.monitor" on Group;
    /// Reading an environment variable.
    EnvGet = "env.get" on Variable;
    /// Setting an environment variable of the program.
    EnvSet = "env.set" on Variable;
    /// Getting hold of a store of tokens.
    TokenStoreGet = "security.token_store.get" on TokenStore;
    /// Making a token.
    TokenCreate = "security.token.create" on TokenStore;
    /// Learning for whom a token stands.
    TokenValidate = "security.token.validate" on TokenStore;
    /// Ending a token before it expires.
    TokenRevoke = "security.token.revoke" on TokenStore;
    /// Reading values of a store.
    StoreRead = "store.read" on Store;
    /// Changing values of a store.
    StoreWrite = "store.write" on Store;
    /// Reading a database.
    SqlRead = "sql.read" on Database;
    /// Changing a database.
    SqlWrite = "sql.write" on Database;
    /// Publishing a message to a queue.
    QueuePublish = "queue.publish" on Queue;
    /// Taking messages from a queue.
    QueueConsume = "queue.consume" on Queue;
    /// Reading files of a volume.
    FsRead = "fs.read" on Volume;
    /// Changing files of a volume.
    FsWrite = "fs.write" on Volume;
    /// Sending a request over HTTP.
    HttpRequest = "http.request" on Origin;
    /// Serving HTTP at a listener.
    HttpListen = "http.listen" on Listener;
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
    /// A store of values, by its id.
    Store,
    /// A database, by its id.
    Database,
    /// A queue, by its id.
    Queue,
    /// A volume of files, by its id.
    Volume,
    /// An origin of URLs: scheme, host and port.
    Origin,
    /// A listener of the HTTP server, by its id.
    Listener,
}

/// Words of other systems for the runtime's own actions. Only `security.can` knows them.
const OTHER_WORDS: [(&str, Action); 13] = [
    ("store.get", Action::StoreRead),
    ("store.info", Action::StoreRead),
    ("store.key.get", Action::StoreRead),
    ("store.key.has", Action::StoreRead),
    ("store.key.list", Action::StoreRead),
    ("store.key.set", Action::StoreWrite),
    ("store.key.delete", Action::StoreWrite),
    ("db.get", Action::SqlRead),
    ("queue.publish.queue", Action::QueuePublish),
    ("fs.get", Action::FsRead),
    ("http_client.request", Action::HttpRequest),
    ("websocket.connect", Action::HttpRequest),
    ("websocket.connect.url", Action::HttpRequest),
];

impl Action {
    /// The action of this word; `None` for a word of the program's own.
    pub fn of(word: &str) -> Option<Action> {
        Action::ALL
            .into_iter()
            .find(|action| action.as_str() == word)
    }

    /// The word of the contract for a word that a program may know from another system;
    /// any other word as it is.
    pub(crate) fn asked(word: &str) -> &str {
        let other = OTHER_WORDS.iter().find(|(other, _)| *other == word);
        other.map_or(word, |(_, action)| action.as_str())
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
            ResourceKind::TokenStore | ResourceKind::Store => "the store's id",
            ResourceKind::Database => "the database's id",
            ResourceKind::Queue => "the queue's id",
            ResourceKind::Volume => "the volume's id",
            ResourceKind::Origin => "the origin",
            ResourceKind::Listener => "the listener's id",
        }
    }
}
