//! Calls of capabilities whose answer the guest waits for, in the imports of standard
//! interfaces.

use warren_kernel::{Error, Outcome};

use super::called::Called;
use super::capability::REQUEST;
use super::{Guest, mailbox};

impl Guest {
    /// Calls an operation of a capability, and waits for its answer, while other processes
    /// run.
    ///
    /// The outer error unwinds the guest; the inner one is that of the call.
    pub(crate) async fn call_and_wait(
        &mut self,
        operation: &str,
        request: &[u8],
    ) -> wasmtime::Result<Result<Vec<u8>, Error>> {
        if let Err(error) = REQUEST.check("request", request.len()) {
            return Ok(Err(self.refused(error)));
        }
        let called = self.settled_call(|guest| guest.call(operation, request));
        let work = match called.await {
            Ok(Called::Answer(value)) => return Ok(Ok(value)),
            Ok(Called::Handle(work)) => work,
            Err(error) => return Ok(Err(self.refused(error))),
        };
        let outcome = mailbox::outcome(self, work).await?;
        Ok(match &*outcome {
            Outcome::Returned(Some(value)) => Ok(value.to_vec()),
            Outcome::Returned(None) => Err(Error::internal("the operation has no answer")),
            Outcome::Failed(error) => Err(self.refused(Error::clone(error))),
        })
    }
}
