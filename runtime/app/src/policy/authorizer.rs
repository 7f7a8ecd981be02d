//! The policies of a running program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::{Mutex, RwLock};
use warren_engine::security::{
    AuditEvent, Authorizer, Decision, Identity, Request, Scope, Verdict,
};
use warren_kernel::Error;

use super::audit::{Audit, AuditError};
use super::error::PolicyError;
use super::files::{Directory, Files};
use super::rules::{Base, Rules, RulesChange};
use super::settings::Settings;

/// The policies of a program: they judge requests, and can be replaced while
/// the program runs.
///
/// ```
/// use warren_app::Policies;
/// use warren_engine::security::{Authorizer, Caller, Request, Resource, Scope, Subject};
///
/// let starts = "permit (principal, action == Action::\"process.spawn\", resource);";
/// let policies = Policies::of([("starts", starts)])?;
/// let scope = Scope { policies: vec!["starts".to_owned()] };
/// let subject = Subject::new(None, Some(scope));
/// let caller = Caller {
///     pid: "{app:processes|0x00001}".into(),
///     definition: "app:main".into(),
///     host: "app:processes".into(),
///     node: None,
/// };
/// let resource = Resource::Definition("app:worker".to_owned());
/// let may = |action: &str| {
///     let request = Request {
///         subject: &subject,
///         caller: &caller,
///         action,
///         resource: &resource,
///         attributes: &[],
///     };
///     policies.decide(&request).allowed
/// };
/// assert!(may("process.spawn"));
/// assert!(!may("process.exec")); // the scope has no policy that permits it
/// # Ok::<_, warren_app::PolicyError>(())
/// ```
pub struct Policies {
    present: RwLock<Rules>,
    /// Held while others take the place of the present rules, from the last look at these on.
    turn: Mutex<()>,
    generation: AtomicU64,
    audit: OnceLock<Audit>,
}

impl Policies {
    /// Compiles policies given in memory, each an id and its statements in
    /// Cedar: for a runtime without a program on disk. They hold for the scopes
    /// that name them; see [`Policies::for_everyone`] and [`Policies::strict`].
    ///
    /// # Errors
    ///
    /// All problems. Messages name a policy `ID.cedar`.
    pub fn of<'a>(
        policies: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Policies, PolicyError> {
        Policies::new(Base {
            directory: None,
            files: Files::given(policies)?,
            settings: Settings::default(),
        })
    }

