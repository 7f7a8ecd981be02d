//! Checks the services of a manifest against its program, and sorts them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use toml::Spanned;
use warren_engine::security::Identity;
use warren_kernel::text;

use crate::check::Checked;
use crate::manifest::ServiceEntry;
use crate::service::Service;
use crate::suggest::{MAX_SUGGESTIONS, closest};
use warren_engine::DEFAULT_HOST;

impl Checked {
    /// Returns the services of a manifest, each after its dependencies. Invalid
    /// services are left out and recorded as problems.
    pub(crate) fn services_of(&mut self, entries: &[ServiceEntry]) -> Vec<Service> {
        let services = entries.iter().map(|entry| self.service(entry)).collect();
        let places: BTreeMap<&str, usize> = entries
            .iter()
            .enumerate()
            .map(|(place, entry)| (entry.id.get_ref().as_str(), place))
            .collect();
        let depends: Vec<Vec<usize>> = entries
            .iter()
            .map(|entry| {
                let names = entry.depends_on.iter();
                names.filter_map(|name| self.place(name, &places)).collect()
            })
            .collect();
        match in_order(&depends) {
            Ok(order) => {
                let mut services: Vec<Option<Service>> = services;
                order
                    .into_iter()
                    .filter_map(|place| services[place].take())
                    .collect()
            }
            Err(cycle) => {
                let name = |place: &usize| format!("`{}`", entries[*place].id.get_ref());
                let mut names: Vec<_> = cycle.iter().take(CYCLE_SHOWN).map(name).collect();
                if cycle.len() > CYCLE_SHOWN {
                    names.push("...".to_owned());
                }
                names.extend(cycle.first().map(name));
                let first = &entries[cycle[0]];
                let next = cycle.get(1).unwrap_or(&cycle[0]);
                let next = entries[*next].id.get_ref().as_str();
                let at = first.depends_on.iter().find(|name| name.get_ref() == next);
                self.problem(
                    at.map_or_else(|| first.id.span(), Spanned::span),
                    format!("services wait for each other: {}", names.join(" -> ")),
                    "each is to start after the next",
                    "leave one of these dependencies out",
                );
                Vec::new()
            }
        }
    }

    fn service(&mut self, entry: &ServiceEntry) -> Option<Service> {
        let process = entry.process.as_ref()?;
        let id = process.get_ref();
        let is_there = self.check_definition(process);
        let bound = self.library.process_mut(id).host.clone();
        let host = match (&entry.host, bound) {
            (None, bound) => bound.unwrap_or_else(|| DEFAULT_HOST.into()),
            (Some(host), _) if !self.check_host(host) => return None,
            (Some(host), Some(bound)) if *bound != *host.get_ref().as_str() => {
                self.problem(
                    host.span(),
                    format!("`{id}` may not run in `{}`", host.get_ref()),
                    "another host than the definition's",
                    format!("[processes] binds it to `{bound}`: leave `host` out here or there"),
                );
                return None;
            }
            (Some(host), _) => host.get_ref().text().clone(),
        };
        is_there.then(|| Service {
            name: entry.id.get_ref().text().clone(),
            definition: id.text().clone(),
            host,
            arguments: entry.args.clone(),
            depends_on: entry
                .depends_on
                .iter()
                .map(|name| name.get_ref().as_str().into())
                .collect(),
            critical: entry.critical,
            one_in_cluster: entry.one_in_cluster,
            restart: entry.restart.clone(),
            identity: Identity::default(),
        })
    }

    fn place(&mut self, name: &Spanned<String>, places: &BTreeMap<&str, usize>) -> Option<usize> {
        let text = name.get_ref().as_str();
        let found = places.get(text).copied();
        if found.is_none() {
            let like = match self.problems_found() {
                0..MAX_SUGGESTIONS => closest(text, places.keys().copied()),
                _ => None,
            };
            let remedy = match like {
                Some(right) => format!("did you mean `{right}`?"),
                None => format!("add a table [services.{text:?}]"),
            };
            self.problem(
                name.span(),
                format!("unknown service `{}`", text::quoted(text)),
                "no such service",
                remedy,
            );
        }
        found
    }
}

/// Services of a cycle that a message names.
const CYCLE_SHOWN: usize = 10;

/// Gives services their identities of `[services]`.
pub(crate) fn identify(services: &mut [Service], identities: &BTreeMap<Arc<str>, Identity>) {
    for service in services {
        if let Some(identity) = identities.get(&service.name) {
            service.identity = identity.clone();
        }
    }
}

/// Sorts services so that each comes after its dependencies, otherwise keeping their
/// order.
///
/// # Errors
///
/// See [`DependencyError`].
pub fn sort_services<S: Borrow<Service>>(services: &mut Vec<S>) -> Result<(), DependencyError> {
    let places: BTreeMap<Arc<str>, usize> = services
        .iter()
        .enumerate()
        .map(|(place, service)| (Arc::clone(&of(service).name), place))
        .collect();
    let mut depends = Vec::with_capacity(services.len());
    for service in services.iter().map(of) {
        let mut of_service = Vec::new();
        for name in &service.depends_on {
            let place = places.get(name).ok_or_else(|| DependencyError::Unknown {
                service: Arc::clone(&service.name),
                dependency: Arc::clone(name),
            })?;
            of_service.push(*place);
        }
        depends.push(of_service);
    }
    let order = in_order(&depends).map_err(|cycle| {
        let names = cycle
            .iter()
            .map(|place| Arc::clone(&of(&services[*place]).name));
        DependencyError::Cycle(names.collect())
    })?;
    let mut taken: Vec<Option<S>> = services.drain(..).map(Some).collect();
    services.extend(order.into_iter().filter_map(|place| taken[place].take()));
    Ok(())
}

