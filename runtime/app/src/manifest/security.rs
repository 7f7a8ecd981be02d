//! The tables of a manifest about permissions.

use std::collections::BTreeMap;

use toml::Spanned;

use super::reader::{Reader, Section};
use crate::id::Id;

/// The manifest's settings of permissions, before they are checked against the
/// policies.
#[derive(Debug, Default)]
pub(crate) struct SecurityEntries {
    /// True if the manifest has any such setting.
    pub(crate) stated: bool,
    pub(crate) strict: bool,
    /// The policies that hold for every process.
    pub(crate) policies: Vec<Spanned<String>>,
    pub(crate) scopes: Vec<(Spanned<Id>, Vec<Spanned<String>>)>,
    pub(crate) identities: Vec<IdentityEntry>,
}

/// The identity of a definition's, host's or service's processes.
#[derive(Debug)]
pub(crate) struct IdentityEntry {
    pub(crate) of: IdentityOf,
    pub(crate) id: Id,
    pub(crate) actor: Option<ActorEntry>,
    /// The name of a scope.
    pub(crate) scope: Option<Spanned<String>>,
}

/// The owner of an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IdentityOf {
    Host,
    Definition,
    Service,
}

/// `actor = { id = "acme", tenant = "acme" }`.
#[derive(Debug)]
pub(crate) struct ActorEntry {
    pub(crate) id: String,
    pub(crate) meta: BTreeMap<String, String>,
}

impl SecurityEntries {
    /// Reads `[security]` and `[scopes]`.
    pub(super) fn read(&mut self, reader: &mut Reader, root: &Section<'_>) {
        if let Some(security) = reader.table(root, "security") {
            reader.known_keys(&security, &["strict", "policies"]);
            self.stated = true;
            self.strict = reader.boolean(&security, "strict").unwrap_or(false);
            self.policies = reader.strings(&security, "policies");
        }
        for (id, scope) in reader.tables_by_id(root, "scopes") {
            reader.known_keys(&scope, &["policies"]);
            self.stated = true;
            self.scopes.push((id, reader.strings(&scope, "policies")));
        }
    }

    /// Reads `actor` and `scope` of a host, a definition or a service.
    pub(super) fn read_identity(
        &mut self,
        reader: &mut Reader,
        of: IdentityOf,
        id: &Id,
        section: &Section<'_>,
    ) {
        let actor = reader.table(section, "actor").and_then(|actor| {
            let mut meta = reader.texts(&actor);
            let given = meta.remove("id");
            if given.is_none() {
                // A value that is not a string was reported already.
                reader.missing(
                    section,
                    "actor",
                    "expected an `id`, as in { id = \"acme\" }",
                );
            }
            Some(ActorEntry { id: given?, meta })
        });
        let scope = reader.string(section, "scope");
        if actor.is_some() || scope.is_some() {
            self.stated = true;
            self.identities.push(IdentityEntry {
                of,
                id: id.clone(),
                actor,
                scope,
            });
        }
    }
}
