//! The change that an embedder asks for.

use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use warren_engine::capability::web::WebSettings;
use warren_engine::security::{Identity, Scope};
use warren_engine::{Code, Definition, Grants, HostLimits, Source};
use warren_kernel::Error;

use crate::app::{App, Consumer, RulesChange, Service};
use crate::definitions::{self, plain, source_of};
use crate::native::{self, Context};

/// Changes of a running runtime: definitions, modules, hosts, services, consumers, listeners,
/// policies, scopes and identities to add, to replace and to remove, and the program on disk. They are
/// applied together or not at all, by [`Runtime::apply`] or after a look at the
/// [`Runtime::plan`].
///
/// A thing with a name that is there already is replaced; the same again changes nothing, but
/// for grants of paths, which hold what was opened last. What is given in memory, here or
/// to the [`Builder`], takes precedence over the program on disk, and can be removed again;
/// so it counts, without a step of the plan, even if the program has just the same.
/// [`Change::app`] alone changes a thing that belongs to the program.
///
/// ```
/// use warren::{Change, HostLimits};
///
/// let tenant = Change::new()
///     .host("tenant:acme", HostLimits::default())
///     .lua("acme:main", "return function() return 'hello' end");
/// let gone = Change::new().remove_definition("acme:main").remove_host("tenant:acme");
/// ```
///
/// [`Runtime::apply`]: crate::Runtime::apply
/// [`Runtime::plan`]: crate::Runtime::plan
/// [`Builder`]: crate::Builder
#[must_use = "nothing changes before it is applied"]
pub struct Change {
    pub(super) app: Option<App>,
    pub(super) definitions: BTreeMap<Arc<str>, Option<Definition>>,
    pub(super) grants: BTreeMap<Arc<str>, Grants>,
    pub(super) modules: BTreeMap<String, Option<Source>>,
    pub(super) hosts: BTreeMap<Arc<str>, Option<HostLimits>>,
    pub(super) services: BTreeMap<Arc<str>, Option<Service>>,
    pub(super) consumers: BTreeMap<Arc<str>, Option<Consumer>>,
    pub(super) web: Option<WebSettings>,
    pub(super) rules: RulesChange,
    pub(super) grace: Duration,
    pub(super) forget_previous: bool,
}

/// Time that the processes of removed hosts and services have to end, if nothing else is
/// said.
const GRACE: Duration = Duration::from_secs(5);

impl Default for Change {
    fn default() -> Self {
        Change {
            app: None,
            definitions: BTreeMap::new(),
            grants: BTreeMap::new(),
            modules: BTreeMap::new(),
            hosts: BTreeMap::new(),
            services: BTreeMap::new(),
            consumers: BTreeMap::new(),
            web: None,
            rules: RulesChange::default(),
            grace: GRACE,
            forget_previous: false,
        }
    }
}

impl Change {
    /// Returns a change of nothing.
    pub fn new() -> Change {
        Change::default()
    }

    /// Puts a program on disk in place of the present one: its files, with its manifest and
    /// policies. [`Runtime::reopen`](crate::Runtime::reopen) opens it with the options of
    /// the present one.
    pub fn app(mut self, app: App) -> Change {
        self.app = Some(app);
        self
    }

    /// Adds or replaces a definition in Lua, as [`Builder::lua`](crate::Builder::lua) does.
    pub fn lua(self, id: impl AsRef<str>, source: impl Into<Vec<u8>>) -> Change {
        self.definition(definitions::lua(id.as_ref(), source))
    }

    /// Adds or replaces a definition in WebAssembly, as
    /// [`Builder::wasm`](crate::Builder::wasm) does.
    pub fn wasm(self, id: impl AsRef<str>, code: impl Into<Vec<u8>>) -> Change {
        self.definition(definitions::wasm(id.as_ref(), code))
    }

    /// Adds or replaces a definition whose code is a Rust function, as
    /// [`Builder::native`](crate::Builder::native) does.
    pub fn native<F, T>(
        self,
        id: impl AsRef<str>,
        code: impl Fn(Context) -> F + Send + Sync + 'static,
    ) -> Change
    where
        F: Future<Output = Result<T, Error>> + Send + 'static,
        T: Serialize,
    {
        let id = id.as_ref();
        self.definition(plain(id, Code::Native(native::code(code))))
    }

    /// Adds or replaces a definition in full: its code, its method, the only host that may
    /// run it, its grants. Running processes keep their code until they upgrade, and their
    /// grants until they end.
    pub fn definition(mut self, definition: Definition) -> Change {
        let id = Arc::clone(&definition.id);
        self.definitions.insert(id, Some(definition));
        self
    }

    /// Removes a definition, and its identity. Its processes go on; starts and upgrades to it
    /// are `NotFound`.
    pub fn remove_definition(mut self, id: impl AsRef<str>) -> Change {
        let id = id.as_ref();
        self.definitions.insert(id.into(), None);
        self.rules.definitions.entry(id.into()).or_insert(None);
        self
    }

    /// Replaces the grants of a definition that was given in memory, for processes that are
    /// started from then on.
    pub fn grants(mut self, id: impl AsRef<str>, grants: Grants) -> Change {
        let id = id.as_ref();
        self.grants.insert(id.into(), grants);
        self
    }

    /// Adds or replaces a module for `require(name)` in Lua, as
    /// [`Builder::module`](crate::Builder::module) does. Running processes require modules as
    /// they were at their start.
    pub fn module(mut self, name: impl AsRef<str>, source: impl Into<Vec<u8>>) -> Change {
        let name = name.as_ref();
        let source = source_of(format!("{name}.lua"), source);
        self.modules.insert(name.to_owned(), Some(source));
        self
    }

