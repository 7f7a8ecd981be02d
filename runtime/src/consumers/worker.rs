//! One consumer: takes messages, and starts a process for each.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};
use warren_capabilities::{Delivery, End, Intake, Queues};
use warren_engine::capability::Kept;
use warren_engine::security::{Action, EntryKind, Resource};
use warren_engine::{DEFAULT_HOST, Node, Running, Start};
use warren_kernel::{Error, Kind, Outcome};

use super::live::{Live, Present};
use super::pause::Pause;
use crate::app::Consumer;

/// A consumer that takes messages until it is stopped.
pub(super) struct Worker {
    pub(super) node: Arc<Node>,
    pub(super) queues: Queues,
    pub(super) consumer: Arc<Consumer>,
    pub(super) live: Arc<Live>,
    pub(super) stop: watch::Receiver<bool>,
}

/// A message with a process that works on it.
struct Working {
    delivery: Delivery,
    running: Running,
    /// Notified at an upgrade of the process.
    upgraded: oneshot::Receiver<()>,
    present: Present,
}

/// The reason why no process was started for a message.
enum Refused {
    /// The message itself: another one may be fine.
    Message(Error),
    /// Something else, which may pass.
    Other(Error),
}

impl Worker {
    pub(super) async fn run(mut self) {
        let Some(mut intake) = self.intake() else {
            tracing::error!(
                consumer = &*self.consumer.id,
                queue = &*self.consumer.queue,
                "the consumer has no queue"
            );
            return;
        };
        let places = Arc::new(Semaphore::new(self.consumer.concurrency.max(1)));
        let mut pause = Pause::default();
        loop {
            let place = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return,
                place = Arc::clone(&places).acquire_owned() => place,
            };
            // Never fails: nobody closes the semaphore.
            let Ok(place) = place else {
                return;
            };
            let taken = tokio::select! {
                biased;
                _ = self.stop.wait_for(|stop| *stop) => return,
                taken = intake.next() => taken,
            };
            match taken {
                Ok(delivery) => {
                    pause.end();
                    self.begin(delivery, place).await;
                }
                Err(error) => self.wait_after(&error, &mut pause).await,
            }
        }
    }

    fn intake(&self) -> Option<Intake> {
        let definition = self.node.definition(&self.consumer.definition).ok();
        let host = definition.and_then(|definition| definition.host.clone());
        let host = host.unwrap_or_else(|| DEFAULT_HOST.into());
        // The number only parts the calls of hosts at a database.
        let number = self.node.kernel().host(&host).map(|host| host.number());
        let Consumer {
            queue, prefetch, ..
        } = &*self.consumer;
        self.queues
            .intake(queue, number.unwrap_or_default(), *prefetch)
    }

    /// Starts a process for a message, once there can be one.
    async fn begin(&mut self, delivery: Delivery, place: OwnedSemaphorePermit) {
        let mut pause = Pause::default();
        loop {
            match self.start(&delivery).await {
                Ok(working) => {
                    let (stop, node) = (self.stop.clone(), Arc::clone(&self.node));
                    if *stop.borrow() {
                        // The end of all processes may have missed it. Fails only if it has
                        // exited.
                        let _ = self.node.kernel().terminate(working.running.process());
                    }
                    drop(self.node.tokio().spawn(async move {
                        working.end(&node, &stop).await;
                        // Given back once the message is settled.
                        drop(place);
                    }));
                    return;
                }
                Err(Refused::Message(error)) => {
                    note(delivery.end(End::Failed(error.message)).await);
                    return;
                }
                Err(Refused::Other(error)) => {
                    self.wait_after(&error, &mut pause).await;
                    if *self.stop.borrow() || self.node.is_ending() {
                        note(delivery.end(End::Cut).await);
                        return;
                    }
                }
            }
        }
    }

    async fn start(&self, delivery: &Delivery) -> Result<Working, Refused> {
        let definition = &*self.consumer.definition;
        let queue = Resource::Entry(EntryKind::Queue, self.consumer.queue.to_string());
        self.node
            .permit(definition, Action::QueueConsume, queue)
            .map_err(Refused::Other)?;
        let kept = Arc::new(Kept::default());
        delivery.give(&kept).map_err(Refused::Other)?;
        let (tell, upgraded) = oneshot::channel();
        kept.at_upgrade(move || {
            // Fails only if nobody waits for the process.
            let _ = tell.send(());
        });
        let start = Start {
            arguments: delivery.arguments(),
            kept: Some(kept),
            ..Start::new(definition, "")
        };
        match self.node.start_process(start, None, false).await {
            Ok(running) => Ok(Working {
                delivery: delivery.clone(),
                present: self.live.add(running.process()),
                running,
                upgraded,
            }),
            Err(error) if error.kind == Kind::Invalid => {
                // Either the code is wrong, or the argument is more than the host takes.
                let code = Start::new(definition, "");
                match self.node.prepare_code(&code).await {
                    Ok(()) => Err(Refused::Message(error)),
                    Err(error) => Err(Refused::Other(error)),
                }
            }
            Err(error) => Err(Refused::Other(error)),
        }
    }

    /// Waits before another try, or until the consumer is stopped.
    async fn wait_after(&mut self, error: &Error, pause: &mut Pause) {
        let (pause, is_told) = pause.next();
        if is_told {
            tracing::warn!(
                consumer = &*self.consumer.id,
                queue = &*self.consumer.queue,
                "the consumer waits: {error}"
            );
        }
        tokio::select! {
            () = self.node.sleep(pause) => {}
            _ = self.stop.wait_for(|stop| *stop) => {}
        }
    }
}