    /// Makes these policies hold for every process, whatever its scope. A
    /// missing policy allows nothing to anybody.
    #[must_use]
    pub fn for_everyone<'a>(self, ids: impl IntoIterator<Item = &'a str>) -> Policies {
        self.with_settings(|settings| {
            settings.everyone = ids.into_iter().map(str::to_owned).collect();
        })
    }

    /// Denies requests that no policy permits, even to processes that have
    /// neither actor nor scope.
    #[must_use]
    pub fn strict(self) -> Policies {
        self.with_settings(|settings| settings.strict = true)
    }

    fn with_settings(self, change: impl FnOnce(&mut Settings)) -> Policies {
        let rules = self.rules();
        let mut base = rules.base().clone();
        change(&mut base.settings);
        // Fails for policies that are read, and these stay.
        if let Ok(rules) = rules.with_base(base) {
            *self.present.write() = rules;
        }
        self
    }

    /// Reads the policies of a directory; `None` if the program has no policies
    /// and its manifest says nothing of them.
    pub(crate) fn open(
        directory: Directory,
        settings: Settings,
        asked_for: bool,
    ) -> Result<Option<Policies>, PolicyError> {
        let files = directory.read()?;
        if !asked_for && files.is_empty() {
            return Ok(None);
        }
        Policies::new(Base {
            directory: Some(Arc::new(directory)),
            files,
            settings,
        })
        .map(Some)
    }

    fn new(base: Base) -> Result<Policies, PolicyError> {
        Ok(Policies {
            present: RwLock::new(Rules::new(base)?),
            turn: Mutex::new(()),
            generation: AtomicU64::new(0),
            audit: OnceLock::new(),
        })
    }

    /// Returns the policies, scopes and identities that are in force.
    pub fn rules(&self) -> Rules {
        self.present.read().clone()
    }

    /// Returns the present rules with some of them changed, to be put in force by
    /// [`Policies::enforce`]. Policies that stay are not read again.
    ///
    /// # Errors
    ///
    /// All problems of the policies that are new. Messages name a policy `ID.cedar`.
    pub fn changed(&self, change: &RulesChange) -> Result<Rules, PolicyError> {
        self.rules().changed(change)
    }

    /// Calls `change` while nobody else puts rules in force: those that it looks at stay until
    /// it calls [`Policies::enforce`]. It may not call this again, nor [`Policies::reload`].
    pub fn in_turn<T>(&self, change: impl FnOnce() -> T) -> T {
        let _turn = self.turn.lock();
        change()
    }

    /// Puts rules in force: later answers follow them. They are those of another moment of
    /// these policies, or those of another program. Rules that were put in force since the
    /// caller looked are lost, unless this is called [in turn](Policies::in_turn).
    pub fn enforce(&self, rules: Rules) {
        let before = std::mem::replace(&mut *self.present.write(), rules.clone());
        let is_new = !before.judges_as(&rules);
        // Freed without the lock.
        drop(before);
        if is_new {
            if let Some(audit) = self.audit.get() {
                audit.reloaded(rules.compiled().statements(), None);
            }
            // Stored last: an answer of this generation follows the new policies.
            self.generation.fetch_add(1, Ordering::Release);
        }
    }

    /// Reads the files of the policies anew; later answers follow the new
    /// policies. If there is any problem, the old policies stay in force.
    /// Policies given in memory have no files and stay as they are; see
    /// [`Policies::replace`].
    ///
    /// # Errors
    ///
    /// All problems.
    pub fn reload(&self) -> Result<(), PolicyError> {
        self.exchange(|rules| {
            let Some(directory) = &rules.base().directory else {
                return Ok(None);
            };
            let base = Base {
                files: directory.read()?,
                ..rules.base().clone()
            };
            rules.with_base(base).map(Some)
        })
    }

    /// Replaces all policies by others, given in memory, as
    /// [`Policies::reload`] does with files. Those that were added by
    /// [`Policies::enforce`] are replaced, too.
    ///
    /// # Errors
    ///
    /// All problems.
    pub fn replace<'a>(
        &self,
        policies: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), PolicyError> {
        let files = Files::given(policies).map_err(|error| self.refused(error))?;
        self.exchange(|rules| {
            let base = Base {
                files: files.clone(),
                ..rules.base().clone()
            };
            rules.with_base_alone(base).map(Some)
        })
    }

    /// Puts in force what `next` makes of the present rules, if it makes anything. `next` is
    /// called again if others were put in force meanwhile.
    fn exchange(
        &self,
        mut next: impl FnMut(&Rules) -> Result<Option<Rules>, PolicyError>,
    ) -> Result<(), PolicyError> {
        loop {
            let before = self.rules();
            let Some(rules) = next(&before).map_err(|error| self.refused(error))? else {
                return Ok(());
            };
            let _turn = self.turn.lock();
            if !self.rules().is(&before) {
                continue;
            }
            let statements = rules.compiled().statements();
            if let Some(audit) = self.audit.get() {
                audit.reloaded(statements, None);
            }
            let replaced = std::mem::replace(&mut *self.present.write(), rules);
            drop(replaced);
            // Stored last: an answer of this generation follows the new policies.
            self.generation.fetch_add(1, Ordering::Release);
            return Ok(());
        }
    }

    /// Notes that a reload was refused.
    fn refused(&self, error: PolicyError) -> PolicyError {
        if let Some(audit) = self.audit.get() {
            audit.reloaded(0, Some(&error));
        }
        error
    }

    /// Appends denials, grants of actors and scopes, and reloads to a file from
    /// now on, one JSON object a line. Only the first call has an effect.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or the thread cannot be started.
    pub fn audit_to(&self, path: &Path) -> Result<(), AuditError> {
        let audit = Audit::start(path)?;
        // A second audit log ends here, having written nothing.
        let _ = self.audit.set(audit);
        Ok(())
    }

    /// Waits until all earlier entries are in the audit file, for `patience` at
    /// most: the file may be a pipe that nobody reads. Returns whether they
    /// are; true without an audit file. Blocks the thread.
    pub fn flush_audit(&self, patience: Duration) -> bool {
        self.audit.get().is_none_or(|audit| audit.flush(patience))
    }

    /// Returns path and text of the first file of the policies, or of their schema.
    pub(crate) fn first_file(&self) -> Option<(PathBuf, Arc<str>)> {
        let rules = self.rules();
        let files = &rules.base().files;
        let first = files.policies.first().or(files.schema.as_ref())?;
        Some((first.path.clone(), Arc::clone(&first.text)))
    }

    /// Returns the ids of the policies, sorted.
    pub fn ids(&self) -> Vec<String> {
        self.rules().compiled().ids().map(str::to_owned).collect()
    }

    /// Returns the number of statements of all policies.
    pub fn statements(&self) -> usize {
        self.rules().compiled().statements()
    }

    /// Returns the ids of policies that neither a scope nor `[security]` names:
    /// they hold only for scopes that the program makes up itself.
    pub fn unused(&self) -> Vec<String> {
        let rules = self.rules();
        let settings = rules.settings();
        let used = |id: &str| {
            let scopes = settings.scopes.iter();
            settings.everyone.iter().any(|used| used == id)
                || scopes
                    .flat_map(|(_, scope)| &scope.policies)
                    .any(|used| used == id)
        };
        let mut ids = self.ids();
        ids.retain(|id| !used(id));
        ids
    }
}

