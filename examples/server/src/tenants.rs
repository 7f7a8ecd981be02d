//! The tenants: their code, their hosts and their actors.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::RwLock;
use warren::app::{App, Id, Restart, Service};
use warren::security::{Actor, Identity, Scope};
use warren::{Change, Code, Definition, HostLimits, Source, Spawn};

use crate::description::Description;
use crate::error::OpenError;

/// Hosts of this namespace are tenants.
const NAMESPACE: &str = "tenants:";

/// Pages of the server's own.
const RESERVED: [&str; 2] = ["healthz", "metrics"];

/// One tenant: a host of the program, which limits its processes' resources,
/// and an actor, by which policies know them.
#[derive(Clone, Debug)]
pub struct Tenant {
    name: String,
    /// Tags of the tenant's actors for policies: `tenant`, `namespace` and
    /// `host`.
    tags: BTreeMap<String, String>,
}

/// The definitions of a tenant.
const CODE: [&str; 3] = ["http", "chat", "room"];

impl Tenant {
    /// Returns a tenant of this name; `None` if no tenant can have it.
    pub(crate) fn named(app: &str, name: &str) -> Option<Tenant> {
        let is_id = Id::parse(&format!("{app}.{name}:http")).is_ok() && !name.contains('.');
        (is_id && !RESERVED.contains(&name)).then(|| Tenant::new(app, name))
    }

    /// Returns the change that adds the tenant, or replaces it: its host with a scope, its
    /// code and its room.
    pub(crate) fn addition(&self, description: &Description, scope: Scope) -> Change {
        let limits = HostLimits::default()
            .max_processes(description.max_processes.unwrap_or(200))
            .max_queue_messages(1_000)
            .max_queue_bytes(1 << 20)
            .max_memory(description.max_memory.unwrap_or(16 << 20));
        let identity = Identity {
            actor: None,
            scope: Some(Arc::new(scope)),
        };
        let room = Identity {
            actor: Some(Arc::new(Actor::new(self.name.as_str(), &self.tags))),
            scope: None,
        };
        let restart = Restart {
            initial_delay: Duration::from_millis(100),
            max_delay: Duration::from_secs(10),
            max_attempts: 1_000,
            ..Restart::default()
        };
        let service = Service::new(self.room(), self.definition("room"))
            .host(self.host())
            .identity(room)
            .restart(restart);
        let chat = format!("return require('lib.chat')('{}')", self.room());
        let code = [
            description.http.as_str(),
            description.chat.as_deref().unwrap_or(&chat),
            description
                .room
                .as_deref()
                .unwrap_or("return require('lib.room')"),
        ];
        let change = Change::new()
            .host(self.host(), limits)
            .host_identity(self.host(), identity)
            .service(service);
        let code = CODE.into_iter().zip(code);
        code.fold(change, |change, (name, text)| {
            change.definition(self.lua(name, text))
        })
    }

    /// Returns the change that removes the tenant.
    pub(crate) fn removal(&self) -> Change {
        let change = Change::new()
            .remove_service(self.room())
            .remove_host(self.host());
        CODE.into_iter().fold(change, |change, name| {
            change.remove_definition(self.definition(name))
        })
    }

    fn lua(&self, name: &str, text: &str) -> Definition {
        let id = self.definition(name);
        Definition {
            code: Code::Lua(Source {
                name: format!("{}/{name}.lua", self.name).into(),
                bytes: text.as_bytes().into(),
            }),
            id: id.into(),
            method: "main".into(),
            host: Some(self.host().into()),
            grants: Arc::default(),
        }
    }

    fn new(app: &str, name: &str) -> Tenant {
        let tags = [
            ("tenant", name.to_owned()),
            ("namespace", format!("{app}.{name}")),
            ("host", format!("{NAMESPACE}{name}")),
        ];
        Tenant {
            name: name.to_owned(),
            tags: tags.map(|(key, value)| (key.to_owned(), value)).into(),
        }
    }

    /// Returns the tenant's name, the first part of the paths of its pages.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the host of the tenant's processes.
    pub fn host(&self) -> &str {
        &self.tags["host"]
    }

    /// Returns the name of the tenant's room, a service of the manifest.
    pub fn room(&self) -> String {
        format!("{}:room", self.name)
    }

    /// Returns a process of one of the tenant's definitions, in its host, with
    /// its spawner's actor. The manifest sets its permissions by the scope of
    /// the host.
    pub(crate) fn spawn_plain(&self, definition: &str) -> Spawn {
        Spawn::new(self.definition(definition)).host(self.host())
    }

    /// Returns a process that acts for the tenant.
    pub(crate) fn spawn(&self, definition: &str) -> Spawn {
        let actor = Actor::new(self.name.as_str(), &self.tags);
        self.spawn_plain(definition).actor(actor)
    }

    /// Returns a process that acts for one of the tenant's users.
    pub(crate) fn spawn_for(&self, user: &str, definition: &str) -> Spawn {
        let actor = Actor::new(format!("{}/{user}", self.name), &self.tags);
        self.spawn_plain(definition).actor(actor)
    }

    /// Returns the definitions that must exist and compile.
    pub(crate) fn code(&self) -> [Spawn; 3] {
        CODE.map(|definition| self.spawn_plain(definition))
    }

    fn definition(&self, name: &str) -> String {
        format!("{}:{name}", self.tags["namespace"])
    }
}

/// All tenants, by name. They come and go while the server runs.
#[derive(Debug)]
pub struct Tenants {
    /// The names of the tenants of the manifest, which stay.
    of_manifest: Vec<String>,
    all: RwLock<BTreeMap<String, Arc<Tenant>>>,
}

impl Tenants {
    /// Returns the tenants that the manifest of a program has hosts for.
    ///
    /// # Errors
    ///
    /// There is none, or one has the name of a page of the server's own.
    pub fn of(app: &App) -> Result<Tenants, OpenError> {
        let names = app.hosts().keys();
        let names = names.filter_map(|host| host.strip_prefix(NAMESPACE));
        let tenants: BTreeMap<_, _> = names
            .map(|name| (name.to_owned(), Arc::new(Tenant::new(app.name(), name))))
            .collect();
        if tenants.is_empty() {
            return Err(OpenError::NoTenants);
        }
        match RESERVED.iter().find(|page| tenants.contains_key(**page)) {
            Some(page) => Err(OpenError::Reserved((*page).to_owned())),
            None => Ok(Tenants {
                of_manifest: tenants.keys().cloned().collect(),
                all: RwLock::new(tenants),
            }),
        }
    }

    /// Returns the tenant of this name.
    pub fn find(&self, name: &str) -> Option<Arc<Tenant>> {
        self.all.read().get(name).cloned()
    }

    /// Returns all tenants, by name.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.all.read().values().cloned().collect()
    }

    /// Returns the names of all tenants.
    pub(crate) fn names(&self) -> Vec<String> {
        self.all.read().keys().cloned().collect()
    }

    /// Adds a tenant, which the runtime has. Returns false if it was there before.
    pub(crate) fn put(&self, tenant: Tenant) -> bool {
        let name = tenant.name.clone();
        let before = self.all.write().insert(name, Arc::new(tenant));
        before.is_none()
    }

    /// Removes a tenant, which the runtime has no more. One of the manifest is there again.
    pub(crate) fn remove(&self, name: &str) {
        if !self.of_manifest.iter().any(|of| of == name) {
            self.all.write().remove(name);
        }
    }
}
