//! Answers that are on their way.

use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use warren_kernel::Error;

use crate::signal::Reply;

/// The answer to a request. Dropping it abandons the request.
#[derive(Debug)]
pub struct Pending {}

impl Future for Pending {
    type Output = Reply;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Reply> {
        todo!()
    }
}

/// The result of an operation on a name.
#[derive(Debug)]
pub struct PendingName<T>(PhantomData<T>);

impl<T> Future for PendingName<T> {
    type Output = Result<T, Error>;

    fn poll(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<Self::Output> {
        todo!()
    }
}