impl Authorizer for Policies {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let rules = self.rules();
        let settings = rules.settings();
        rules
            .compiled()
            .decide(request, &settings.everyone, settings.strict)
    }

    fn evaluate(
        &self,
        request: &Request<'_>,
        policies: &[String],
        check: &dyn Fn() -> Result<(), Error>,
    ) -> Result<Verdict, Error> {
        self.rules().compiled().evaluate(request, policies, check)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn has_policy(&self, id: &str) -> bool {
        self.rules().compiled().has(id)
    }

    fn named_scope(&self, name: &str) -> Option<Scope> {
        self.rules().settings().scope(name)
    }

    fn identity(&self, definition: &str, host: &str) -> Identity {
        self.rules().settings().identity(definition, host)
    }

    fn observe(&self, event: &AuditEvent<'_>) {
        if let Some(audit) = self.audit.get() {
            audit.record(event);
        }
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("rules", &self.rules())
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use warren_engine::security::{Caller, Resource, Subject};

    use super::*;

    const STARTS: &str = "permit (principal, action == Action::\"process.spawn\", resource);";

    fn may_start(policies: &Policies, scope: &[&str]) -> bool {
        let scope = (!scope.is_empty()).then(|| Scope {
            policies: scope.iter().map(|id| (*id).to_owned()).collect(),
        });
        let request = Request {
            subject: &Subject::new(None, scope),
            caller: &Caller {
                pid: "{app:processes|0x00001}".into(),
                definition: "app:main".into(),
                host: "app:processes".into(),
                node: None,
            },
            action: "process.spawn",
            resource: &Resource::Definition("app:worker".to_owned()),
            attributes: &[],
        };
        policies.decide(&request).allowed
    }

    #[test]
    fn policies_in_memory_hold_for_the_scopes_that_name_them() {
        let policies = Policies::of([("starts", STARTS), ("nothing", "")]).unwrap();
        assert!(may_start(&policies, &["starts"]));
        assert!(!may_start(&policies, &["nothing"]));
        assert!(may_start(&policies, &[]));
        let policies = policies.strict();
        assert!(!may_start(&policies, &[]));
        assert!(may_start(&policies.for_everyone(["starts"]), &["nothing"]));
    }

    #[test]
    fn policies_in_memory_are_exchanged_where_the_new_ones_hold() {
        let policies = Policies::of([("starts", STARTS)]).unwrap();
        let error = policies.replace([("starts", "permit (")]).unwrap_err();
        assert!(error.to_string().starts_with("starts.cedar:1:"), "{error}");
        policies.reload().unwrap();
        assert!(may_start(&policies, &["starts"]));
        assert_eq!(policies.generation(), 0);
        policies.replace([("starts", "")]).unwrap();
        assert!(!may_start(&policies, &["starts"]));
        assert_eq!(policies.generation(), 1);
    }

    #[test]
    fn rules_that_are_put_in_force_during_a_reload_are_not_lost() {
        let policies = Policies::of([("starts", STARTS)]).unwrap();
        let mut calls = 0;
        let exchanged = policies.exchange(|rules| {
            calls += 1;
            if calls == 1 {
                let mut change = RulesChange::default();
                change.policies.insert("added".into(), Some("".into()));
                let added = policies.changed(&change)?;
                policies.in_turn(|| policies.enforce(added));
            }
            let base = Base {
                files: Files::given([("starts", "")])?,
                ..rules.base().clone()
            };
            rules.with_base(base).map(Some)
        });
        exchanged.unwrap();
        assert_eq!((calls, policies.statements()), (2, 0));
        assert_eq!(policies.ids(), ["added", "starts"]);
    }

    #[test]
    fn two_policies_in_memory_of_one_id_are_an_error() {
        let error = Policies::of([("starts", STARTS), ("starts", "")]).unwrap_err();
        assert!(error.to_string().contains("given twice"), "{error}");
    }
}
