//! Random changes, starts and upgrades, compared with a model that is too plain to be wrong.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use warren::app::Service;
use warren::{ApplyError, Change, Handle, HostLimits, Kind, Runtime, Spawn};

use crate::setup::{builder, in_time};

/// The content of the runtime.
#[derive(Clone, Debug, Default, PartialEq)]
struct Model {
    /// Definitions by name: the number that each returns, and the host it is bound to.
    definitions: BTreeMap<u8, (i64, Option<u8>)>,
    /// Hosts by name: `max_processes`.
    hosts: BTreeMap<u8, usize>,
    /// Services by name: the definition that each runs.
    services: BTreeMap<u8, u8>,
}

/// One part of a change.
#[derive(Clone, Debug)]
enum Part {
    Define(u8, i64, Option<u8>),
    Undefine(u8),
    Host(u8, usize),
    RemoveHost(u8),
    Service(u8, u8),
    RemoveService(u8),
}

/// One step of a test.
#[derive(Clone, Debug)]
enum Step {
    Change(Vec<Part>),
    Plan(Vec<Part>),
    Rollback,
    Exec(u8),
    /// Starts a process that waits.
    Spawn(u8),
    /// Lets one of them return, after an upgrade or without one.
    Return {
        which: usize,
        upgrades: bool,
    },
}

