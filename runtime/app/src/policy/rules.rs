//! The policies, scopes and identities of one moment.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use warren_engine::security::{Identity, Scope};

use super::compiled::Compiled;
use super::error::PolicyError;
use super::file::File;
use super::files::{Directory, Files};
use super::settings::Settings;
use crate::table::Table;

/// Policies with their scopes and identities, valid together. A clone is the same rules.
///
/// They are those of a program or of [`Policies::of`], and over them those that were added
/// while the program runs ([`Rules::changed`]), which take precedence.
///
/// [`Policies::of`]: super::Policies::of
///
/// ```
/// use warren_app::{Policies, RulesChange};
///
/// let policies = Policies::of([("all", "permit (principal, action, resource);")])?;
/// let before = policies.rules();
/// let mut change = RulesChange::default();
/// let forbid = "forbid (principal, action, resource);";
/// change.policies.insert("maintenance".to_owned(), Some(forbid.into()));
/// policies.enforce(policies.changed(&change)?);
/// assert!(policies.rules().adds_policy("maintenance"));
///
/// policies.enforce(before.clone());
/// assert!(policies.rules().is(&before));
/// assert!(!policies.rules().has_policy("maintenance"));
/// # Ok::<_, warren_app::PolicyError>(())
/// ```
#[derive(Clone)]
pub struct Rules(Arc<State>);

/// The content of [`Rules`].
struct State {
    base: Arc<Base>,
    own: Own,
    settings: Settings,
    compiled: Arc<Compiled>,
}

/// The rules that were added to those of a program while it runs.
#[derive(Clone, Default)]
struct Own {
    policies: Table<Arc<str>>,
    scopes: Table<Arc<Scope>>,
    hosts: Table<Identity>,
    definitions: Table<Identity>,
}

/// The rules of a program, without those that were added.
#[derive(Clone)]
pub(super) struct Base {
    /// The directory that the policies are read from; absent for policies in memory.
    pub(super) directory: Option<Arc<Directory>>,
    pub(super) files: Files,
    pub(super) settings: Settings,
}

/// Changes of [`Rules`]: `None` removes what has the name.
///
/// ```
/// use warren_app::{Rules, RulesChange};
/// use warren_engine::security::Scope;
///
/// let mut change = RulesChange::default();
/// let permit = "permit (principal, action, resource);";
/// change.policies.insert("all".to_owned(), Some(permit.into()));
/// let scope = Scope { policies: vec!["all".to_owned()] };
/// change.scopes.insert("operators".into(), Some(scope.into()));
/// let rules = Rules::none()?.changed(&change)?;
/// assert!(rules.has_policy("all") && rules.scope("operators").is_some());
///
/// let mut removal = RulesChange::default();
/// removal.scopes.insert("operators".into(), None);
/// assert!(rules.changed(&removal)?.scope("operators").is_none());
/// # Ok::<_, warren_app::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct RulesChange {
    /// Policies by id: their statements in Cedar.
    pub policies: BTreeMap<String, Option<Arc<str>>>,
    /// Scopes by name.
    pub scopes: BTreeMap<Arc<str>, Option<Arc<Scope>>>,
    /// Actors and scopes of the processes of hosts, by the host's name.
    pub hosts: BTreeMap<Arc<str>, Option<Identity>>,
    /// Actors and scopes of the processes of definitions, by id. They take precedence
    /// over those of hosts.
    pub definitions: BTreeMap<Arc<str>, Option<Identity>>,
}

