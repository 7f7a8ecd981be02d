//! The way from one version to the next: the steps to show, and the work to do.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use warren_engine::{Definition, Definitions, HostLimits, Source};

use super::plan::{Action, Object, Step};
use super::target::Target;
use super::version::Version;
use crate::app::{
    App, Changes, Consumer, Difference, FileChange, Lines, PolicyPlace, Rules, Service,
};
use crate::limits::differences;

/// The differences between two versions.
pub(super) struct Steps {
    /// Sorted by object and name.
    pub(super) steps: Vec<Step>,
    /// Definitions that are new or different.
    pub(super) changed: Vec<Arc<Definition>>,
    /// Definitions of the first version that are not in the second one.
    pub(super) replaced: Vec<Arc<Definition>>,
    /// Sources without a place in the second version.
    pub(super) stale: Vec<Source>,
    /// Hosts that are new, or that get other limits.
    pub(super) hosts: Vec<(String, HostLimits)>,
    pub(super) removed_hosts: Vec<String>,
    /// Ids without a definition in the second version.
    pub(super) gone: Vec<Arc<str>>,
    /// True if something is another that no step shows: what was given in memory over the
    /// same of the program, and what it hides there.
    is_silent: bool,
}

impl Steps {
    /// Returns true if there is nothing to do.
    pub(super) fn is_nothing(&self) -> bool {
        self.steps.is_empty()
            && self.changed.is_empty()
            && self.replaced.is_empty()
            && self.stale.is_empty()
            && !self.is_silent
    }

    /// Returns true if all there is to do beside the steps is to take paths that were granted
    /// before and were opened again: a rollback would take nothing back.
    pub(super) fn only_reopens(&self) -> bool {
        if !self.stale.is_empty() || self.is_silent {
            return false;
        }
        let replaced = self.replaced.iter();
        let replaced: HashMap<_, _> = replaced.map(|was| (&*was.id, &was.code)).collect();
        self.changed.iter().all(|definition| {
            let was = replaced.get(&*definition.id);
            was.is_some_and(|was| was.is_that_of(&definition.code))
        })
    }

    /// Compares the version `from` with the one to come, of which it takes the differences
    /// between files.
    pub(super) fn between(from: &Version, target: &mut Target) -> Steps {
        let files = target.files.take();
        let to = &target.version;
        let is_another = files.is_some();
        let places = Places::of(to.app().filter(|_| target.is_of_disk));
        let mut steps = Steps {
            steps: Vec::new(),
            changed: Vec::new(),
            replaced: Vec::new(),
            stale: Vec::new(),
            hosts: Vec::new(),
            removed_hosts: Vec::new(),
            gone: Vec::new(),
            is_silent: is_another && differ_below(from, to),
        };
        steps.is_silent |= !from.own_hosts.has_names_of(&to.own_hosts);
        steps.is_silent |= !from.own_services.has_names_of(&to.own_services);
        steps.is_silent |= !from.own_consumers.has_names_of(&to.own_consumers);
        steps.of_hosts(from, to, is_another, &places);
        steps.of_own_definitions(from, to);
        if let Some(files) = files {
            steps.of_files(to, files);
        }
        steps.of_modules(from, to);
        steps.of_services(from, to, &places);
        steps.of_consumers(from, to, &places);
        steps.of_web(from, to, &places);
        if let (Some(from), Some(to)) = (&from.rules, &to.rules) {
            steps.of_rules(from, to, &places);
        }
        if is_another {
            steps.of_directory(from, to);
            steps.of_main(from, to, &places);
        }
        let key = |step: &Step| (step.object, step.name.clone());
        steps.steps.sort_by_key(key);
        steps
    }

    fn of_hosts(&mut self, from: &Version, to: &Version, is_another: bool, places: &Places) {
        let own = from.own_hosts.differing(&to.own_hosts, Arc::ptr_eq);
        let mut names: BTreeSet<Arc<str>> = own
            .into_iter()
            .map(|(name, _, _)| Arc::clone(name))
            .collect();
        if is_another {
            names.extend(from.hosts_of_app());
            names.extend(to.hosts_of_app());
        }
        for name in names {
            let step = |action| {
                let (file, line) = places.of_table("hosts", &name);
                Step::new(action, Object::Host, &*name).at(file, line)
            };
            match (from.host(&name), to.host(&name)) {
                (None, Some(limits)) => {
                    self.steps.push(step(Action::Add));
                    self.hosts.push((name.to_string(), limits));
                }
                (Some(was), Some(limits)) => {
                    let differences = differences(&was, &limits);
                    if !differences.is_empty() {
                        self.steps.push(step(Action::Replace).with(differences));
                        self.hosts.push((name.to_string(), limits));
                    }
                }
                (Some(_), None) => {
                    self.steps
                        .push(Step::new(Action::Remove, Object::Host, &*name));
                    self.removed_hosts.push(name.to_string());
                }
                (None, None) => {}
            }
        }
    }

