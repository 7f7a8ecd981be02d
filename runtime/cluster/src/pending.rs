//! Answers that are on their way.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use warren_kernel::{Error, Kind};

use crate::core::{CallId, Named};
use crate::shared::Shared;
use crate::signal::Reply;

/// The answer to a request. Dropping it abandons the request.
#[must_use = "a request whose answer is dropped is abandoned"]
pub struct Pending {
    pub(crate) shared: Arc<Shared>,
    pub(crate) call: CallId,
    pub(crate) answer: oneshot::Receiver<Reply>,
    pub(crate) is_answered: bool,
}

impl fmt::Debug for Pending {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pending").field(&self.call).finish()
    }
}

impl Future for Pending {
    type Output = Reply;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Reply> {
        let answer = ready!(Pin::new(&mut self.answer).poll(context));
        self.is_answered = true;
        Poll::Ready(answer.unwrap_or_else(|_| Err(ended())))
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_answered {
            self.shared.abandon(self.call);
        }
    }
}

/// The result of an operation on a name.
#[derive(Debug)]
#[must_use = "the operation may fail"]
pub struct PendingName<T> {
    pub(crate) result: oneshot::Receiver<Result<Named, Error>>,
    /// Takes the result apart; `None` for one of another operation.
    pub(crate) read: fn(Named) -> Option<T>,
}

impl<T> Future for PendingName<T> {
    type Output = Result<T, Error>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let result = ready!(Pin::new(&mut self.result).poll(context));
        let named = result.unwrap_or_else(|_| Err(ended()));
        let other = || Error::internal("the result of another operation");
        Poll::Ready(named.and_then(|named| (self.read)(named).ok_or_else(other)))
    }
}

fn ended() -> Error {
    Error::new(Kind::Unavailable, "this node has left the cluster")
}