/// The differences between two [`Rules`], by name, sorted.
///
/// ```
/// use warren_app::Policies;
///
/// let before = Policies::of([("all", "permit (principal, action, resource);")])?;
/// let after = Policies::of([("all", "permit (principal, action, resource);")])?.strict();
/// let difference = before.rules().difference(&after.rules());
/// assert_eq!(difference.strict, Some(true));
/// assert!(difference.policies.is_empty()); // they have the same text
/// # Ok::<_, warren_app::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RulesDifference {
    /// Policies.
    pub policies: Difference,
    /// Scopes.
    pub scopes: Difference,
    /// Hosts whose processes have another actor or scope.
    pub hosts: Difference,
    /// Definitions whose processes have another actor or scope.
    pub definitions: Difference,
    /// True if the schema of policies is another.
    pub schema: bool,
    /// True if other policies hold for every process.
    pub everyone: bool,
    /// `strict`, if it is another: the value to come.
    pub strict: Option<bool>,
    /// The places of the policies that are new or another, by id; none of those in memory.
    pub places: BTreeMap<String, PolicyPlace>,
    /// The place of the schema, if it is another and has a file.
    pub schema_place: Option<PolicyPlace>,
    /// True if there are other differences, which no request shows yet: what was added over
    /// the same of the program, and what was added hides other rules of the program.
    pub hidden: bool,
}

/// The place at which a file of policies is another than before.
///
/// ```
/// use warren_app::RulesDifference;
///
/// fn show(difference: &RulesDifference) {
///     for (id, place) in &difference.places {
///         println!("policy {id}: {}:{}", place.path.display(), place.line);
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PolicyPlace {
    /// The file, as the caller named its directory.
    pub path: PathBuf,
    /// The first line that is another, from 1.
    pub line: usize,
}

/// Names that are new, that stand for something else, and that are gone.
///
/// ```
/// use warren_app::Policies;
///
/// let permit = "permit (principal, action, resource);";
/// let before = Policies::of([("stays", permit), ("differs", permit), ("old", permit)])?;
/// let after = Policies::of([("stays", permit), ("differs", ""), ("new", permit)])?;
/// let policies = before.rules().difference(&after.rules()).policies;
/// assert_eq!(policies.added, ["new"]);
/// assert_eq!(policies.changed, ["differs"]);
/// assert_eq!(policies.removed, ["old"]);
/// # Ok::<_, warren_app::PolicyError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Difference {
    /// Names that were not there.
    pub added: Vec<String>,
    /// Names of what is another.
    pub changed: Vec<String>,
    /// Names that are gone.
    pub removed: Vec<String>,
}

impl RulesChange {
    /// Returns true if nothing changes.
    pub fn is_empty(&self) -> bool {
        self.policies.is_empty()
            && self.scopes.is_empty()
            && self.hosts.is_empty()
            && self.definitions.is_empty()
    }
}

impl Own {
    /// Adds what a change adds, and removes what it removes.
    fn merge(&mut self, change: &RulesChange) {
        merge(&mut self.policies, &change.policies);
        merge(&mut self.scopes, &change.scopes);
        merge(&mut self.hosts, &change.hosts);
        merge(&mut self.definitions, &change.definitions);
    }

    /// Returns a policy as a file.
    fn file(&self, id: &str) -> Option<File> {
        Some(file(id, self.policies.get(id)?))
    }

    /// Returns the files of a program with these policies over them.
    fn over(&self, files: &Files) -> Files {
        let stay = files.policies.iter();
        let stay = stay.filter(|file| !self.policies.contains(&file.id));
        let own = self.policies.sorted().into_iter();
        let own = own.map(|(id, text)| file(id, text));
        Files {
            policies: stay.cloned().chain(own).collect(),
            schema: files.schema.clone(),
        }
    }

    fn has_names_of(&self, other: &Own) -> bool {
        self.policies.has_names_of(&other.policies)
            && self.scopes.has_names_of(&other.scopes)
            && self.hosts.has_names_of(&other.hosts)
            && self.definitions.has_names_of(&other.definitions)
    }
}