impl Working {
    /// Waits for the end of the process, and settles its message.
    async fn end(self, node: &Node, stop: &watch::Receiver<bool>) {
        let Working {
            delivery,
            mut running,
            upgraded,
            present,
        } = self;
        tokio::select! {
            biased;
            // A process that ends tells of no upgrade: then the other branch goes on alone.
            Ok(()) = upgraded => {
                let reason = "the process was upgraded and had not acknowledged the message";
                {
                    let _busy = node.busy();
                    note(delivery.end(End::Failed(reason.to_owned())).await);
                }
                running.wait().await;
            }
            ended = running.wait() => {
                let is_stopping = *stop.borrow();
                let _busy = node.busy();
                note(delivery.end(end_of(&ended.outcome, is_stopping)).await);
            }
        }
        drop(present);
    }
}

/// Returns what the end of a process says of its message.
fn end_of(outcome: &Outcome, is_stopping: bool) -> End {
    /// False, encoded.
    const FALSE: &[u8] = &[0xc2];
    match outcome {
        Outcome::Returned(value) if value.as_deref() == Some(FALSE) => {
            End::Failed("the process returned false".to_owned())
        }
        Outcome::Returned(_) => End::Done,
        // The program has ended the process.
        Outcome::Failed(_) if is_stopping => End::Cut,
        Outcome::Failed(error) => End::Failed(error.to_string()),
    }
}

fn note(settled: Result<(), Error>) {
    if let Err(error) = settled {
        tracing::error!("a message could not be settled, and comes again: {error}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn false_and_errors_return_a_message() {
        let returned = |value: Option<&[u8]>| Outcome::Returned(value.map(Into::into));
        let failed = || Outcome::Failed(Box::new(Error::internal("no")));
        for (outcome, is_stopping, end) in [
            (returned(None), false, End::Done),
            (returned(Some(b"\xc3")), false, End::Done),
            (returned(Some(b"\xc0")), false, End::Done),
            (returned(Some(b"\xc3")), true, End::Done),
            (failed(), true, End::Cut),
        ] {
            assert_eq!(end_of(&outcome, is_stopping), end);
        }
        assert!(matches!(
            end_of(&returned(Some(b"\xc2")), false),
            End::Failed(_)
        ));
        let End::Failed(reason) = end_of(&failed(), false) else {
            panic!("an attempt");
        };
        assert_eq!(reason, "no");
    }
}
