//! `registry`.

use super::bindings::warren::process as wit;
use super::{Answer, answer, named};
use crate::guest::Guest;

impl wit::registry::Host for Guest {
    async fn register(&mut self, name: String, target: Option<String>) -> Answer<()> {
        let fits = named("name", &name)
            .and_then(|()| named("target", target.as_deref().unwrap_or_default()));
        if let Err(error) = fits {
            return answer(self, Err(error));
        }
        self.answered(|guest| guest.register(&name, target.as_deref()))
            .await
    }

    async fn lookup(&mut self, name: String) -> Answer<String> {
        if let Err(error) = named("name", &name) {
            return answer(self, Err(error));
        }
        let found = Guest::lookup_anywhere(self, &name).await;
        answer(self, found.map(|pid| pid.to_string()))
    }

    async fn unregister(&mut self, name: String) -> Answer<bool> {
        if let Err(error) = named("name", &name) {
            return answer(self, Err(error));
        }
        self.answered(|guest| guest.unregister(&name)).await
    }
}