impl Base {
    /// Returns true if another reading of a program has the same rules.
    fn says_the_same(&self, other: &Base) -> bool {
        fn texts(files: &Files) -> BTreeMap<&str, &str> {
            let all = files.policies.iter();
            all.map(|file| (&*file.id, &*file.text)).collect()
        }
        fn schema(files: &Files) -> Option<&str> {
            files.schema.as_ref().map(|file| &*file.text)
        }
        self.settings == other.settings
            && schema(&self.files) == schema(&other.files)
            && texts(&self.files) == texts(&other.files)
    }
}

impl Rules {
    /// Returns the rules of a program.
    ///
    /// # Errors
    ///
    /// All problems of the policies.
    pub(super) fn new(base: Base) -> Result<Rules, PolicyError> {
        let compiled = Compiled::new(&base.files)?;
        Ok(Rules(Arc::new(State {
            settings: base.settings.clone(),
            base: Arc::new(base),
            own: Own::default(),
            compiled: Arc::new(compiled),
        })))
    }

    /// Returns rules without any policy, scope or identity.
    ///
    /// # Errors
    ///
    /// The runtime's own schema cannot be read.
    pub fn none() -> Result<Rules, PolicyError> {
        Rules::new(Base {
            directory: None,
            files: Files::default(),
            settings: Settings::default(),
        })
    }

