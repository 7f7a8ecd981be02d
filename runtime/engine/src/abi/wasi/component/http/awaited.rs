//! The wait for the answer to a request that a component has sent.

use http::Response;
use tokio::task::JoinHandle;
use warren_kernel::{Error, Kind};

use crate::capability::http::Body;

type Answer = Result<Response<Body>, Error>;

/// The state of a request that was sent.
pub(super) enum Awaited {
    Sent(Sent),
    Answered(Answer),
    /// The component has taken the answer.
    Taken,
}

/// The task that sends a request. Dropping it aborts the request.
pub(super) struct Sent(JoinHandle<Answer>);

impl Drop for Sent {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Awaited {
    pub(super) fn new(task: JoinHandle<Answer>) -> Awaited {
        Awaited::Sent(Sent(task))
    }

    /// Waits for the answer.
    pub(super) async fn answered(&mut self) {
        if let Awaited::Sent(sent) = self {
            let answer = (&mut sent.0).await;
            *self = Awaited::Answered(answer.unwrap_or_else(|_| Err(stopped())));
        }
    }
}

/// The error of a task that the tokio runtime has stopped.
fn stopped() -> Error {
    Error::new(Kind::Unavailable, "the runtime is shutting down")
}
