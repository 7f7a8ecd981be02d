//! The tenants: their code, their hosts and their actors.

use std::collections::BTreeMap;

use warren::Spawn;
use warren::app::App;
use warren::security::Actor;

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

impl Tenant {
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
        ["http", "chat", "room"].map(|definition| self.spawn_plain(definition))
    }

    fn definition(&self, name: &str) -> String {
        format!("{}:{name}", self.tags["namespace"])
    }
}

/// All tenants, by name.
#[derive(Clone, Debug)]
pub struct Tenants(BTreeMap<String, Tenant>);

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
            .map(|name| (name.to_owned(), Tenant::new(app.name(), name)))
            .collect();
        if tenants.is_empty() {
            return Err(OpenError::NoTenants);
        }
        match RESERVED.iter().find(|page| tenants.contains_key(**page)) {
            Some(page) => Err(OpenError::Reserved((*page).to_owned())),
            None => Ok(Tenants(tenants)),
        }
    }

    /// Returns the tenant of this name.
    pub fn find(&self, name: &str) -> Option<&Tenant> {
        self.0.get(name)
    }

    /// Iterates over all tenants, by name.
    pub fn iter(&self) -> impl Iterator<Item = &Tenant> {
        self.0.values()
    }
}