fn part() -> impl Strategy<Value = Part> {
    let name = || 0_u8..4;
    prop_oneof![
        3 => (name(), 0_i64..3, proptest::option::weighted(0.3, name()))
            .prop_map(|(name, n, host)| Part::Define(name, n, host)),
        1 => name().prop_map(Part::Undefine),
        2 => (name(), 1_usize..4).prop_map(|(name, most)| Part::Host(name, most)),
        1 => name().prop_map(Part::RemoveHost),
        1 => (name(), name()).prop_map(|(name, definition)| Part::Service(name, definition)),
        1 => name().prop_map(Part::RemoveService),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let parts = || proptest::collection::vec(part(), 1..4);
    prop_oneof![
        5 => parts().prop_map(Step::Change),
        1 => parts().prop_map(Step::Plan),
        1 => Just(Step::Rollback),
        3 => (0_u8..4).prop_map(Step::Exec),
        3 => (0_u8..4).prop_map(Step::Spawn),
        2 => (0_usize..8, any::<bool>())
            .prop_map(|(which, upgrades)| Step::Return { which, upgrades }),
    ]
}

/// Returns a definition that returns a number: at once, or once it is asked to.
fn source(n: i64) -> String {
    format!(
        "return function(waits)
            local go = waits and process.listen('go')
            while waits and go:receive() == 'upgrade' do
                process.upgrade(nil, true) -- returns if it is refused
            end
            return {n}
        end"
    )
}

fn definition(name: u8) -> String {
    format!("app:d{name}")
}

fn host(name: u8) -> String {
    format!("app:h{name}")
}

fn limits(max_processes: usize) -> HostLimits {
    HostLimits::default().max_processes(max_processes)
}

fn change(parts: &[Part]) -> Change {
    let change = Change::new().grace(Duration::ZERO);
    parts.iter().fold(change, |change, part| match part {
        Part::Define(name, n, bound) => change.definition(warren::Definition {
            id: definition(*name).into(),
            code: warren::Code::Lua(warren::Source {
                name: format!("d{name}.lua").into(),
                bytes: source(*n).into_bytes().into(),
            }),
            method: "main".into(),
            host: bound.map(|bound| host(bound).into()),
            grants: Default::default(),
        }),
        Part::Undefine(name) => change.remove_definition(definition(*name)),
        Part::Host(name, most) => change.host(host(*name), limits(*most)),
        Part::RemoveHost(name) => change.remove_host(host(*name)),
        Part::Service(name, of) => {
            change.service(Service::new(format!("s{name}"), definition(*of)))
        }
        Part::RemoveService(name) => change.remove_service(format!("s{name}")),
    })
}

impl Model {
    /// Returns the model after a change; `None` if the change is not valid.
    fn changed(&self, parts: &[Part]) -> Option<Model> {
        let mut next = self.clone();
        // The last part of a name counts.
        let mut last: BTreeMap<(u8, u8), &Part> = BTreeMap::new();
        for part in parts {
            let key = match part {
                Part::Define(name, ..) | Part::Undefine(name) => (0, *name),
                Part::Host(name, _) | Part::RemoveHost(name) => (1, *name),
                Part::Service(name, _) | Part::RemoveService(name) => (2, *name),
            };
            last.insert(key, part);
        }
        for part in last.into_values() {
            match part {
                Part::Define(name, n, host) => {
                    next.definitions.insert(*name, (*n, *host));
                }
                Part::Undefine(name) => {
                    next.definitions.remove(name)?;
                }
                Part::Host(name, most) => {
                    next.hosts.insert(*name, *most);
                }
                Part::RemoveHost(name) => {
                    next.hosts.remove(name)?;
                }
                Part::Service(name, of) => {
                    next.services.insert(*name, *of);
                }
                Part::RemoveService(name) => {
                    next.services.remove(name)?;
                }
            }
        }
        let mut bound = next.definitions.values().filter_map(|(_, host)| *host);
        let mut runs = next.services.values();
        // A service runs in the default host.
        let is_valid = bound.all(|host| next.hosts.contains_key(&host))
            && runs.all(|of| matches!(next.definitions.get(of), Some((_, None))));
        is_valid.then_some(next)
    }

    /// Returns the number of things that differ.
    fn differences(&self, other: &Model) -> usize {
        fn count<V: PartialEq>(one: &BTreeMap<u8, V>, other: &BTreeMap<u8, V>) -> usize {
            let names: BTreeSet<_> = one.keys().chain(other.keys()).collect();
            let names = names.into_iter();
            names
                .filter(|name| one.get(*name) != other.get(*name))
                .count()
        }
        count(&self.definitions, &other.definitions)
            + count(&self.hosts, &other.hosts)
            + count(&self.services, &other.services)
    }
}

struct World {
    runtime: Runtime,
    present: Model,
    before: Option<Model>,
    version: u64,
    /// Processes that wait, with the names and the numbers of their definitions.
    waiting: Vec<(Handle, u8, i64)>,
}

impl World {
    async fn step(&mut self, step: &Step) {
        match step {
            Step::Change(parts) => {
                let expected = self.present.changed(parts);
                let applied = in_time(self.runtime.apply(change(parts))).await;
                match (applied, expected) {
                    (Ok(applied), Some(next)) => {
                        assert_eq!(
                            applied.plan.steps.len(),
                            self.present.differences(&next),
                            "{}",
                            applied.plan
                        );
                        // Ends and starts are done before the next step.
                        in_time(applied.settled()).await.unwrap();
                        self.take(next);
                    }
                    (Err(ApplyError::NotFound { .. } | ApplyError::Missing { .. }), None)
                    | (Err(ApplyError::Bound { .. }), None) => {}
                    (applied, expected) => panic!("{applied:?}, expected {expected:?}"),
                }
            }
            Step::Plan(parts) => {
                let planned = in_time(self.runtime.plan(change(parts))).await;
                assert_eq!(planned.is_ok(), self.present.changed(parts).is_some());
            }
            Step::Rollback => {
                let rolled = in_time(self.runtime.rollback(Duration::ZERO)).await;
                match (rolled, self.before.clone()) {
                    (Ok(rolled), Some(next)) => {
                        let steps = rolled.plan.steps.len();
                        assert_eq!(steps, self.present.differences(&next), "{}", rolled.plan);
                        in_time(rolled.settled()).await.unwrap();
                        self.take(next);
                    }
                    (Err(ApplyError::NothingBefore), None) => {}
                    (rolled, expected) => panic!("{rolled:?}, expected {expected:?}"),
                }
            }
            Step::Exec(name) => self.exec(*name).await,
            Step::Spawn(name) => self.spawn(*name).await,
            Step::Return { which, upgrades } => self.end(*which, *upgrades).await,
        }
        self.compare();
    }

    fn take(&mut self, next: Model) {
        if next != self.present {
            let before = std::mem::replace(&mut self.present, next);
            self.before = Some(before);
            self.version += 1;
        }
    }

    async fn exec(&self, name: u8) {
        let ran = in_time(self.runtime.exec::<i64>(Spawn::new(definition(name)))).await;
        match (ran, self.present.definitions.get(&name)) {
            (Ok(n), Some((expected, _))) => assert_eq!(n, *expected),
            (Err(error), None) => assert_eq!(error.kind(), &Kind::NotFound),
            (ran, expected) => panic!("{ran:?}, expected {expected:?}"),
        }
    }

    async fn spawn(&mut self, name: u8) {
        // A process of a definition that is bound ends with its host.
        let Some((n, None)) = self.present.definitions.get(&name).copied() else {
            return;
        };
        let spawn = Spawn::new(definition(name)).arg(true);
        let process = in_time(self.runtime.spawn(spawn)).await.unwrap();
        self.waiting.push((process, name, n));
    }

    /// Ends a process that waits: it has the code of its start, or of its upgrade.
    async fn end(&mut self, which: usize, upgrades: bool) {
        if self.waiting.is_empty() {
            return;
        }
        let which = which % self.waiting.len();
        let (process, name, started) = self.waiting.remove(which);
        let (upgrades, expected) = match self.present.definitions.get(&name) {
            Some((n, None)) if upgrades => (true, *n),
            // Not asked to, or bound to another host now.
            Some(_) => (false, started),
            // Refused: the definition is gone.
            None => (upgrades, started),
        };
        if upgrades {
            process.send("go", "upgrade").unwrap();
        }
        process.send("go", "return").unwrap();
        let result = in_time(process.result::<i64>()).await;
        assert_eq!(result.unwrap(), expected);
    }

    fn compare(&self) {
        assert_eq!(self.runtime.version(), self.version);
        let hosts: BTreeMap<_, _> = self
            .runtime
            .inspector()
            .totals()
            .hosts
            .into_iter()
            .filter(|host| host.name != "app:processes")
            .map(|info| (info.name, info.max_processes))
            .collect();
        let expected = self.present.hosts.iter();
        let expected: BTreeMap<_, _> = expected.map(|(name, most)| (host(*name), *most)).collect();
        assert_eq!(hosts, expected);
    }
}

#[test]
fn random_changes_agree_with_a_model() {
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    let mut runner = TestRunner::new(Config {
        cases: 24,
        failure_persistence: None,
        ..Config::default()
    });
    let steps = proptest::collection::vec(step(), 1..40);
    let tested = runner.run(&steps, |steps| {
        tokio.block_on(async {
            let mut world = World {
                runtime: builder().start().unwrap(),
                present: Model::default(),
                before: None,
                version: 1,
                waiting: Vec::new(),
            };
            for step in &steps {
                world.step(step).await;
            }
            in_time(world.runtime.shutdown(Duration::ZERO)).await;
            assert_eq!(world.runtime.live(), 0);
        });
        Ok(())
    });
    tested.unwrap();
}
