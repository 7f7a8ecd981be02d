//! Requests over HTTP that components send.

use std::panic::AssertUnwindSafe;

use futures::FutureExt as _;
use http::Response;
use warren_kernel::{Error, Kind};

use super::call_span::CallSpan;
use super::caller::OnFiber;
use super::capability::{Open, panicked};
use super::{Guest, inherited_of, process_of};
use crate::capability::http::{Body, OutgoingRequest, Sending};
use crate::security::{Refusal, Settles};

/// The capability whose client sends the requests.
const CAPABILITY: &str = "http";

/// The operation that a request of a component stands for.
const OPERATION: &str = "http.request";

/// A judged request. It counts as an open call of the capability until it is dropped.
pub(crate) struct Begun {
    sending: Sending,
    open: Open,
    /// Present if anybody wants spans.
    span: Option<CallSpan>,
}

impl Settles for Begun {
    fn of(_: u32) -> Result<Begun, Error> {
        Err(Error::internal("a request cannot go on on another node"))
    }
}

impl Begun {
    /// Sends the request with its body, in a task of the embedder's tokio runtime.
    pub(crate) async fn send(self, body: Body) -> Result<Response<Body>, Error> {
        let Begun {
            sending,
            open,
            span,
        } = self;
        let sent = AssertUnwindSafe(async move { sending(body).await }).catch_unwind();
        let sent = sent.map(|answer| answer.unwrap_or_else(|_| Err(panicked())));
        let answer = match &span {
            None => sent.await,
            Some(span) => span.around(sent).await,
        };
        open.end(answer.is_err());
        answer
    }
}

impl Guest {
    /// Judges a request.
    ///
    /// # Errors
    ///
    /// `Unavailable` in a runtime without a client; the errors of the client.
    pub(crate) async fn begin_request(
        &mut self,
        request: &OutgoingRequest,
    ) -> Result<Begun, Error> {
        self.settled_call(|guest| guest.try_request(request)).await
    }

    fn try_request(&mut self, request: &OutgoingRequest) -> Result<Begun, Refusal> {
        self.lines_first();
        let process = process_of(&self.purpose)?;
        let known = self.shared.capabilities.named(CAPABILITY);
        let known = known.and_then(|known| Some((known.capability.outgoing()?, &known.counts)));
        let (outgoing, counts) = known.ok_or_else(no_client)?;
        let mut caller = OnFiber {
            shared: &self.shared,
            process,
            inherited: inherited_of(&self.purpose)?,
            definition: &self.run.program.definition.id,
            grants: &self.run.program.grants,
            kept: &mut self.kept,
            rights: &mut self.rights,
            undecided: None,
        };
        let begun = outgoing.begin(&mut caller, request);
        if let Some(question) = caller.undecided {
            return Err(Refusal::Undecided(question));
        }
        match begun {
            Ok(sending) => Ok(Begun {
                sending,
                open: Open::new(counts),
                span: self
                    .control
                    .span()
                    .map(|span| CallSpan::new(span, OPERATION)),
            }),
            Err(error) => {
                counts.begin();
                counts.end(true);
                Err(error.into())
            }
        }
    }
}

fn no_client() -> Error {
    let message = "the runtime has no HTTP client: its embedder has left out the capability http";
    Error::new(Kind::Unavailable, message).retryable(false)
}