    /// Returns true if these are the very same rules.
    pub fn is(&self, other: &Rules) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    pub(super) fn base(&self) -> &Base {
        &self.0.base
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    pub(super) fn compiled(&self) -> &Compiled {
        &self.0.compiled
    }

    /// Returns true if a policy of this id was added while the program runs.
    pub fn adds_policy(&self, id: &str) -> bool {
        self.0.own.policies.contains(id)
    }

    /// Returns true if a scope of this name was added while the program runs.
    pub fn adds_scope(&self, name: &str) -> bool {
        self.0.own.scopes.contains(name)
    }

    /// Returns true if an identity of this host was added while the program runs.
    pub fn adds_host(&self, name: &str) -> bool {
        self.0.own.hosts.contains(name)
    }

    /// Returns true if an identity of this definition was added while the program runs.
    pub fn adds_definition(&self, id: &str) -> bool {
        self.0.own.definitions.contains(id)
    }

    /// Returns true if every request has the same answer by both rules. Scopes and
    /// identities may differ: they decide on the requests of later processes.
    pub(super) fn judges_as(&self, other: &Rules) -> bool {
        let (one, other) = (&self.0, &other.0);
        Arc::ptr_eq(&one.compiled, &other.compiled)
            && one.settings.everyone == other.settings.everyone
            && one.settings.strict == other.settings.strict
    }

    /// Returns true if there is a policy of this id.
    pub fn has_policy(&self, id: &str) -> bool {
        self.compiled().has(id)
    }

    /// Returns the names of the scopes, with their policies, in no order.
    pub fn scopes(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Scope>)> {
        self.settings().scopes.iter()
    }

    /// Returns the policies of a scope.
    pub fn scope(&self, name: &str) -> Option<&Arc<Scope>> {
        self.settings().scopes.get(name)
    }

    /// Returns these rules with a change of what was added. What stays is shared, and not
    /// looked at.
    ///
    /// # Errors
    ///
    /// All problems of the policies that are new. Messages name a policy `ID.cedar`.
    pub fn changed(&self, change: &RulesChange) -> Result<Rules, PolicyError> {
        let base = Arc::clone(&self.0.base);
        let mut own = self.0.own.clone();
        own.merge(change);
        let now = |id: &str| own.file(id).or_else(|| base.files.policy(id).cloned());
        let files = change.policies.keys().map(|id| (id.as_str(), now(id)));
        let compiled = match self.compiled().changed(files.collect())? {
            Some(compiled) => Arc::new(compiled),
            None => Arc::clone(&self.0.compiled),
        };
        let mut settings = self.settings().clone();
        let below = &base.settings;
        for name in change.scopes.keys() {
            put(&mut settings.scopes, name, [&own.scopes, &below.scopes]);
        }
        for name in change.hosts.keys() {
            put(&mut settings.hosts, name, [&own.hosts, &below.hosts]);
        }
        for id in change.definitions.keys() {
            let layers = [&own.definitions, &below.definitions];
            put(&mut settings.definitions, id, layers);
        }
        Ok(Rules(Arc::new(State {
            base,
            own,
            settings,
            compiled,
        })))
    }

    /// Returns the rules of another program with what was added to these.
    ///
    /// # Errors
    ///
    /// Policies that were added are not valid under the schema of the other program.
    pub fn followed_by(&self, program: &Rules) -> Result<Rules, PolicyError> {
        self.next(Arc::clone(&program.0.base), self.0.own.clone())
    }

    /// Returns these rules with other rules of the program.
    pub(super) fn with_base(&self, base: Base) -> Result<Rules, PolicyError> {
        self.next(Arc::new(base), self.0.own.clone())
    }

    /// Returns these rules with nothing but other rules of the program.
    pub(super) fn with_base_alone(&self, base: Base) -> Result<Rules, PolicyError> {
        self.next(Arc::new(base), Own::default())
    }

    /// Returns the rules of another program after these. Policies that are the same are
    /// shared.
    fn next(&self, base: Arc<Base>, own: Own) -> Result<Rules, PolicyError> {
        let files = own.over(&base.files);
        let compiled = match self.compiled().is_of(&files) {
            true => Arc::clone(&self.0.compiled),
            false => Arc::new(Compiled::after(&files, Some(self.compiled()))?),
        };
        let mut settings = base.settings.clone();
        add_all(&mut settings.scopes, &own.scopes);
        add_all(&mut settings.hosts, &own.hosts);
        add_all(&mut settings.definitions, &own.definitions);
        Ok(Rules(Arc::new(State {
            base,
            own,
            settings,
            compiled,
        })))
    }

    /// Returns what is different in other rules.
    pub fn difference(&self, to: &Rules) -> RulesDifference {
        if Arc::ptr_eq(&self.0, &to.0) {
            return RulesDifference::default();
        }
        let (from, to) = (&self.0, &to.0);
        let (was, is) = (&from.settings, &to.settings);
        let has_base = Arc::ptr_eq(&from.base, &to.base) || from.base.says_the_same(&to.base);
        let policies = Difference::of(from.compiled.differing(&to.compiled));
        let schemas = (from.compiled.own_schema(), to.compiled.own_schema());
        let schema = schemas.0 != schemas.1;
        let schema_file = to.base.files.schema.as_ref().filter(|_| schema);
        RulesDifference {
            places: to.places_of(&policies, from),
            schema_place: schema_file.map(|file| PolicyPlace::of(file, schemas.0)),
            policies,
            scopes: Difference::of_tables(&was.scopes, &is.scopes),
            hosts: Difference::of_tables(&was.hosts, &is.hosts),
            definitions: Difference::of_tables(&was.definitions, &is.definitions),
            schema,
            everyone: was.everyone.iter().collect::<BTreeSet<_>>()
                != is.everyone.iter().collect::<BTreeSet<_>>(),
            strict: (was.strict != is.strict).then_some(is.strict),
            hidden: !has_base || !from.own.has_names_of(&to.own),
        }
    }
}

impl State {
    /// Returns the places of policies of the program that were not there or were others.
    fn places_of(&self, differing: &Difference, before: &State) -> BTreeMap<String, PolicyPlace> {
        if self.base.directory.is_none() {
            return BTreeMap::new();
        }
        let ids = differing.added.iter().chain(&differing.changed);
        let ids: BTreeSet<&str> = ids.map(String::as_str).collect();
        let files = self.base.files.policies.iter();
        let files = files
            .filter(|file| ids.contains(file.id.as_str()) && !self.own.policies.contains(&file.id));
        let place = |file: &File| {
            let place = PolicyPlace::of(file, before.compiled.text(&file.id));
            (file.id.clone(), place)
        };
        files.map(place).collect()
    }
}

impl PolicyPlace {
    fn of(file: &File, before: Option<&Arc<str>>) -> PolicyPlace {
        let before = before.map_or("", |text| &**text);
        PolicyPlace {
            path: file.path.clone(),
            line: first_other_line(before, &file.text),
        }
    }
}

/// Returns the first line of a text that is another than in the text before, from 1; the last
/// one if the text only ends earlier.
fn first_other_line(before: &str, text: &str) -> usize {
    let mut before = before.lines();
    let is_same = |line: &&str| before.next() == Some(*line);
    let same = text.lines().take_while(is_same).count();
    (same + 1).min(text.lines().count().max(1))
}

impl Difference {
    /// Sorts names that differ, each with whether it was there and whether it is.
    fn of<'a>(differing: impl Iterator<Item = (&'a Arc<str>, bool, bool)>) -> Difference {
        let mut difference = Difference::default();
        for (name, was, is) in differing {
            let names = match (was, is) {
                (false, _) => &mut difference.added,
                (true, true) => &mut difference.changed,
                (true, false) => &mut difference.removed,
            };
            names.push(name.to_string());
        }
        difference
    }

    fn of_tables<V: Clone + PartialEq>(was: &Table<V>, is: &Table<V>) -> Difference {
        let differing = was.differing(is, |one, other| one == other).into_iter();
        Difference::of(differing.map(|(name, was, is)| (name, was.is_some(), is.is_some())))
    }

    /// Returns true if all names stand for what they did.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