    fn of_own_definitions(&mut self, from: &Version, to: &Version) {
        let (was, is) = (&from.definitions, &to.definitions);
        for (id, before, after) in was.own.differing(&is.own, Arc::ptr_eq) {
            // The definition that this one hid, or hides now.
            let below = |version: &Version| {
                let app = version.app()?;
                app.definition(id).ok()
            };
            let (before, after) = match (before, after) {
                (Some(before), after) => {
                    self.replaced.push(Arc::clone(before));
                    (
                        Some(Arc::clone(before)),
                        after.cloned().or_else(|| below(to)),
                    )
                }
                (None, after) => (below(from), after.cloned()),
            };
            let step = |action| Step::new(action, Object::Definition, &**id);
            match (before, after) {
                (Some(before), Some(after)) => {
                    self.forget_source(&before, Some(&after));
                    let parts = parts_that_differ(&before, &after);
                    if !parts.is_empty() {
                        self.steps.push(step(Action::Replace).with(parts));
                    }
                    self.changed.push(after);
                }
                (None, Some(after)) => {
                    self.steps.push(step(Action::Add));
                    self.changed.push(after);
                }
                (Some(before), None) => {
                    self.forget_source(&before, None);
                    self.steps.push(step(Action::Remove));
                    self.gone.push(Arc::clone(id));
                }
                (None, None) => {}
            }
        }
    }

    /// Notes that the source of a definition has no place, unless another has the same.
    fn forget_source(&mut self, before: &Definition, after: Option<&Definition>) {
        let Some(source) = before.code.source() else {
            return;
        };
        let now = after.and_then(|after| after.code.source());
        if !now.is_some_and(|now| now.is_that_of(source)) {
            self.stale.push(source.clone());
        }
    }

    fn of_files(&mut self, to: &Version, files: Changes) {
        let hides = |id: &str| to.definitions.hides(id);
        let file = |id: &str| {
            let app = to.app()?;
            app.file_of(id).map(|file| file.to_string())
        };
        let mut add = |action, ids: &[Arc<str>], code: &[&'static str]| {
            for id in ids.iter().filter(|id| !hides(id)) {
                let settings = files.settings.get(id).into_iter().flatten();
                let differences = code.iter().chain(settings);
                let differences = differences.map(|part| (*part).to_owned());
                let step = Step::new(action, Object::Definition, &**id);
                let step = step.with(differences.collect());
                self.steps.push(match action {
                    Action::Remove => step,
                    Action::Add | Action::Replace => step.at(file(id), None),
                });
            }
        };
        add(Action::Add, &files.added, &[]);
        add(Action::Replace, &files.changed, &["code"]);
        add(Action::Replace, &files.resettled, &[]);
        add(Action::Remove, &files.removed, &[]);
        for (path, change) in &files.modules {
            let action = match change {
                FileChange::Added => Action::Add,
                FileChange::Changed => Action::Replace,
                FileChange::Removed => Action::Remove,
            };
            self.steps.push(Step::new(action, Object::Module, &**path));
        }
        for (id, settings) in files.by_id.iter().filter(|(id, _)| hides(id)) {
            self.of_id(id, settings);
        }
        let gone = files.removed.into_iter().filter(|id| !hides(id));
        self.gone.extend(gone);
        let compile = files.compile.into_iter();
        self.changed
            .extend(compile.filter(|definition| !hides(&definition.id)));
        self.replaced.extend(files.replaced);
        self.stale.extend(files.stale);
    }

