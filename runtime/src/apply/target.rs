//! The version that a change leads to: checked, and not in place.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use warren_engine::security::{Identity, Scope};
use warren_engine::{Definition, Definitions, HostLimits, Source};

use super::change::Change;
use super::error::ApplyError;
use super::plan::Object;
use super::version::Version;
use super::web;
use crate::app::{App, AppError, Changes, Consumer, Id, Reread, Rules, RulesChange, Service};
use crate::definitions::{LayeredDefinitions, LayeredFiles};
use crate::own_directories::OwnDirectories;

/// A version to come.
pub(crate) struct Target {
    pub(super) version: Version,
    /// The differences between the files of the two programs, if they are two.
    pub(super) files: Option<Changes>,
    /// True if the manifest of this version is the one on disk.
    pub(super) is_of_disk: bool,
    /// Time that the processes of removed hosts and services have to end.
    pub(super) grace: Duration,
    /// True if nothing is kept of the version before.
    pub(super) forget_previous: bool,
}

impl Target {
    /// Returns the version after a change of the present one.
    ///
    /// # Errors
    ///
    /// See [`ApplyError`]: everything but code that does not compile.
    pub(crate) fn of_change(
        present: &Version,
        change: Change,
        own: &OwnDirectories,
    ) -> Result<Target, ApplyError> {
        let Change {
            app,
            definitions,
            grants,
            modules,
            hosts,
            services,
            consumers,
            web,
            rules,
            grace,
            forget_previous,
        } = change;
        let reread = app.map(|app| successor(present, app, own)).transpose()?;
        let (app, files) = match reread {
            Some(Reread { app, changes }) => (Some(Arc::new(app)), Some(changes)),
            None => (None, None),
        };
        let mut version = Version {
            number: present.number + 1,
            ..present.clone()
        };
        version.definitions = changed_definitions(present, &app, definitions, modules)?;
        for (id, grants) in grants {
            give(&mut version, &id, grants)?;
        }
        // A program may also leave a host out.
        let removes_hosts = change_hosts(&mut version, hosts)? || app.is_some();
        if !services.is_empty() || app.is_some() {
            change_services(&mut version, services)?;
        }
        if !consumers.is_empty() || app.is_some() {
            change_consumers(&mut version, consumers)?;
        }
        let changes_web = web.is_some() || app.is_some();
        if let Some(web) = web {
            version.own_web = Arc::new(web);
        }
        if changes_web {
            version.merge_web();
        }
        if let Some(rules) = changed_rules(present, app.as_deref(), &rules)? {
            version.rules = Some(rules);
        }
        let target = Target {
            version,
            files,
            is_of_disk: app.is_some(),
            grace,
            forget_previous,
        };
        target.check(present, &rules, removes_hosts)?;
        Ok(target)
    }

    /// Returns the version after another reading of the program's files.
    pub(crate) fn of_reread(present: &Version, app: App, changes: Changes) -> Target {
        let mut version = Version {
            number: present.number + 1,
            ..present.clone()
        };
        version.definitions = Arc::new(present.definitions.over(Arc::new(app)));
        Target {
            version,
            files: Some(changes),
            is_of_disk: false,
            grace: Duration::ZERO,
            forget_previous: false,
        }
    }

    /// Returns a version with the content of an earlier one.
    ///
    /// # Errors
    ///
    /// [`ApplyError::Files`] if the program of that version cannot take the place of the
    /// present one.
    pub(crate) fn of_version(
        present: &Version,
        earlier: &Version,
        grace: Duration,
    ) -> Result<Target, ApplyError> {
        let files = match (present.app(), earlier.app()) {
            (Some(now), Some(then)) if !Arc::ptr_eq(now, then) => Some(now.changes_to(then)?),
            _ => None,
        };
        Ok(Target {
            version: Version {
                number: present.number + 1,
                ..earlier.clone()
            },
            files,
            is_of_disk: false,
            grace,
            forget_previous: false,
        })
    }

    /// Checks that everything finds what it needs.
    fn check(
        &self,
        present: &Version,
        rules: &RulesChange,
        removes_hosts: bool,
    ) -> Result<(), ApplyError> {
        let next = &self.version;
        let own = &next.definitions.own;
        let new = present.definitions.own.differing(own, Arc::ptr_eq);
        for (_, _, definition) in new {
            if let Some(definition) = definition {
                check_definition(next, definition)?;
            }
        }
        if removes_hosts {
            for (_, definition) in own.iter() {
                check_definition(next, definition)?;
            }
        }
        for service in next.services.iter() {
            check_service(next, service)?;
        }
        for consumer in next.consumers.iter() {
            check_consumer(next, consumer)?;
        }
        web::check(next)?;
        // The id of a definition may also be the label of a host function process.
        for (host, identity) in &rules.hosts {
            if identity.is_some() && !next.has_host(host) {
                return Err(missing((Object::HostIdentity, host), (Object::Host, host)));
            }
        }
        // Another program may leave out a policy that a scope of memory names.
        let removes_policies = self.files.is_some() || rules.policies.values().any(Option::is_none);
        check_scopes(next, rules, removes_policies)
    }
}

