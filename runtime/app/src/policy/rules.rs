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

/// Policies with their scopes and identities, valid together. A clone is the same rules.
///
/// They are those of a program or of [`Policies::of`], and over them those that were added
/// while the program runs ([`Rules::changed`]), which take precedence.
///
/// [`Policies::of`]: super::Policies::of
#[derive(Clone)]
pub struct Rules(Arc<State>);

/// The content of [`Rules`].
struct State {
    base: Arc<Base>,
    /// What was added while the program runs: nothing in it is `None`.
    own: RulesChange,
    settings: Settings,
    compiled: Arc<Compiled>,
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
}

/// Names that are new, that stand for something else, and that are gone.
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

    /// Adds what another change adds, and removes what that removes.
    fn merge(&mut self, change: &RulesChange) {
        fn merge<K: Ord + Clone, V: Clone>(
            into: &mut BTreeMap<K, Option<V>>,
            change: &BTreeMap<K, Option<V>>,
        ) {
            for (name, value) in change {
                match value {
                    Some(_) => into.insert(name.clone(), value.clone()),
                    None => into.remove(name),
                };
            }
        }
        merge(&mut self.policies, &change.policies);
        merge(&mut self.scopes, &change.scopes);
        merge(&mut self.hosts, &change.hosts);
        merge(&mut self.definitions, &change.definitions);
    }

    /// Returns the files of a program with these policies over them.
    fn over(&self, files: &Files) -> Files {
        let stay = files.policies.iter();
        let stay = stay.filter(|file| !self.policies.contains_key(&file.id));
        let own = self.policies.iter().filter_map(|(id, text)| {
            Some(File {
                id: id.clone(),
                path: PathBuf::from(format!("{id}.cedar")),
                text: Arc::clone(text.as_ref()?),
            })
        });
        Files {
            policies: stay.cloned().chain(own).collect(),
            schema: files.schema.clone(),
        }
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
            own: RulesChange::default(),
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

    /// Returns what was added while the program runs. Nothing in it is `None`.
    pub fn own(&self) -> &RulesChange {
        &self.0.own
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

    /// Returns the names of the scopes, with their policies.
    pub fn scopes(&self) -> impl Iterator<Item = (&Arc<str>, &Arc<Scope>)> {
        self.settings().scopes.iter()
    }

    /// Returns these rules with a change of what was added. Policies that stay are not read
    /// again.
    ///
    /// # Errors
    ///
    /// All problems of the policies that are new. Messages name a policy `ID.cedar`.
    pub fn changed(&self, change: &RulesChange) -> Result<Rules, PolicyError> {
        let mut own = self.own().clone();
        own.merge(change);
        self.next(Arc::clone(&self.0.base), own)
    }

    /// Returns the rules of another program with what was added to these.
    ///
    /// # Errors
    ///
    /// Policies that were added are not valid under the schema of the other program.
    pub fn followed_by(&self, program: &Rules) -> Result<Rules, PolicyError> {
        self.next(Arc::clone(&program.0.base), self.own().clone())
    }

    /// Returns these rules with other rules of the program.
    pub(super) fn with_base(&self, base: Base) -> Result<Rules, PolicyError> {
        self.next(Arc::new(base), self.own().clone())
    }

    /// Returns these rules with nothing but other rules of the program.
    pub(super) fn with_base_alone(&self, base: Base) -> Result<Rules, PolicyError> {
        self.next(Arc::new(base), RulesChange::default())
    }

    /// Returns the rules after these. What is the same is shared.
    fn next(&self, base: Arc<Base>, own: RulesChange) -> Result<Rules, PolicyError> {
        let files = own.over(&base.files);
        let compiled = match self.compiled().is_of(&files) {
            true => Arc::clone(&self.0.compiled),
            false => Arc::new(Compiled::after(&files, Some(self.compiled()))?),
        };
        let mut settings = base.settings.clone();
        put(&mut settings.scopes, &own.scopes);
        put(&mut settings.hosts, &own.hosts);
        put(&mut settings.definitions, &own.definitions);
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
        let policies = match Arc::ptr_eq(&from.compiled, &to.compiled) {
            true => Difference::default(),
            false => {
                let was: BTreeMap<_, _> = from.compiled.texts().collect();
                Difference::of(&was, &to.compiled.texts().collect())
            }
        };
        RulesDifference {
            policies,
            scopes: Difference::of(&was.scopes, &is.scopes),
            hosts: Difference::of(&was.hosts, &is.hosts),
            definitions: Difference::of(&was.definitions, &is.definitions),
            schema: from.compiled.own_schema() != to.compiled.own_schema(),
            everyone: was.everyone.iter().collect::<BTreeSet<_>>()
                != is.everyone.iter().collect::<BTreeSet<_>>(),
            strict: (was.strict != is.strict).then_some(is.strict),
        }
    }
}

impl Difference {
    fn of<K: Ord + AsRef<str>, V: PartialEq>(
        was: &BTreeMap<K, V>,
        is: &BTreeMap<K, V>,
    ) -> Difference {
        let name = |key: &K| key.as_ref().to_owned();
        let mut difference = Difference::default();
        for (key, value) in is {
            match was.get(key) {
                None => difference.added.push(name(key)),
                Some(before) if before != value => difference.changed.push(name(key)),
                Some(_) => {}
            }
        }
        let gone = was.keys().filter(|key| !is.contains_key(*key));
        difference.removed = gone.map(name).collect();
        difference
    }

    /// Returns true if all names stand for what they did.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.changed.is_empty() && self.removed.is_empty()
    }
}

fn put<V: Clone>(into: &mut BTreeMap<Arc<str>, V>, change: &BTreeMap<Arc<str>, Option<V>>) {
    for (name, value) in change {
        match value {
            Some(value) => into.insert(Arc::clone(name), value.clone()),
            None => into.remove(name),
        };
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
    fn what_is_added_lies_over_the_program_and_can_be_removed_again() {
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
        assert!(program.rules().own().is_empty());
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
        for (_, host) in &mut change.hosts {
            *host = None;
        }
        policies.enforce(policies.changed(&change).unwrap());
        assert_eq!(policies.identity("a:d", "a:h"), Identity::default());
        assert_eq!(policies.generation(), 0);
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
}
