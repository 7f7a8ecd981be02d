//! Everything that a change is about, as it is at one moment.

use std::collections::BTreeSet;
use std::sync::Arc;

use warren_capabilities::Queues;
use warren_engine::capability::web::WebSettings;
use warren_engine::{DEFAULT_HOST, HostLimits};

use crate::app::{App, Consumer, DependencyError, Rules, Service, Table, sort_services};
use crate::definitions::LayeredDefinitions;
use crate::limits::limits;

/// A version of a runtime. It never changes: a change makes another one, which shares what
/// is the same.
#[derive(Clone, Default)]
pub(crate) struct Version {
    /// Counts the versions of the runtime, from 1.
    pub(crate) number: u64,
    pub(crate) definitions: Arc<LayeredDefinitions>,
    /// The hosts given in memory, which take precedence over those of the program.
    pub(crate) own_hosts: Table<Arc<HostLimits>>,
    /// The services given in memory, which take precedence likewise.
    pub(crate) own_services: Table<Arc<Service>>,
    /// All services, each after its dependencies.
    pub(crate) services: Arc<[Arc<Service>]>,
    /// The consumers given in memory, which take precedence likewise.
    pub(crate) own_consumers: Table<Arc<Consumer>>,
    /// All consumers, by id.
    pub(crate) consumers: Arc<[Arc<Consumer>]>,
    /// The queues, which are the same in all versions.
    pub(crate) queues: Queues,
    /// The listeners, routers and routes given in memory, which take precedence likewise.
    pub(crate) own_web: Arc<WebSettings>,
    /// All that the HTTP server serves.
    pub(crate) web: Arc<WebSettings>,
    /// Absent if the runtime judges nothing by policies that can be changed.
    pub(crate) rules: Option<Rules>,
}

impl Version {
    /// Returns the program on disk.
    pub(crate) fn app(&self) -> Option<&Arc<App>> {
        self.definitions.app()
    }

    /// Returns true if these are the version's rules.
    pub(crate) fn has_rules(&self, rules: &Rules) -> bool {
        self.rules.as_ref().is_some_and(|own| own.is(rules))
    }

    /// Returns the limits of a host, if it is there.
    pub(crate) fn host(&self, name: &str) -> Option<HostLimits> {
        if let Some(own) = self.own_hosts.get(name) {
            return Some(HostLimits::clone(own));
        }
        let of_app = self.app().and_then(|app| app.hosts().get(name));
        match of_app {
            Some(settings) => Some(limits(settings)),
            None => (name == DEFAULT_HOST).then(HostLimits::default),
        }
    }

    /// Returns true if there is a host of this name.
    pub(crate) fn has_host(&self, name: &str) -> bool {
        let of_app = || self.app().is_some_and(|app| app.hosts().contains_key(name));
        name == DEFAULT_HOST || self.own_hosts.contains(name) || of_app()
    }

    /// Returns the names of the hosts of the program.
    pub(crate) fn hosts_of_app(&self) -> BTreeSet<Arc<str>> {
        let hosts = self.app().into_iter().flat_map(|app| app.hosts().keys());
        hosts.cloned().collect()
    }

    /// Puts the services of the program and those given in memory in order.
    ///
    /// # Errors
    ///
    /// See [`DependencyError`].
    pub(crate) fn sort_services(&mut self) -> Result<(), DependencyError> {
        let own = &self.own_services;
        let of_app = self.app().map(|app| app.services()).unwrap_or_default();
        let of_app = of_app.iter().filter(|service| !own.contains(&service.name));
        let known = |service: &Service| {
            let mut before = self.services.iter();
            before.find(|before| ***before == *service).map(Arc::clone)
        };
        let of_app =
            of_app.map(|service| known(service).unwrap_or_else(|| Arc::new(service.clone())));
        let mut services: Vec<Arc<Service>> = of_app.collect();
        let mut own: Vec<_> = own.iter().map(|(_, service)| Arc::clone(service)).collect();
        own.sort_unstable_by(|one, other| one.name.cmp(&other.name));
        services.extend(own);
        sort_services(&mut services)?;
        self.services = services.into();
        Ok(())
    }

    /// Puts the consumers of the program and those given in memory together.
    pub(crate) fn join_consumers(&mut self) {
        let own = &self.own_consumers;
        let of_app = self.app().map(|app| app.consumers()).unwrap_or_default();
        let of_app = of_app.iter().filter(|consumer| !own.contains(&consumer.id));
        let known = |consumer: &Consumer| {
            let mut before = self.consumers.iter();
            before.find(|before| ***before == *consumer).map(Arc::clone)
        };
        let of_app =
            of_app.map(|consumer| known(consumer).unwrap_or_else(|| Arc::new(consumer.clone())));
        let own = own.iter().map(|(_, consumer)| Arc::clone(consumer));
        let mut consumers: Vec<_> = of_app.chain(own).collect();
        consumers.sort_unstable_by(|one, other| one.id.cmp(&other.id));
        self.consumers = consumers.into();
    }

    /// Returns a consumer that takes from a queue that is not there.
    pub(crate) fn consumer_without_queue(&self) -> Option<&Arc<Consumer>> {
        let mut consumers = self.consumers.iter();
        consumers.find(|consumer| !self.queues.contains(&consumer.queue))
    }

    /// Puts what the embedder serves over what the program serves.
    pub(crate) fn merge_web(&mut self) {
        let of_app = self.app().map(|app| Arc::clone(app.web()));
        self.web = match of_app {
            None => Arc::clone(&self.own_web),
            Some(of_app) if *self.own_web == WebSettings::default() => of_app,
            Some(of_app) => Arc::new(WebSettings::clone(&of_app).with(&self.own_web)),
        };
    }
}