/// Compares the program with one that is to take its place.
fn successor(present: &Version, app: App, own: &OwnDirectories) -> Result<Reread, ApplyError> {
    let before = present.app().ok_or(ApplyError::NoProgram)?;
    before.check_successor(&app).map_err(|error| match error {
        AppError::Manifest(error) => ApplyError::Manifest(error),
        AppError::Policies(error) => ApplyError::Policies(error),
        other => ApplyError::App(Box::new(other)),
    })?;
    own.check(&app)?;
    Ok(before.succession(app)?)
}

fn changed_definitions(
    present: &Version,
    app: &Option<Arc<App>>,
    definitions: BTreeMap<Arc<str>, Option<Definition>>,
    modules: BTreeMap<String, Option<Source>>,
) -> Result<Arc<LayeredDefinitions>, ApplyError> {
    if app.is_none() && definitions.is_empty() && modules.is_empty() {
        return Ok(Arc::clone(&present.definitions));
    }
    let mut own = present.definitions.own.clone();
    for (id, definition) in definitions {
        match definition {
            Some(definition) => {
                Id::parse(&id)?;
                // Paths that are granted again were opened again.
                let is_same = |known: &Arc<Definition>| {
                    known.code.is_that_of(&definition.code)
                        && known.has_settings_of(&definition)
                        && definition.grants.paths.is_empty()
                };
                if !own.get(&id).is_some_and(is_same) {
                    own.insert(id, Arc::new(definition));
                }
            }
            None if own.remove(&id).is_none() => return Err(not_found(Object::Definition, &id)),
            None => {}
        }
    }
    let before = &present.definitions.files;
    let modules = changed_modules(before, modules)?;
    let next = LayeredFiles::new(
        modules.unwrap_or_else(|| Arc::clone(&before.modules)),
        app.clone().or_else(|| before.app.clone()),
        &own,
    );
    let files = match next.is_same_as(before) {
        true => Arc::clone(before),
        false => Arc::new(next),
    };
    Ok(Arc::new(LayeredDefinitions { own, files }))
}

type Modules = std::collections::HashMap<String, Source>;

/// Returns the modules after a change; `None` if they are the same.
fn changed_modules(
    before: &LayeredFiles,
    change: BTreeMap<String, Option<Source>>,
) -> Result<Option<Arc<Modules>>, ApplyError> {
    let mut modules = Cow::Borrowed(&*before.modules);
    for (name, source) in change {
        let known = modules.get(&name);
        match (source, known) {
            (Some(source), Some(known)) if known.is_that_of(&source) => {}
            (Some(source), _) => {
                modules.to_mut().insert(name, source);
            }
            (None, Some(_)) => {
                modules.to_mut().remove(&name);
            }
            (None, None) => return Err(not_found(Object::Module, &name)),
        }
    }
    Ok(match modules {
        Cow::Borrowed(_) => None,
        Cow::Owned(modules) => Some(Arc::new(modules)),
    })
}

/// Gives a definition of memory other grants.
fn give(
    version: &mut Version,
    id: &Arc<str>,
    grants: warren_engine::Grants,
) -> Result<(), ApplyError> {
    let known = version.definitions.own.get(id);
    let known = known.ok_or_else(|| not_found(Object::Definition, id))?;
    if *known.grants == grants && grants.paths.is_empty() {
        return Ok(());
    }
    let definition = Definition {
        grants: Arc::new(grants),
        ..Definition::clone(known)
    };
    let mut definitions = LayeredDefinitions::clone(&version.definitions);
    definitions.own.insert(Arc::clone(id), Arc::new(definition));
    version.definitions = Arc::new(definitions);
    Ok(())
}

/// Changes the hosts of memory. Returns true if a host may be gone.
fn change_hosts(
    version: &mut Version,
    hosts: BTreeMap<Arc<str>, Option<HostLimits>>,
) -> Result<bool, ApplyError> {
    let mut removes = false;
    for (name, limits) in hosts {
        match limits {
            Some(limits) => {
                version.own_hosts.insert(name, Arc::new(limits));
            }
            None if version.own_hosts.remove(&name).is_none() => {
                return Err(not_found(Object::Host, &name));
            }
            None => removes = true,
        }
    }
    Ok(removes)
}

fn change_services(
    version: &mut Version,
    services: BTreeMap<Arc<str>, Option<Service>>,
) -> Result<(), ApplyError> {
    for (name, service) in services {
        match service {
            Some(service) => {
                let known = version.own_services.get(&name);
                if !known.is_some_and(|known| **known == service) {
                    version.own_services.insert(name, Arc::new(service));
                }
            }
            None if version.own_services.remove(&name).is_none() => {
                return Err(not_found(Object::Service, &name));
            }
            None => {}
        }
    }
    Ok(version.sort_services()?)
}

fn change_consumers(
    version: &mut Version,
    consumers: BTreeMap<Arc<str>, Option<Consumer>>,
) -> Result<(), ApplyError> {
    for (id, consumer) in consumers {
        match consumer {
            Some(consumer) => {
                let known = version.own_consumers.get(&id);
                if !known.is_some_and(|known| **known == consumer) {
                    version.own_consumers.insert(id, Arc::new(consumer));
                }
            }
            None if version.own_consumers.remove(&id).is_none() => {
                return Err(not_found(Object::Consumer, &id));
            }
            None => {}
        }
    }
    version.join_consumers();
    Ok(())
}

