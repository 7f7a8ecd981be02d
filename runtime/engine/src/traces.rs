//! Causes of messages, recorded if the embedder asks for it.
//!
//! A process handles a message until it takes the next one. Each message that it sends
//! meanwhile is caused by that message. Messages that it sends before it has taken any
//! have the cause of its spawn. A message without a cause begins a chain.
//!
//! Guests send and receive on their own stacks, which are too small for a subscriber
//! of `tracing`, and on threads that nobody may block. So each send and receive is
//! noted for the thread, which adds the notes to the log once it is back on its own
//! stack: [`take_notes`].

use std::cell::RefCell;
use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::Level;
use warren_kernel::{Error, Kernel, Message, Process, Trace, TraceId};

/// The numbers of chains and messages.
pub(crate) struct Traces {
    next_id: AtomicU64,
    next_message: AtomicU64,
}

/// The message that a process handles now.
#[derive(Default)]
pub(crate) struct Cause {
    /// The chain; 0 for none.
    id: AtomicU64,
    message: AtomicU64,
}

/// A send or receive to be logged.
pub(crate) struct Note {
    done: Done,
    trace: Trace,
    /// The message that caused it.
    cause: Option<u64>,
    from: Option<Arc<str>>,
    to: Arc<str>,
    topic: String,
}

enum Done {
    Sent,
    Received,
}

thread_local! {
    static NOTES: RefCell<Vec<Note>> = const { RefCell::new(Vec::new()) };
}

impl Traces {
    /// Begins with a random number, so that chains of two nodes are not mistaken for
    /// each other.
    pub(crate) fn new() -> Traces {
        let mut bytes = [0; 8];
        // Without randomness only the numbers of two nodes may coincide.
        let _ = getrandom::fill(&mut bytes);
        Traces {
            next_id: AtomicU64::new(u64::from_le_bytes(bytes)),
            next_message: AtomicU64::new(1),
        }
    }

    /// Sends a message that carries its chain and number.
    #[cold]
    pub(crate) fn send(
        &self,
        kernel: &Kernel,
        from: Option<&Process>,
        to: &Process,
        (topic, payload): (&str, &[u8]),
        cause: Option<Trace>,
    ) -> Result<(), Error> {
        let trace = Trace {
            id: cause.map_or_else(|| self.begin(), |cause| cause.id),
            message: self.next_message.fetch_add(1, Ordering::Relaxed),
        };
        // Noted first, so that the send is logged before the receive.
        note(Note {
            done: Done::Sent,
            trace,
            cause: number_of(cause),
            from: from.map(|from| Arc::clone(from.text())),
            to: Arc::clone(to.text()),
            topic: topic.to_owned(),
        });
        kernel
            .send_traced(from, to, topic, payload, trace)
            .inspect_err(|_| forget_last())
    }

    /// Notes that a process takes a message, and handles it from now on.
    #[cold]
    pub(crate) fn received(&self, process: &Process, cause: &Cause, message: &mut Message) {
        let trace = message.take_trace();
        cause.set(trace);
        if let Some(trace) = trace {
            note(Note {
                done: Done::Received,
                trace,
                cause: None,
                from: message.sender().map(Arc::from),
                to: Arc::clone(process.text()),
                topic: message.topic().to_owned(),
            });
        }
    }

    fn begin(&self) -> TraceId {
        loop {
            let id = self.next_id.fetch_add(1, Ordering::Relaxed);
            if let Some(id) = NonZeroU64::new(id) {
                return TraceId(id);
            }
        }
    }
}

impl Cause {
    pub(crate) fn get(&self) -> Option<Trace> {
        Some(Trace {
            id: TraceId(NonZeroU64::new(self.id.load(Ordering::Relaxed))?),
            message: self.message.load(Ordering::Relaxed),
        })
    }

    pub(crate) fn set(&self, trace: Option<Trace>) {
        let id = trace.map_or(0, |trace| trace.id.0.get());
        self.id.store(id, Ordering::Relaxed);
        let message = trace.map_or(0, |trace| trace.message);
        self.message.store(message, Ordering::Relaxed);
    }
}

/// Returns the message of a cause; `None` if the embedder began the chain.
fn number_of(cause: Option<Trace>) -> Option<u64> {
    cause
        .map(|cause| cause.message)
        .filter(|number| *number > 0)
}

fn note(note: Note) {
    NOTES.with_borrow_mut(|notes| notes.push(note));
}

fn forget_last() {
    NOTES.with_borrow_mut(|notes| drop(notes.pop()));
}

impl Note {
    /// Returns the bytes of the note and its topic.
    pub(crate) fn size(&self) -> usize {
        size_of::<Note>() + self.topic.len()
    }
}

/// Takes the notes of this thread; `None` if there are none or nobody listens.
#[cold]
pub(crate) fn take_notes() -> Option<Vec<Note>> {
    let notes = NOTES.take();
    let wanted = tracing::enabled!(target: "warren::process::message", Level::INFO);
    (wanted && !notes.is_empty()).then_some(notes)
}

/// Gives notes to `tracing`.
pub(crate) fn tell(notes: &[Note]) {
    for note in notes {
        // A field named `message` would become the text of the event.
        let Trace {
            id,
            message: number,
        } = note.trace;
        let (from, to, topic) = (note.from.as_deref(), &*note.to, &*note.topic);
        let cause = note.cause;
        macro_rules! event {
            ($what:literal) => {
                tracing::info!(
                    target: "warren::process::message",
                    trace = %id,
                    number,
                    cause,
                    from,
                    to,
                    topic,
                    $what
                )
            };
        }
        match note.done {
            Done::Sent => event!("sent"),
            Done::Received => event!("received"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_goes_on_and_others_begin() {
        let kernel = Kernel::new();
        let host = kernel
            .add_host("app:processes", Default::default())
            .unwrap();
        let spawn = warren_kernel::Spawn::default();
        let process = kernel
            .spawn(host.reserve().unwrap(), spawn)
            .unwrap()
            .process;
        let inbox = process.inbox();
        let traces = Traces::new();
        let cause = Cause::default();
        let take = || {
            let taken = process.try_receive(&[inbox]).unwrap().1;
            let warren_kernel::Delivery::Message(mut message) = taken else {
                panic!("no message");
            };
            traces.received(&process, &cause, &mut message);
            assert_eq!(message.payload(), b"x");
            cause.get().unwrap()
        };
        let send = |cause| traces.send(&kernel, None, &process, ("t", b"x"), cause);
        send(None).unwrap();
        let first = take();
        send(Some(first)).unwrap();
        let second = take();
        assert_eq!(second.id, first.id);
        assert_ne!(second.message, first.message);
        send(None).unwrap();
        assert_ne!(take().id, first.id);
        kernel.send(None, &process, "t", b"x").unwrap();
        let plain = process.try_receive(&[inbox]).unwrap().1;
        if let warren_kernel::Delivery::Message(mut message) = plain {
            traces.received(&process, &cause, &mut message);
        }
        assert_eq!(cause.get(), None);
    }
}
