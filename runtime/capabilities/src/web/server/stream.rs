//! The streams of HTTP/2, bounded in the time that a client takes for each part of an answer.
//!
//! A client of HTTP/2 stops a single answer by the window of its stream, and its connection
//! goes on. The bytes of the connection tell nothing of that: only the body knows that nobody
//! has asked it for more.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper::rt::Executor;
use tokio::time::Sleep;

/// The side for which an answer waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// The process, which has no bytes yet.
    Process,
    /// The client, which has not taken the last part.
    Client,
}

thread_local! {
    /// The turn of the stream that this thread polls, if its body was asked for bytes.
    static TURN: Cell<Option<Turn>> = const { Cell::new(None) };
}

/// Notes the side for which the answer waits whose body is being polled.
pub(super) fn turn_to(turn: Turn) {
    TURN.set(Some(turn));
}

/// Runs the streams of a connection.
#[derive(Clone)]
pub(super) struct Streams {
    timeout: Duration,
}

impl Streams {
    /// Gives the client so much time for each part of an answer.
    pub(super) fn new(timeout: Duration) -> Streams {
        Streams { timeout }
    }
}

impl<F> Executor<F> for Streams
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        tokio::spawn(Timed {
            stream: Box::pin(stream),
            timeout: self.timeout,
            sleep: None,
        });
    }
}

/// A stream that ends once its client takes too long. Its end resets it, and no other stream of
/// the connection.
struct Timed<F> {
    stream: Pin<Box<F>>,
    timeout: Duration,
    /// Present while the answer waits for the client.
    sleep: Option<Pin<Box<Sleep>>>,
}

impl<F: Future<Output = ()>> Future for Timed<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        TURN.set(None);
        if this.stream.as_mut().poll(cx).is_ready() {
            return Poll::Ready(());
        }
        match TURN.take() {
            Some(Turn::Client) => {
                this.sleep = Some(Box::pin(tokio::time::sleep(this.timeout)));
            }
            Some(Turn::Process) => this.sleep = None,
            // Nothing has moved.
            None => {}
        }
        match &mut this.sleep {
            Some(sleep) => sleep.as_mut().poll(cx),
            None => Poll::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use super::*;

    const TIMEOUT: Duration = Duration::from_millis(20);

    fn timed<F: Future<Output = ()>>(stream: F) -> Timed<F> {
        Timed {
            stream: Box::pin(stream),
            timeout: TIMEOUT,
            sleep: None,
        }
    }

    /// Waits for a side, and notes that once.
    fn waits_for(turn: Turn) -> impl Future<Output = ()> {
        let mut noted = false;
        poll_fn(move |_| {
            if !std::mem::replace(&mut noted, true) {
                turn_to(turn);
            }
            Poll::Pending
        })
    }

    #[tokio::test]
    async fn a_client_has_its_time_for_each_part() {
        timed(waits_for(Turn::Client)).await;
        let process = timed(waits_for(Turn::Process));
        let waits = tokio::time::timeout(TIMEOUT * 5, process).await;
        assert!(waits.is_err());
        // A body that was not asked waits for nobody yet.
        let waits = tokio::time::timeout(TIMEOUT * 5, timed(std::future::pending())).await;
        assert!(waits.is_err());
    }

    #[tokio::test]
    async fn a_part_that_is_taken_begins_the_time_again() {
        let parts = async {
            for _ in 0..10 {
                let mut taken = Box::pin(tokio::time::sleep(TIMEOUT / 4));
                poll_fn(|cx| {
                    let polled = taken.as_mut().poll(cx);
                    if polled.is_ready() {
                        turn_to(Turn::Client);
                    }
                    polled
                })
                .await;
            }
        };
        let done = std::cell::Cell::new(false);
        timed(async {
            parts.await;
            done.set(true);
        })
        .await;
        assert!(done.get());
    }
}
