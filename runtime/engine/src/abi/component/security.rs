//! `security`.

use super::bindings::warren::process as wit;
use super::{Answer, answer, named};
use crate::guest::Guest;

impl wit::security::Host for Guest {
    fn actor(&mut self) -> wasmtime::Result<Option<wit::security::Identity>> {
        let actor = self.inherited()?.actor.as_ref();
        Ok(actor.map(|a| wit::security::Identity {
            id: a.id.clone(),
            meta: a.meta.to_vec(),
        }))
    }

    fn scope(&mut self) -> wasmtime::Result<Option<wit::security::PolicySet>> {
        let scope = self.inherited()?.scope.as_ref();
        Ok(scope.map(|scope| wit::security::PolicySet {
            policies: scope.policies.clone(),
        }))
    }

    async fn can(
        &mut self,
        action: String,
        resource: String,
        attributes: Option<Vec<u8>>,
    ) -> wasmtime::Result<bool> {
        let attributes = attributes.unwrap_or_default();
        let allowed = self.settled(|guest| guest.can(&action, &resource, &attributes));
        Ok(allowed.await.unwrap_or(false))
    }

    fn policy(&mut self, id: String) -> Answer<()> {
        let known = named("id", &id).and_then(|()| Guest::policy(self, &id));
        answer(self, known)
    }

    fn named_scope(&mut self, id: String) -> Answer<wit::security::PolicySet> {
        let scope = named("id", &id).and_then(|()| Guest::named_scope(self, &id));
        let scope = scope.map(|s| wit::security::PolicySet {
            policies: s.policies,
        });
        answer(self, scope)
    }
}
