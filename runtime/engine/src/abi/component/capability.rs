//! `capability`.

use super::bindings::warren::process as wit;
use super::{Answer, answer, named};
use crate::guest::Guest;
use crate::guest::called::Called;
use crate::guest::capability::REQUEST;

impl wit::capability::Host for Guest {
    async fn call(
        &mut self,
        operation: String,
        request: Vec<u8>,
    ) -> Answer<wit::capability::Called> {
        let fits =
            named("operation", &operation).and_then(|()| REQUEST.check("request", request.len()));
        if let Err(error) = fits {
            return answer(self, Err(error));
        }
        let called = self.settled_call(|guest| guest.call(&operation, &request));
        let called = called.await;
        answer(self, called.map(wit::capability::Called::from))
    }
}

impl From<Called> for wit::capability::Called {
    fn from(called: Called) -> Self {
        match called {
            Called::Answer(value) => wit::capability::Called::Done(value),
            Called::Handle(subscription) => wit::capability::Called::Pending(subscription.0),
        }
    }
}