/// Returns a policy that was given in memory.
fn file(id: &str, text: &Arc<str>) -> File {
    File {
        id: id.to_owned(),
        path: PathBuf::from(format!("{id}.cedar")),
        text: Arc::clone(text),
    }
}

fn merge<V: Clone>(into: &mut Table<V>, change: &BTreeMap<impl AsRef<str>, Option<V>>) {
    for (name, value) in change {
        let name = name.as_ref();
        match value {
            Some(value) => into.insert(name.into(), value.clone()),
            None => into.remove(name),
        };
    }
}

/// Lets a name stand for what the first of two tables says that has it.
fn put<V: Clone>(into: &mut Table<V>, name: &Arc<str>, layers: [&Table<V>; 2]) {
    match layers.into_iter().find_map(|layer| layer.get(name)) {
        Some(value) => into.insert(Arc::clone(name), value.clone()),
        None => into.remove(name),
    };
}

fn add_all<V: Clone>(into: &mut Table<V>, from: &Table<V>) {
    for (name, value) in from.iter() {
        into.insert(Arc::clone(name), value.clone());
    }
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("settings", self.settings())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Policies;
    use super::*;
    use warren_engine::security::{Actor, Authorizer};

    const STARTS: &str = "permit (principal, action == Action::\"process.spawn\", resource);";

    fn scope(ids: &[&str]) -> Arc<Scope> {
        Arc::new(Scope {
            policies: ids.iter().map(|id| (*id).to_owned()).collect(),
        })
    }

    fn policies(change: &[(&str, Option<&str>)]) -> RulesChange {
        let all = change.iter();
        RulesChange {
            policies: all
                .map(|(id, text)| ((*id).to_owned(), text.map(Arc::from)))
                .collect(),
            ..RulesChange::default()
        }
    }

    #[test]
    fn added_policies_lie_over_the_program_and_can_be_removed_again() {
        let program = Policies::of([("stays", STARTS), ("hidden", STARTS)]).unwrap();
        let change = policies(&[("goes", Some(STARTS)), ("hidden", Some(""))]);
        let rules = program.changed(&change).unwrap();
        assert!(!program.has_policy("goes"), "not in force yet");
        let difference = program.rules().difference(&rules);
        assert_eq!(difference.policies.added, ["goes"]);
        assert_eq!(difference.policies.changed, ["hidden"]);
        assert!(difference.policies.removed.is_empty() && difference.scopes.is_empty());
        program.enforce(rules);
        assert_eq!(
            (program.generation(), program.has_policy("goes")),
            (1, true)
        );
        assert_eq!(program.statements(), 2);

        let error = program
            .changed(&policies(&[("bad", Some("permit ("))]))
            .unwrap_err();
        assert!(error.to_string().starts_with("bad.cedar:1:"), "{error}");

        let change = policies(&[("goes", None), ("hidden", None), ("stays", None)]);
        program.enforce(program.changed(&change).unwrap());
        assert_eq!(program.ids(), ["hidden", "stays"], "the program's own stay");
        assert_eq!(program.statements(), 2);
        let rules = program.rules();
        assert!(!rules.adds_policy("goes") && !rules.adds_policy("hidden"));
    }

    #[test]
    fn another_program_keeps_what_was_added() {
        let program = Policies::of([("old", STARTS)]).unwrap();
        let added = program.changed(&policies(&[("added", Some(STARTS))]));
        program.enforce(added.unwrap());
        let next = Policies::of([("new", STARTS)]).unwrap().strict();
        let rules = program.rules().followed_by(&next.rules()).unwrap();
        let difference = program.rules().difference(&rules);
        assert_eq!(difference.strict, Some(true));
        program.enforce(rules);
        assert_eq!(program.ids(), ["added", "new"]);
        program.replace([("other", "")]).unwrap();
        assert_eq!(program.ids(), ["other"]);
    }

    #[test]
    fn scopes_and_identities_leave_the_answers_alone() {
        let policies = Policies::of([("starts", STARTS)]).unwrap();
        let identity = Identity {
            actor: Some(Arc::new(Actor::new("acme", &BTreeMap::new()))),
            scope: Some(scope(&["starts"])),
        };
        let mut change = RulesChange::default();
        change.scopes.insert("s".into(), Some(scope(&["starts"])));
        change.hosts.insert("a:h".into(), Some(identity.clone()));
        change
            .definitions
            .insert("a:d".into(), Some(Identity::default()));
        policies.enforce(policies.changed(&change).unwrap());
        assert_eq!(policies.generation(), 0);
        assert_eq!(policies.named_scope("s").unwrap().policies, ["starts"]);
        assert_eq!(policies.identity("a:d", "a:h"), identity);
        for host in change.hosts.values_mut() {
            *host = None;
        }
        policies.enforce(policies.changed(&change).unwrap());
        assert_eq!(policies.identity("a:d", "a:h"), Identity::default());
        assert_eq!(policies.generation(), 0);
    }

    /// Adds or removes everything that a tenant has.
    fn tenant(n: usize, text: Option<&str>) -> RulesChange {
        let name: Arc<str> = format!("t:{n}").into();
        let is_there = text.is_some();
        let mut change = policies(&[(&*name, text)]);
        let scope = is_there.then(|| scope(&[&*name]));
        let identity = is_there.then(Identity::default);
        change.scopes.insert(Arc::clone(&name), scope);
        change.hosts.insert(Arc::clone(&name), identity.clone());
        change.definitions.insert(name, identity);
        change
    }

    #[test]
    fn a_change_copies_what_it_changes_and_is_as_if_all_were_read() {
        let program = Policies::of([("stays", STARTS), ("hidden", STARTS)]).unwrap();
        let hides = policies(&[("hidden", Some(""))]);
        let first = program.rules();
        let mut rules = first.changed(&hides).unwrap();
        for n in 0..200 {
            rules = rules.changed(&tenant(n, Some(STARTS))).unwrap();
        }
        let next = rules.changed(&tenant(200, Some(STARTS))).unwrap();
        let (one, other) = (&next.0, &rules.0);
        let copied = [
            one.own.policies.copied_from(&other.own.policies),
            one.own.scopes.copied_from(&other.own.scopes),
            one.settings.scopes.copied_from(&other.settings.scopes),
            one.settings.hosts.copied_from(&other.settings.hosts),
            one.settings
                .definitions
                .copied_from(&other.settings.definitions),
        ];
        assert_eq!(copied, [1; 5]);
        let difference = rules.difference(&next);
        assert_eq!(difference.policies.added, ["t:200"]);
        assert!(difference.policies.changed.is_empty() && difference.policies.removed.is_empty());
        assert_eq!(difference.scopes, difference.policies);

        let anew = next.next(Arc::clone(&one.base), one.own.clone());
        assert_eq!(next.difference(&anew.unwrap()), RulesDifference::default());
        rules = next;
        for n in 0..=200 {
            rules = rules.changed(&tenant(n, None)).unwrap();
        }
        rules = rules.changed(&policies(&[("hidden", None)])).unwrap();
        assert_eq!(first.difference(&rules), RulesDifference::default());
    }

    #[test]
    fn the_same_over_a_program_is_added_and_shows_no_difference() {
        let program = Policies::of([("p", STARTS)]).unwrap();
        let rules = program.rules();
        let same = policies(&[("p", Some(STARTS))]);
        let over = rules.changed(&same).unwrap();
        assert!(over.adds_policy("p") && !rules.adds_policy("p"));
        assert!(Arc::ptr_eq(&over.0.compiled, &rules.0.compiled));
        let hidden = RulesDifference {
            hidden: true,
            ..RulesDifference::default()
        };
        assert_eq!(rules.difference(&over), hidden);
        let again = over.changed(&same).unwrap();
        assert_eq!(over.difference(&again), RulesDifference::default());
        // Another policy of a program below it.
        let next = Policies::of([("p", "")]).unwrap();
        let below = over.followed_by(&next.rules()).unwrap();
        assert_eq!(over.difference(&below), hidden);
        let uncovered = below.changed(&policies(&[("p", None)])).unwrap();
        assert_eq!(below.difference(&uncovered).policies.changed, ["p"]);
    }

    #[test]
    fn a_policy_that_is_replaced_gives_back_its_room() {
        let long = "x".repeat(10_000);
        let mut rules = Rules::none().unwrap();
        for n in 0..300 {
            let condition = format!("\"{long}{n}\" == \"\"");
            let text = format!("permit (principal, action, resource) when {{ {condition} }};");
            for change in [("p", Some(&*text)), ("q", Some(&*text)), ("q", None)] {
                rules = rules.changed(&policies(&[change])).unwrap();
            }
        }
        assert!(rules.has_policy("p") && !rules.has_policy("q"));
    }

    #[test]
    fn a_policy_that_is_read_again_counts_again() {
        // The bytes of each policy count, also those of policies that stay.
        let long = "x".repeat(100_000);
        let text: Arc<str> =
            format!("permit (principal, action, resource) when {{ \"{long}\" == \"\" }};").into();
        let policies = Policies::of([("p", &*text)]).unwrap();
        for n in 0..1_000 {
            let mut change = RulesChange::default();
            change
                .policies
                .insert(format!("p{n}"), Some(Arc::clone(&text)));
            match policies.changed(&change) {
                Ok(rules) => policies.enforce(rules),
                Err(error) => {
                    let error = error.to_string();
                    assert!(error.contains("too many policies"), "{error}");
                    return;
                }
            }
        }
        panic!("there is no end of policies");
    }

    #[test]
    fn a_text_differs_at_its_first_other_line() {
        for (before, text, line) in [
            ("", "a\nb\n", 1),
            ("a\nb\n", "a\nc\n", 2),
            ("a\n", "a\nb\n", 2),
            ("a\nb\n", "a\n", 1),
            ("a\n", "a", 1),
            ("a\n", "", 1),
        ] {
            assert_eq!(first_other_line(before, text), line, "{before:?} {text:?}");
        }
    }
}