/// Returns the rules after a change; `None` if they are the same.
fn changed_rules(
    present: &Version,
    app: Option<&App>,
    change: &RulesChange,
) -> Result<Option<Rules>, ApplyError> {
    let Some(rules) = &present.rules else {
        // Removing the identity of a host that has none is no change.
        let asks = [
            change.policies.is_empty(),
            change.scopes.is_empty(),
            change.hosts.values().all(Option::is_none),
            change.definitions.values().all(Option::is_none),
        ];
        return match asks.contains(&false) {
            true => Err(ApplyError::NoPolicies),
            false => Ok(None),
        };
    };
    let invalid = |error| ApplyError::Policies(Box::new(error));
    for (id, _) in change.policies.iter().filter(|(_, text)| text.is_none()) {
        if !rules.adds_policy(id) {
            return Err(not_found(Object::Policy, id));
        }
    }
    for (name, _) in change.scopes.iter().filter(|(_, scope)| scope.is_none()) {
        if !rules.adds_scope(name) {
            return Err(not_found(Object::Scope, name));
        }
    }
    let mut next = None;
    if let Some(app) = app {
        let of_app = match app.policies() {
            Some(policies) => policies.rules(),
            None => Rules::none().map_err(invalid)?,
        };
        next = Some(rules.followed_by(&of_app).map_err(invalid)?);
    }
    if !is_nothing(rules, change) {
        let before = next.as_ref().unwrap_or(rules);
        next = Some(before.changed(change).map_err(invalid)?);
    }
    Ok(next)
}

type Identities = BTreeMap<Arc<str>, Option<Identity>>;

/// Returns true if a change takes back identities that were not given, and no more.
fn is_nothing(rules: &Rules, change: &RulesChange) -> bool {
    let takes_none = |change: &Identities, adds: &dyn Fn(&str) -> bool| {
        let mut all = change.iter();
        all.all(|(name, identity)| identity.is_none() && !adds(name))
    };
    change.policies.is_empty()
        && change.scopes.is_empty()
        && takes_none(&change.hosts, &|host: &str| rules.adds_host(host))
        && takes_none(&change.definitions, &|id: &str| rules.adds_definition(id))
}

fn check_definition(next: &Version, definition: &Definition) -> Result<(), ApplyError> {
    match &definition.host {
        Some(host) if !next.has_host(host) => Err(missing(
            (Object::Definition, &definition.id),
            (Object::Host, host),
        )),
        _ => Ok(()),
    }
}

fn check_service(next: &Version, service: &Service) -> Result<(), ApplyError> {
    let name = (Object::Service, &*service.name);
    let Ok(definition) = next.definitions.definition(&service.definition) else {
        return Err(missing(name, (Object::Definition, &service.definition)));
    };
    if !next.has_host(&service.host) {
        return Err(missing(name, (Object::Host, &service.host)));
    }
    match &definition.host {
        Some(bound) if **bound != *service.host => Err(ApplyError::Bound {
            service: Arc::clone(&service.name),
            host: Arc::clone(&service.host),
            definition: Arc::clone(&definition.id),
            bound: Arc::clone(bound),
        }),
        _ => Ok(()),
    }
}

fn check_consumer(next: &Version, consumer: &Consumer) -> Result<(), ApplyError> {
    let id = (Object::Consumer, &*consumer.id);
    if !next.queues.contains(&consumer.queue) {
        return Err(missing(id, (Object::Queue, &consumer.queue)));
    }
    match next.definitions.definition(&consumer.definition) {
        Ok(_) => Ok(()),
        Err(_) => Err(missing(id, (Object::Definition, &consumer.definition))),
    }
}

/// Checks that the scopes find their policies: those that have changed, or all of them.
fn check_scopes(next: &Version, change: &RulesChange, all: bool) -> Result<(), ApplyError> {
    let Some(rules) = &next.rules else {
        return Ok(());
    };
    let lacks = |scope: &Scope| {
        let mut policies = scope.policies.iter();
        policies.find(|id| !rules.has_policy(id)).cloned()
    };
    let lacking = match all {
        // The first one by name.
        true => rules
            .scopes()
            .filter_map(|(name, scope)| Some((name, lacks(scope)?)))
            .min(),
        false => change
            .scopes
            .keys()
            .find_map(|name| Some((name, lacks(rules.scope(name)?)?))),
    };
    match lacking {
        Some((name, id)) => Err(missing((Object::Scope, name), (Object::Policy, &id))),
        None => Ok(()),
    }
}

fn not_found(object: Object, name: &str) -> ApplyError {
    ApplyError::NotFound {
        object,
        name: name.to_owned(),
    }
}

fn missing((object, name): (Object, &str), (needs, needed): (Object, &str)) -> ApplyError {
    ApplyError::Missing {
        object,
        name: name.to_owned(),
        needs,
        needed: needed.to_owned(),
    }
}
