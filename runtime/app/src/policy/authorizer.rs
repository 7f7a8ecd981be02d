//! The policies of a running program.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use warren_engine::security::{Authorizer, Decision, Event, Identity, Request, Scope};

use super::audit::{Audit, AuditError};
use super::compiled::Compiled;
use super::error::PolicyError;
use super::files::Files;
use super::settings::Settings;
use crate::root::SourceRoot;

/// The policies of a program: they judge, and can be read anew while it runs.
pub struct Policies {
    root: SourceRoot,
    shown: PathBuf,
    settings: Settings,
    compiled: RwLock<Arc<Compiled>>,
    generation: AtomicU64,
    audit: OnceLock<Audit>,
}

impl Policies {
    /// The policies below a root; none where the program has no policies and its
    /// manifest says nothing of them.
    pub(crate) fn open(
        root: SourceRoot,
        shown: &Path,
        settings: Settings,
        asked_for: bool,
    ) -> Result<Option<Policies>, PolicyError> {
        let files = Files::read(&root, shown)?;
        if !asked_for && files.is_empty() {
            return Ok(None);
        }
        let compiled = Compiled::new(&files)?;
        Ok(Some(Policies {
            root,
            shown: shown.to_owned(),
            settings,
            compiled: RwLock::new(Arc::new(compiled)),
            generation: AtomicU64::new(0),
            audit: OnceLock::new(),
        }))
    }

    /// Reads the policies anew; answers given from now on are theirs. Where
    /// anything is wrong, those of before stay in force.
    ///
    /// # Errors
    ///
    /// What is wrong, all of it.
    pub fn reload(&self) -> Result<(), PolicyError> {
        let compiled = Files::read(&self.root, &self.shown).and_then(|files| Compiled::new(&files));
        match compiled {
            Ok(compiled) => {
                let compiled = Arc::new(compiled);
                if let Some(audit) = self.audit.get() {
                    audit.reloaded(compiled.statements(), None);
                }
                let mut present = self
                    .compiled
                    .write()
                    .unwrap_or_else(PoisonError::into_inner);
                let replaced = std::mem::replace(&mut *present, compiled);
                drop(present);
                drop(replaced);
                // Only now: an answer of this generation is one of the new policies.
                self.generation.fetch_add(1, Ordering::Release);
                Ok(())
            }
            Err(error) => {
                if let Some(audit) = self.audit.get() {
                    audit.reloaded(0, Some(&error));
                }
                Err(error)
            }
        }
    }

    /// Writes denials, grants of actors and scopes, and reloads to a file from
    /// now on, one JSON object a line, after what it holds. Only the first call
    /// has an effect.
    ///
    /// # Errors
    ///
    /// The file cannot be opened, or no thread be started.
    pub fn audit_to(&self, path: &Path) -> Result<(), AuditError> {
        let audit = Audit::start(path)?;
        // A second one ends here, having written nothing.
        let _ = self.audit.set(audit);
        Ok(())
    }

    /// Waits until everything that happened is in the audit file.
    pub fn flush_audit(&self) {
        if let Some(audit) = self.audit.get() {
            audit.flush();
        }
    }

    /// The ids of the policies, sorted.
    pub fn ids(&self) -> Vec<String> {
        self.compiled().ids().map(str::to_owned).collect()
    }

    /// How many statements they have together.
    pub fn statements(&self) -> usize {
        self.compiled().statements()
    }

    /// The ids of policies that neither a scope nor `[security]` names: they hold
    /// only for scopes that the program makes up itself.
    pub fn unused(&self) -> Vec<String> {
        let settings = &self.settings;
        let used = |id: &str| {
            let scopes = settings.scopes.values();
            settings.everyone.iter().any(|used| used == id)
                || scopes
                    .flat_map(|scope| &scope.policies)
                    .any(|used| used == id)
        };
        let mut ids = self.ids();
        ids.retain(|id| !used(id));
        ids
    }

    fn compiled(&self) -> Arc<Compiled> {
        Arc::clone(&self.compiled.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Authorizer for Policies {
    fn decide(&self, request: &Request<'_>) -> Decision {
        let settings = &self.settings;
        self.compiled()
            .decide(request, &settings.everyone, settings.strict)
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    fn has_policy(&self, id: &str) -> bool {
        self.compiled().has(id)
    }

    fn named_scope(&self, name: &str) -> Option<Scope> {
        self.settings.scope(name)
    }

    fn identity(&self, definition: &str, host: &str) -> Identity {
        self.settings.identity(definition, host)
    }

    fn observe(&self, event: &Event<'_>) {
        if let Some(audit) = self.audit.get() {
            audit.record(event);
        }
    }
}

impl fmt::Debug for Policies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Policies")
            .field("settings", &self.settings)
            .field("generation", &self.generation)
            .finish_non_exhaustive()
    }
}