    /// Removes a module.
    pub fn remove_module(mut self, name: impl AsRef<str>) -> Change {
        let name = name.as_ref();
        self.modules.insert(name.into(), None);
        self
    }

    /// Adds a host, or gives a present one other limits. The limits of all its processes
    /// together hold at once: what is above them stays, and nothing is added to it. The
    /// limits of each process hold for processes that are started from then on.
    pub fn host(mut self, name: impl AsRef<str>, limits: HostLimits) -> Change {
        let name = name.as_ref();
        self.hosts.insert(name.into(), Some(limits));
        self
    }

    /// Removes a host, and its identity. Its processes are asked to end by CANCEL, and
    /// terminated after the [grace](Change::grace); starts in it are `NotFound` at once. A
    /// host of the program that it hid is there again.
    pub fn remove_host(mut self, name: impl AsRef<str>) -> Change {
        let name = name.as_ref();
        self.hosts.insert(name.into(), None);
        self.rules.hosts.entry(name.into()).or_insert(None);
        self
    }

    /// Adds or replaces a service. It is started once the change is in place, if the
    /// services were started ([`Runtime::start_services`](crate::Runtime::start_services)).
    /// A replaced service whose process would be the same goes on with its other settings;
    /// any other one ends first.
    pub fn service(mut self, service: Service) -> Change {
        let name = Arc::clone(&service.name);
        self.services.insert(name, Some(service));
        self
    }

    /// Removes a service. It is asked to end after the services that depended on it, and
    /// terminated after the [grace](Change::grace).
    pub fn remove_service(mut self, name: impl AsRef<str>) -> Change {
        let name = name.as_ref();
        self.services.insert(name.into(), None);
        self
    }

    /// Adds or replaces a consumer of a queue, which is there since the start. It takes
    /// messages once the change is in place, if the services were started. The processes of a
    /// replaced one come to their ends by themselves.
    pub fn consumer(mut self, consumer: Consumer) -> Change {
        let id = Arc::clone(&consumer.id);
        self.consumers.insert(id, Some(consumer));
        self
    }

    /// Removes a consumer. It takes no more messages. Its processes that read events are asked
    /// to end; all of them are terminated after the [grace](Change::grace), and their messages
    /// return to the queue.
    pub fn remove_consumer(mut self, id: impl AsRef<str>) -> Change {
        let id = id.as_ref();
        self.consumers.insert(id.into(), None);
        self
    }

    /// Sets the listeners, routers, routes and directories of files that are given in memory,
    /// in place of all those before, and over those of the program. A listener that keeps its
    /// address keeps its connections. One that is gone accepts nothing more, and its
    /// connections end with the requests that are being answered, after the
    /// [grace](Change::grace) at the latest.
    pub fn web(mut self, web: WebSettings) -> Change {
        self.web = Some(web);
        self
    }

    /// Adds or replaces a policy: statements in Cedar. Running processes are judged by it,
    /// too.
    pub fn policy(mut self, id: impl AsRef<str>, statements: &str) -> Change {
        let id = id.as_ref();
        let statements = Some(statements.into());
        self.rules.policies.insert(id.into(), statements);
        self
    }

    /// Removes a policy.
    pub fn remove_policy(mut self, id: impl AsRef<str>) -> Change {
        let id = id.as_ref();
        self.rules.policies.insert(id.into(), None);
        self
    }

    /// Adds or replaces a named scope. Processes keep the scope that they were started with.
    pub fn scope(mut self, name: impl AsRef<str>, scope: Scope) -> Change {
        let name = name.as_ref();
        let scope = Some(Arc::new(scope));
        self.rules.scopes.insert(name.into(), scope);
        self
    }

    /// Removes a named scope.
    pub fn remove_scope(mut self, name: impl AsRef<str>) -> Change {
        let name = name.as_ref();
        self.rules.scopes.insert(name.into(), None);
        self
    }

    /// Gives the processes that are started in a host from then on an actor and a scope.
    pub fn host_identity(mut self, host: impl AsRef<str>, identity: Identity) -> Change {
        let host = host.as_ref();
        self.rules.hosts.insert(host.into(), Some(identity));
        self
    }

    /// Takes back what [`Change::host_identity`] gave.
    pub fn remove_host_identity(mut self, host: impl AsRef<str>) -> Change {
        let host = host.as_ref();
        self.rules.hosts.insert(host.into(), None);
        self
    }

    /// Gives the processes that are started of a definition from then on an actor and a
    /// scope, which take precedence over those of the host.
    pub fn definition_identity(mut self, id: impl AsRef<str>, identity: Identity) -> Change {
        let id = id.as_ref();
        self.rules.definitions.insert(id.into(), Some(identity));
        self
    }

    /// Takes back what [`Change::definition_identity`] gave.
    pub fn remove_definition_identity(mut self, id: impl AsRef<str>) -> Change {
        let id = id.as_ref();
        self.rules.definitions.insert(id.into(), None);
        self
    }

    /// Sets the time that processes of removed hosts and services have to end. The default
    /// is 5 s.
    pub fn grace(mut self, grace: Duration) -> Change {
        self.grace = grace;
        self
    }

    /// Keeps nothing of the version before: there is no rollback to it, and the memory of
    /// what is removed is free at once instead of after the next change.
    pub fn forget_previous(mut self) -> Change {
        self.forget_previous = true;
        self
    }
}

impl fmt::Debug for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Change")
            .field("app", &self.app.as_ref().map(App::root))
            .field("definitions", &self.definitions.keys())
            .field("modules", &self.modules.keys())
            .field("hosts", &self.hosts.keys())
            .field("services", &self.services.keys())
            .field("consumers", &self.consumers.keys())
            .field("web", &self.web)
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}