    /// Adds settings of the manifest to the step of a definition whose code is not the
    /// program's.
    fn of_id(&mut self, id: &str, settings: &[&'static str]) {
        let settings = settings.iter().map(|setting| (*setting).to_owned());
        let is_of = |step: &&mut Step| step.object == Object::Definition && step.name == id;
        match self.steps.iter_mut().find(is_of) {
            Some(step) if step.action == Action::Replace => step.differences.extend(settings),
            Some(_) => {}
            None => {
                let step = Step::new(Action::Replace, Object::Definition, id);
                self.steps.push(step.with(settings.collect()));
            }
        }
    }

    /// Adds a step if another directory is the program's: reloads read that one from then on.
    fn of_directory(&mut self, from: &Version, to: &Version) {
        let (Some(was), Some(is)) = (from.app(), to.app()) else {
            return;
        };
        if was.has_root_of(is) {
            return;
        }
        let path = is.root().display();
        let difference = match was.root() == is.root() {
            true => format!("another one is at {path}"),
            false => format!("{} -> {path}", was.root().display()),
        };
        let step = Step::new(Action::Replace, Object::Setting, "directory");
        self.steps.push(step.with(vec![difference]));
    }

    fn of_main(&mut self, from: &Version, to: &Version, places: &Places) {
        let (Some(was), Some(is)) = (from.app(), to.app()) else {
            return;
        };
        if was.main() != is.main() {
            let (file, line) = places.of_table("app", "main");
            let step = Step::new(Action::Replace, Object::Setting, "main").at(file, line);
            let difference = format!("{} -> {}", was.main(), is.main());
            self.steps.push(step.with(vec![difference]));
        }
    }

    fn of_modules(&mut self, from: &Version, to: &Version) {
        let (was, is) = (
            &from.definitions.files.modules,
            &to.definitions.files.modules,
        );
        if Arc::ptr_eq(was, is) {
            return;
        }
        let names: BTreeSet<&String> = was.keys().chain(is.keys()).collect();
        for name in names {
            let step = |action| Step::new(action, Object::Module, name);
            match (was.get(name), is.get(name)) {
                (Some(before), Some(after)) if before.is_that_of(after) => {}
                (Some(before), Some(_)) => {
                    self.steps.push(step(Action::Replace));
                    self.stale.push(before.clone());
                }
                (Some(before), None) => {
                    self.steps.push(step(Action::Remove));
                    self.stale.push(before.clone());
                }
                (None, _) => self.steps.push(step(Action::Add)),
            }
        }
    }

    fn of_services(&mut self, from: &Version, to: &Version, places: &Places) {
        if Arc::ptr_eq(&from.services, &to.services) {
            return;
        }
        let by_name = |version: &'_ Version| -> BTreeMap<Arc<str>, Arc<Service>> {
            let services = version.services.iter();
            services
                .map(|service| (Arc::clone(&service.name), Arc::clone(service)))
                .collect()
        };
        let (was, is) = (by_name(from), by_name(to));
        for (name, service) in &is {
            let step = |action| {
                let (file, line) = places.of_table("services", name);
                Step::new(action, Object::Service, &**name).at(file, line)
            };
            match was.get(name) {
                None => self.steps.push(step(Action::Add)),
                Some(before) if before == service => {}
                Some(before) => {
                    let parts = parts_of_service(before, service);
                    self.steps.push(step(Action::Replace).with(parts));
                }
            }
        }
        for name in was.keys().filter(|name| !is.contains_key(*name)) {
            self.steps
                .push(Step::new(Action::Remove, Object::Service, &**name));
        }
    }

