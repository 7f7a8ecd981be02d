//! The manifest's security settings.

use std::collections::BTreeMap;
use std::sync::Arc;

use toml::Spanned;
use warren_engine::security::{Actor, Identity, Scope};
use warren_kernel::text;

use crate::manifest::{IdentityOf, Problem, SecurityEntries};
use crate::policy::files::policy_path;
use crate::suggest::{MAX_SUGGESTIONS, closest};
use crate::table::Table;

/// The settings, checked against each other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    /// True if requests that no policy allows are denied to everyone.
    pub(crate) strict: bool,
    /// The policies that hold for every process.
    pub(crate) everyone: Vec<String>,
    /// Scopes by name.
    pub(crate) scopes: Table<Arc<Scope>>,
    /// Identities of processes by definition.
    pub(crate) definitions: Table<Identity>,
    /// Identities of processes by host. The definition's identity takes
    /// precedence.
    pub(crate) hosts: Table<Identity>,
    /// Identities of services, which take precedence over both.
    pub(crate) services: BTreeMap<Arc<str>, Identity>,
}

impl Settings {
    /// Returns the settings of a manifest, and its problems; `has_policy` tells
    /// the existing policies.
    pub(crate) fn new(
        entries: &SecurityEntries,
        strict: bool,
        has_policy: impl Fn(&str) -> bool,
    ) -> (Settings, Vec<Problem>) {
        let mut problems = Vec::new();
        let mut known = |policies: &[Spanned<String>]| -> Vec<String> {
            for policy in policies.iter().filter(|id| !has_policy(id.get_ref())) {
                problems.push(Problem {
                    span: policy.span(),
                    message: format!("there is no policy `{}`", text::quoted(policy.get_ref())),
                    label: "no such policy".to_owned(),
                    remedy: Some(format!(
                        "write the policy in the file {}",
                        text::quoted(&policy_path(policy.get_ref()))
                    )),
                });
            }
            policies.iter().map(|id| id.get_ref().clone()).collect()
        };
        let mut settings = Settings {
            strict: strict || entries.strict,
            everyone: known(&entries.policies),
            ..Settings::default()
        };
        for (id, policies) in &entries.scopes {
            let policies = known(policies);
            let scope = Arc::new(Scope { policies });
            settings.scopes.insert(id.get_ref().text().clone(), scope);
        }
        for entry in &entries.identities {
            let scope = entry.scope.as_ref().and_then(|name| {
                let scope = settings.scopes.get(name.get_ref().as_str()).cloned();
                if scope.is_none() {
                    let like = match problems.len() {
                        0..MAX_SUGGESTIONS => {
                            let scopes = settings.scopes.sorted().into_iter();
                            closest(name.get_ref(), scopes.map(|(name, _)| &**name))
                        }
                        _ => None,
                    };
                    problems.push(Problem {
                        span: name.span(),
                        message: format!("unknown scope `{}`", text::quoted(name.get_ref())),
                        label: "no such scope".to_owned(),
                        remedy: like.map(|right| format!("did you mean `{right}`?")),
                    });
                }
                scope
            });
            let actor = entry.actor.as_ref();
            let identity = Identity {
                actor: actor.map(|actor| Arc::new(Actor::new(actor.id.as_str(), &actor.meta))),
                scope,
            };
            let id = entry.id.text().clone();
            match entry.of {
                IdentityOf::Host => settings.hosts.insert(id, identity),
                IdentityOf::Definition => settings.definitions.insert(id, identity),
                IdentityOf::Service => settings.services.insert(id, identity),
            };
        }
        problems.sort_by_key(|problem| problem.span.start);
        (settings, problems)
    }

    pub(crate) fn identity(&self, definition: &str, host: &str) -> Identity {
        let of_definition = self.definitions.get(definition);
        let of_host = self.hosts.get(host);
        let given = [of_definition, of_host];
        let mut given = given.iter().flatten();
        let actor = given.clone().find_map(|identity| identity.actor.clone());
        let scope = given.find_map(|identity| identity.scope.clone());
        Identity { actor, scope }
    }

    pub(crate) fn scope(&self, name: &str) -> Option<Scope> {
        self.scopes.get(name).map(|scope| Scope::clone(scope))
    }
}
