//! Other services in place of the present ones, while they run.

use std::collections::{HashMap, HashSet};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use warren_engine::Node;

use super::ending::is_of;
use super::supervision::begin_or_try_again;
use super::up::NewServices;
use super::{All, Entry, Services, State};
use crate::app::Service;

/// Time beyond their grace for which services that were removed are waited for. A host
/// function that blocks its thread cannot be ended.
const LAST: Duration = Duration::from_secs(1);

/// The change from some services to others, of which the list is done. Dropped, it starts
/// and ends nothing.
#[must_use = "services start and end as it runs"]
pub(crate) struct Update {
    services: Arc<Services>,
    /// The numbers of the services that were not there.
    new: Arc<[u64]>,
}

impl Services {
    /// Puts other services in place. A service whose process would be the same stays, with
    /// its other settings. The returned update starts and ends the others.
    pub(crate) fn exchange(self: &Arc<Self>, target: &[Arc<Service>]) -> Update {
        let mut all = self.all.lock();
        all.updates += 1;
        let before = std::mem::take(&mut all.entries).into_iter();
        let mut before: Vec<Option<Entry>> = before.map(Some).collect();
        let places = places_by_name(&before);
        let (mut entries, mut new) = (Vec::with_capacity(target.len()), Vec::new());
        for service in target {
            let place = places.get(&service.name);
            let entry = place.and_then(|place| {
                before[*place].take_if(|entry| has_process_of(&entry.service, service))
            });
            entries.push(match entry {
                Some(entry) => Entry {
                    service: Arc::clone(service),
                    ..entry
                },
                None => {
                    let entry = all.entry(Arc::clone(service));
                    new.push(entry.number);
                    entry
                }
            });
        }
        let mut before: Vec<Entry> = before.into_iter().flatten().collect();
        for entry in &mut before {
            entry.is_retired = true;
            entry.stop.send_replace(true);
        }
        before.retain(|entry| !entry.state.is_over());
        entries.extend(before);
        all.entries = entries;
        drop(all);
        Update {
            services: Arc::clone(self),
            new: new.into(),
        }
    }
}

/// Returns the places of the services that were not removed.
fn places_by_name(entries: &[Option<Entry>]) -> HashMap<Arc<str>, usize> {
    let present = entries.iter().enumerate().filter_map(|(place, entry)| {
        let entry = entry.as_ref().filter(|entry| !entry.is_retired)?;
        Some((Arc::clone(&entry.service.name), place))
    });
    present.collect()
}

/// Returns true if a process of one service is a process of the other.
fn has_process_of(one: &Service, other: &Service) -> bool {
    one.name == other.name
        && one.definition == other.definition
        && one.host == other.host
        && one.arguments == other.arguments
        && one.identity == other.identity
        && one.one_in_cluster == other.one_in_cluster
}

impl Update {
    /// Returns the services that are to be started.
    pub(crate) fn new_services(&self) -> NewServices {
        NewServices::of(&self.services, &self.new)
    }

    /// Ends the services that were removed or replaced, each after those that depend on it,
    /// and starts those that are new. Services that do not end are left to end; a service
    /// that cannot be started is tried again as after a failure.
    pub(crate) async fn run(self, node: &Arc<Node>, grace: Duration) {
        let services = Arc::clone(&self.services);
        let _changing = services.changing.lock().await;
        services.end_retired(node, grace).await;
        let is_started = services.all.lock().started;
        while is_started && let Some(number) = services.next_new() {
            begin_or_try_again(&services, node, number).await;
        }
    }
}

impl Drop for Update {
    fn drop(&mut self) {
        self.services.all.lock().updates -= 1;
        self.services.tell();
    }
}

impl Services {
    async fn end_retired(&self, node: &Arc<Node>, grace: Duration) {
        let deadline = node.now().after(grace);
        let mut changed = self.changed.subscribe();
        let mut too_long = pin!(node.sleep(grace.saturating_add(LAST)));
        let mut asked = HashSet::new();
        loop {
            let (frames, is_done) = {
                let all = self.all.lock();
                (all.frames_to_end(), !all.has_retired())
            };
            if is_done {
                return;
            }
            let new: HashSet<_> = frames.difference(&asked).cloned().collect();
            // Looks at all processes.
            if !new.is_empty() {
                node.ask_to_end(deadline, |process| is_of(process, &new));
                asked.extend(new);
            }
            tokio::select! {
                // Fails only if the sender is gone, which `self` holds.
                _ = changed.changed() => {}
                () = &mut too_long => return,
            }
        }
    }
}

impl All {
    fn has_retired(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_retired)
    }

    /// Returns the chains of calls of removed services on which no other one depends.
    fn frames_to_end(&self) -> HashSet<Arc<str>> {
        let retired = || self.entries.iter().filter(|entry| entry.is_retired);
        let needed: HashSet<&Arc<str>> = retired()
            .flat_map(|entry| &entry.service.depends_on)
            .collect();
        retired()
            .filter(|entry| !needed.contains(&entry.service.name))
            .filter_map(|entry| match &entry.state {
                State::Running(frame) => frame.clone(),
                State::New | State::Waiting | State::StandingBy | State::Done => None,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(name: &str, argument: i64) -> Arc<Service> {
        Arc::new(Service::new(name, "a:d").argument(argument))
    }

    fn list(services: &Services) -> Vec<(String, u64, bool)> {
        let all = services.all.lock();
        let entries = all.entries.iter();
        entries
            .map(|entry| {
                (
                    entry.service.name.to_string(),
                    entry.number,
                    entry.is_retired,
                )
            })
            .collect()
    }

    #[test]
    fn a_service_stays_if_its_process_would_be_the_same() {
        let services = Services::new([service("a", 1), service("b", 1), service("c", 1)]);
        for number in 1..=3 {
            services.set(number, State::Running(Some(format!("f#{number}").into())));
        }
        let mut other = Service::clone(&service("a", 1));
        other.critical = true;
        let update = services.exchange(&[service("b", 2), Arc::new(other), service("d", 1)]);
        let entry = |name: &str, number, is_retired| (name.to_owned(), number, is_retired);
        let expected = [
            entry("b", 4, false),
            entry("a", 1, false),
            entry("d", 5, false),
            entry("b", 2, true),
            entry("c", 3, true),
        ];
        assert_eq!(list(&services), expected);
        assert!(services.service(1).unwrap().critical);
        let stopped = |number| *services.all.lock().find(number).unwrap().stop.borrow();
        assert_eq!([1, 2, 3].map(stopped), [false, true, true]);
        assert!(!services.all.lock().are_over());
        services.set(2, State::Done);
        services.set(3, State::Done);
        assert_eq!(list(&services).len(), 3, "what has ended is gone");
        assert!(!services.set(2, State::Waiting));
        services.set(1, State::Done);
        assert!(
            !services.all.lock().are_over(),
            "others are still to be started"
        );
        drop(update);
        assert!(services.all.lock().are_over());
    }

    #[test]
    fn services_end_after_those_that_depend_on_them() {
        let store = service("store", 1);
        let orders = Arc::new(Service::new("orders", "a:d").depends_on("store"));
        let services = Services::new([store, orders]);
        services.set(1, State::Running(Some("store#1".into())));
        services.set(2, State::Running(Some("orders#1".into())));
        drop(services.exchange(&[]));
        let frames = || services.all.lock().frames_to_end();
        assert_eq!(frames(), HashSet::from([Arc::from("orders#1")]));
        services.set(2, State::Done);
        assert_eq!(frames(), HashSet::from([Arc::from("store#1")]));
        services.set(1, State::Done);
        assert!(!services.all.lock().has_retired());
    }
}