    fn of_consumers(&mut self, from: &Version, to: &Version, places: &Places) {
        if Arc::ptr_eq(&from.consumers, &to.consumers) {
            return;
        }
        let of_id = |version: &'_ Version, id: &str| -> Option<Arc<Consumer>> {
            let mut consumers = version.consumers.iter();
            consumers.find(|one| *one.id == *id).map(Arc::clone)
        };
        for consumer in to.consumers.iter() {
            let step = |action| {
                let (file, line) = places.of_table("consumers", &consumer.id);
                Step::new(action, Object::Consumer, &*consumer.id).at(file, line)
            };
            match of_id(from, &consumer.id) {
                None => self.steps.push(step(Action::Add)),
                Some(before) if before == *consumer => {}
                Some(before) => {
                    let parts = parts_of_consumer(&before, consumer);
                    self.steps.push(step(Action::Replace).with(parts));
                }
            }
        }
        let gone = from.consumers.iter();
        for consumer in gone.filter(|consumer| of_id(to, &consumer.id).is_none()) {
            let step = Step::new(Action::Remove, Object::Consumer, &*consumer.id);
            self.steps.push(step);
        }
    }

    fn of_rules(&mut self, from: &Rules, to: &Rules, places: &Places) {
        let difference = from.difference(to);
        self.is_silent |= difference.hidden;
        self.of_names(Object::Policy, &difference.policies, |id| {
            places.of_policy(difference.places.get(id))
        });
        self.of_names(Object::Scope, &difference.scopes, |name| {
            places.of_table("scopes", name)
        });
        self.of_names(Object::HostIdentity, &difference.hosts, |name| {
            places.of_table("hosts", name)
        });
        self.of_names(Object::DefinitionIdentity, &difference.definitions, |id| {
            places.of_table("processes", id)
        });
        let mut setting = |name: &str, difference: String, (file, line): Place| {
            let step = Step::new(Action::Replace, Object::Setting, name).at(file, line);
            self.steps.push(step.with(vec![difference]));
        };
        if difference.schema {
            let place = places.of_policy(difference.schema_place.as_ref());
            setting("schema.cedarschema", "text".to_owned(), place);
        }
        if difference.everyone {
            let place = places.of_table("security", "policies");
            let what = "policies of every process".to_owned();
            setting("security.policies", what, place);
        }
        if let Some(strict) = difference.strict {
            let place = places.of_table("security", "strict");
            setting("security.strict", format!("{} -> {strict}", !strict), place);
        }
    }

    /// Adds the steps of names, each but those of names that are gone with its place.
    fn of_names(&mut self, object: Object, names: &Difference, place: impl Fn(&str) -> Place) {
        let all = [
            (Action::Add, &names.added),
            (Action::Replace, &names.changed),
            (Action::Remove, &names.removed),
        ];
        for (action, names) in all {
            for name in names {
                let (file, line) = match action {
                    Action::Remove => (None, None),
                    Action::Add | Action::Replace => place(name),
                };
                self.steps
                    .push(Step::new(action, object, name).at(file, line));
            }
        }
    }
}

/// Returns true if the programs of two versions differ in what may be hidden.
fn differ_below(from: &Version, to: &Version) -> bool {
    match (from.app(), to.app()) {
        (Some(was), Some(is)) => {
            was.hosts() != is.hosts()
                || was.services() != is.services()
                || was.consumers() != is.consumers()
        }
        _ => false,
    }
}

/// Returns the parts of a definition that differ, in words.
fn parts_that_differ(before: &Definition, after: &Definition) -> Vec<String> {
    let code = (!before.code.is_that_of(&after.code)).then_some("code");
    let parts = code.into_iter().chain(before.settings_that_differ(after));
    parts.map(str::to_owned).collect()
}

fn parts_of_service(before: &Service, after: &Service) -> Vec<String> {
    let parts = [
        ("process", before.definition == after.definition),
        ("host", before.host == after.host),
        ("args", before.arguments == after.arguments),
        ("depends_on", before.depends_on == after.depends_on),
        ("critical", before.critical == after.critical),
        ("cluster", before.one_in_cluster == after.one_in_cluster),
        ("restart", before.restart == after.restart),
        ("identity", before.identity == after.identity),
    ];
    different(&parts)
}

fn parts_of_consumer(before: &Consumer, after: &Consumer) -> Vec<String> {
    let parts = [
        ("queue", before.queue == after.queue),
        ("process", before.definition == after.definition),
        ("concurrency", before.concurrency == after.concurrency),
        ("prefetch", before.prefetch == after.prefetch),
    ];
    different(&parts)
}

pub(super) fn different(parts: &[(&str, bool)]) -> Vec<String> {
    let parts = parts.iter().filter(|(_, is_same)| !is_same);
    parts.map(|(part, _)| (*part).to_owned()).collect()
}

/// A file, and a line of it.
type Place = (Option<String>, Option<usize>);

/// The places of a program's manifest and policies; none for what was given in memory.
pub(super) struct Places(Option<(String, Lines)>);

impl Places {
    fn of(app: Option<&Arc<App>>) -> Places {
        Places(app.map(|app| {
            let path = app.manifest_path().display().to_string();
            (path, app.manifest_lines())
        }))
    }

    /// Returns the place of a policy, or of the schema.
    fn of_policy(&self, place: Option<&PolicyPlace>) -> Place {
        match (&self.0, place) {
            (Some(_), Some(place)) => (Some(place.path.display().to_string()), Some(place.line)),
            _ => (None, None),
        }
    }

    pub(super) fn of_table(&self, table: &str, name: &str) -> Place {
        let Some((path, lines)) = &self.0 else {
            return (None, None);
        };
        match lines.of_table(table, name) {
            Some(line) => (Some(path.clone()), Some(line)),
            None => (None, None),
        }
    }
}