fn of<S: Borrow<Service>>(service: &S) -> &Service {
    service.borrow()
}

/// Services that cannot start one after the other.
///
/// ```
/// use warren_app::{DependencyError, Service, sort_services};
///
/// let mut services = vec![Service::new("a:web", "a:web").depends_on("a:store")];
/// let error = sort_services(&mut services).unwrap_err();
/// assert_eq!(error.to_string(), "the service a:web depends on a:store, which is no service");
///
/// services.push(Service::new("a:store", "a:store").depends_on("a:web"));
/// let error = sort_services(&mut services).unwrap_err();
/// assert!(matches!(error, DependencyError::Cycle(names) if names.len() == 2));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DependencyError {
    /// A service depends on one that is not there.
    #[error("the service {service} depends on {dependency}, which is no service")]
    Unknown {
        /// The service.
        service: Arc<str>,
        /// The name that it depends on.
        dependency: Arc<str>,
    },
    /// Services wait for each other: each depends on the next, the last on the first.
    #[error("services wait for each other: {}", cycle(.0))]
    Cycle(Vec<Arc<str>>),
}

fn cycle(names: &[Arc<str>]) -> String {
    let shown: Vec<_> = names
        .iter()
        .chain(names.first())
        .map(|name| &**name)
        .collect();
    shown.join(" -> ")
}

/// Sorts indices so that each comes after its dependencies, otherwise keeping
/// their order (Kahn's algorithm).
///
/// # Errors
///
/// A cycle: indices of which each depends on the next, and the last on the
/// first.
fn in_order(depends: &[Vec<usize>]) -> Result<Vec<usize>, Vec<usize>> {
    let mut missing: Vec<BTreeSet<usize>> = depends
        .iter()
        .map(|depends| depends.iter().copied().collect())
        .collect();
    let mut dependents = vec![Vec::new(); depends.len()];
    for (place, depends) in missing.iter().enumerate() {
        for other in depends {
            dependents[*other].push(place);
        }
    }
    let ready = missing.iter().enumerate().filter(|(_, m)| m.is_empty());
    let mut ready: BTreeSet<usize> = ready.map(|(place, _)| place).collect();
    let mut order = Vec::with_capacity(depends.len());
    while let Some(place) = ready.pop_first() {
        order.push(place);
        for dependent in &dependents[place] {
            missing[*dependent].remove(&place);
            if missing[*dependent].is_empty() {
                ready.insert(*dependent);
            }
        }
    }
    let Some(mut place) = missing.iter().position(|missing| !missing.is_empty()) else {
        return Ok(order);
    };
    let mut path: Vec<usize> = Vec::new();
    let mut been = vec![None; depends.len()];
    loop {
        if let Some(start) = been[place].replace(path.len()) {
            return Err(path.split_off(start));
        }
        path.push(place);
        // Every waiting service waits for another one: a dependency cycle.
        match missing[place].first() {
            Some(next) => place = *next,
            None => return Ok(order),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_order_of_the_text_is_kept_where_nothing_depends() {
        assert_eq!(in_order(&[vec![], vec![], vec![]]), Ok(vec![0, 1, 2]));
        assert_eq!(in_order(&[vec![2], vec![], vec![1]]), Ok(vec![1, 2, 0]));
    }

    #[test]
    fn a_cycle_is_named_without_what_leads_to_it() {
        assert_eq!(in_order(&[vec![1], vec![2], vec![1]]), Err(vec![1, 2]));
        assert_eq!(in_order(&[vec![0]]), Err(vec![0]));
    }

    #[test]
    fn services_are_sorted_or_named() {
        let service = |name: &str, on: &[&str]| {
            let plain = Service::new(name, "a:d");
            on.iter().fold(plain, |service, on| service.depends_on(*on))
        };
        let names = |services: &[Service]| -> Vec<String> {
            services
                .iter()
                .map(|service| service.name.to_string())
                .collect()
        };
        let mut all = vec![
            service("c", &["b"]),
            service("x", &[]),
            service("b", &["x"]),
        ];
        sort_services(&mut all).unwrap();
        assert_eq!(names(&all), ["x", "b", "c"]);
        all.push(service("d", &["y"]));
        let error = sort_services(&mut all).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the service d depends on y, which is no service"
        );
        all[3] = service("d", &["d"]);
        let error = sort_services(&mut all).unwrap_err();
        assert_eq!(error.to_string(), "services wait for each other: d -> d");
        assert_eq!(all.len(), 4, "nothing is lost");
    }

    proptest! {
        #[test]
        fn each_comes_after_those_it_depends_on(
            depends in (1_usize..12).prop_flat_map(|n| {
                proptest::collection::vec(proptest::collection::vec(0..n, 0..3), n)
            }),
        ) {
            match in_order(&depends) {
                Ok(order) => {
                    prop_assert_eq!(order.len(), depends.len());
                    let mut before = BTreeSet::new();
                    for place in order {
                        prop_assert!(depends[place].iter().all(|other| before.contains(other)));
                        before.insert(place);
                    }
                }
                Err(cycle) => {
                    for (at, place) in cycle.iter().enumerate() {
                        let next = cycle[(at + 1) % cycle.len()];
                        prop_assert!(depends[*place].contains(&next));
                    }
                }
            }
        }
    }
}
