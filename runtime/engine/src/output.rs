//! Standard output and error of the program: lines of thousands of processes
//! on two streams, whole and in order.
//!
//! Each process gathers lines in a buffer of its own, outside the guest's memory: no
//! trap takes them away. Complete lines go through a bounded queue to a thread that
//! writes them; a sink that is in two parts has a queue and a thread for each stream.
//! When the reader of a stream is slower than the processes that print, its queue fills
//! and printing waits, process by process; nothing is dropped and no worker blocks.
//!
//! Complete lines of standard output stay with the process while it runs, as far as its
//! slice and [`Line::gather`] permit: a queued piece and a write of the system cost more
//! than a line. A process that gathers has reserved its place in the queue, so that
//! passing the lines on never waits.

mod line;
mod order;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};

use order::Order;

#[cfg(test)]
pub(crate) use line::MAX_KEPT;
pub(crate) use line::{Line, ends_line};

/// Most pieces of output that wait for the thread of a stream.
const QUEUE: usize = 256;

/// Bytes beyond which an unfinished line is passed on in pieces.
pub(crate) const PIECE: usize = 64 * 1024;

/// Most bytes that wait of processes that have ended.
const LEFT: usize = 4 << 20;

/// A standard stream.
///
/// ```
/// use warren_engine::{Sink, Stream};
///
/// /// Keeps standard output, and drops standard error.
/// #[derive(Default)]
/// struct Kept(Vec<u8>);
///
/// impl Sink for Kept {
///     fn write(&mut self, stream: Stream, bytes: &[u8]) {
///         if stream == Stream::Stdout {
///             self.0.extend_from_slice(bytes);
///         }
///     }
/// }
///
/// let mut kept = Kept::default();
/// kept.write(Stream::Stdout, b"ready\n");
/// kept.write(Stream::Stderr, b"a warning\n");
/// assert_eq!(kept.0, b"ready\n");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes the output of the processes. It is called from one thread of its own, which
/// it may block.
///
/// ```
/// use warren_engine::{Sink, Stream};
///
/// /// Marks the lines of standard error.
/// struct Marked;
///
/// impl Sink for Marked {
///     fn write(&mut self, stream: Stream, bytes: &[u8]) {
///         let text = String::from_utf8_lossy(bytes);
///         match stream {
///             Stream::Stdout => print!("{text}"),
///             Stream::Stderr => print!("! {text}"),
///         }
///     }
/// }
/// ```
pub trait Sink: Send + 'static {
    /// Takes whole lines, or a piece of a line if a process flushed or ended.
    fn write(&mut self, stream: Stream, bytes: &[u8]);

    /// Splits off a sink for standard error, which is called from a second thread.
    /// Then a stream that nobody reads does not hold up the other one. Output of a
    /// process on both streams is still written in the order of printing, except while
    /// a stream blocks.
    ///
    /// It is called once, before anything is written. By default it returns `None`:
    /// one thread writes both streams.
    fn split_stderr(&mut self) -> Option<Box<dyn Sink>> {
        None
    }
}

/// The standard streams of this program. If the reader of a stream is gone, further
/// output on it is lost.
///
/// ```
/// use warren_engine::{Sink, StandardStreams, Stream};
///
/// let mut streams = StandardStreams::default();
/// let errors = streams.split_stderr();
/// streams.write(Stream::Stdout, b"ready\n");
/// // Neither stream holds up the other one.
/// let mut errors = errors.expect("standard error has a sink of its own");
/// errors.write(Stream::Stderr, b"a warning\n");
/// ```
#[derive(Debug, Default)]
pub struct StandardStreams(());

impl Sink for StandardStreams {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        // An error cannot be reported: standard error may be gone itself.
        let _ = match stream {
            Stream::Stdout => {
                let mut out = std::io::stdout().lock();
                out.write_all(bytes).and_then(|()| out.flush())
            }
            Stream::Stderr => std::io::stderr().lock().write_all(bytes),
        };
    }

    fn split_stderr(&mut self) -> Option<Box<dyn Sink>> {
        Some(Box::<StandardStreams>::default())
    }
}

#[derive(Debug)]
enum Piece {
    /// Bytes with their rank among both streams.
    Bytes(Stream, Vec<u8>, order::Rank),
    /// A sender that the thread drops once everything before it has been written.
    Barrier(oneshot::Sender<()>),
}

/// A reserved place in the queue of a stream.
#[derive(Debug)]
pub(crate) struct Room(Stream, mpsc::OwnedPermit<Piece>);

/// The reason for which there is no [`Room`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    /// The queue is full.
    Full,
    /// The node has ended, and its output with it.
    Closed,
}

/// The queues and their threads.
#[derive(Debug)]
pub(crate) struct Output {
    /// The queue of each stream; the same queue twice if one thread writes both.
    queues: [Queue; 2],
    /// Bytes of the last lines of ended processes that wait for room.
    left: AtomicUsize,
}

/// The queue to the thread of one stream, or of both.
#[derive(Clone, Debug)]
struct Queue {
    pieces: mpsc::Sender<Piece>,
    /// The order of both streams, if each has a thread.
    order: Option<Arc<Order>>,
    given_up: Arc<GivenUp>,
}

/// A flag that ends all waits for a stream.
#[derive(Debug, Default)]
struct GivenUp {
    flag: AtomicBool,
    told: Notify,
}

impl GivenUp {
    fn give_up(&self) {
        self.flag.store(true, Ordering::SeqCst);
        self.told.notify_waiters();
    }

    async fn wait(&self) {
        loop {
            let mut told = std::pin::pin!(self.told.notified());
            told.as_mut().enable();
            if self.flag.load(Ordering::SeqCst) {
                return;
            }
            told.await;
        }
    }
}

impl Output {
    /// Starts the threads.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses a thread.
    pub(crate) fn start(mut sink: Box<dyn Sink>) -> std::io::Result<Arc<Output>> {
        let (stdout, stderr) = match sink.split_stderr() {
            None => {
                let queue = Queue::start("warren-output", sink, None)?;
                (queue.clone(), queue)
            }
            Some(errors) => {
                let order = Arc::new(Order::default());
                let of = |stream| Some((stream, Arc::clone(&order)));
                (
                    Queue::start("warren-output", sink, of(Stream::Stdout))?,
                    Queue::start("warren-errors", errors, of(Stream::Stderr))?,
                )
            }
        };
        Ok(Arc::new(Output {
            queues: [stdout, stderr],
            left: AtomicUsize::new(0),
        }))
    }

    fn queue(&self, stream: Stream) -> &Queue {
        &self.queues[stream as usize]
    }

    /// Queues bytes; returns them as the error if the queue is full.
    pub(crate) fn try_write(&self, stream: Stream, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let queue = self.queue(stream);
        match queue.pieces.try_reserve() {
            Ok(permit) => {
                permit.send(queue.piece(stream, bytes));
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => Err(bytes),
            // Closed: the node has ended, and its output with it.
            Err(mpsc::error::TrySendError::Closed(())) => Ok(()),
        }
    }

    /// Reserves a place in the queue.
    pub(crate) fn reserve(&self, stream: Stream) -> Result<Room, NoRoom> {
        let pieces = self.queue(stream).pieces.clone();
        match pieces.try_reserve_owned() {
            Ok(permit) => Ok(Room(stream, permit)),
            Err(mpsc::error::TrySendError::Full(_)) => Err(NoRoom::Full),
            Err(mpsc::error::TrySendError::Closed(_)) => Err(NoRoom::Closed),
        }
    }

    /// Queues bytes in a reserved place.
    pub(crate) fn write_in(&self, Room(stream, permit): Room, bytes: Vec<u8>) {
        permit.send(self.queue(stream).piece(stream, bytes));
    }

    /// Waits for room and queues bytes. They are lost once the stream has been given
    /// up.
    pub(crate) async fn write(&self, stream: Stream, bytes: Vec<u8>) {
        let queue = self.queue(stream);
        tokio::select! {
            biased;
            permit = queue.pieces.reserve() => {
                // Fails only after the node has ended.
                if let Ok(permit) = permit {
                    permit.send(queue.piece(stream, bytes));
                }
            }
            () = queue.given_up.wait() => {}
        }
    }

    /// Waits until there is room, which others may take first. Returns false once the
    /// stream has been given up.
    pub(crate) async fn room(&self, stream: Stream) -> bool {
        let queue = self.queue(stream);
        tokio::select! {
            biased;
            permit = queue.pieces.reserve() => permit.is_ok(),
            () = queue.given_up.wait() => false,
        }
    }

    /// Waits for room and queues the last line of a process that has ended. At most
    /// [`LEFT`] bytes of all ended processes wait, and further lines are lost: an ended
    /// process counts against no limit of its own.
    pub(crate) async fn write_left(self: Arc<Self>, stream: Stream, bytes: Vec<u8>) {
        let size = bytes.len();
        if self.left.fetch_add(size, Ordering::Relaxed) <= LEFT {
            self.write(stream, bytes).await;
        }
        self.left.fetch_sub(size, Ordering::Relaxed);
    }

    /// Waits until everything queued before has been written.
    pub(crate) async fn flush(&self) {
        for queue in &self.queues {
            queue.flush().await;
        }
    }

    /// Gives up standard error: ends all waits for it. Does nothing if one thread
    /// writes both streams.
    pub(crate) fn give_up_stderr(&self) {
        let [stdout, stderr] = &self.queues;
        if !stdout.pieces.same_channel(&stderr.pieces) {
            stderr.given_up.give_up();
        }
    }
}

impl Queue {
    /// Starts the thread of one stream, with `order`, or of both streams without.
    fn start(
        name: &str,
        mut sink: Box<dyn Sink>,
        order: Option<(Stream, Arc<Order>)>,
    ) -> std::io::Result<Queue> {
        let (queue, mut pieces) = mpsc::channel(QUEUE);
        let shared = order.as_ref().map(|(_, order)| Arc::clone(order));
        // The thread writes everything and ends once the queue is dropped.
        std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                let order = order
                    .as_ref()
                    .map(|(stream, order)| order.thread_of(*stream));
                while let Some(piece) = pieces.blocking_recv() {
                    match piece {
                        Piece::Bytes(stream, bytes, rank) => {
                            let _writing = order.as_ref().map(|order| order.begin(rank));
                            sink.write(stream, &bytes);
                        }
                        Piece::Barrier(written) => drop(written),
                    }
                }
            })?;
        Ok(Queue {
            pieces: queue,
            order: shared,
            given_up: Arc::default(),
        })
    }

    /// Makes a piece, which must be sent at once: it takes its rank here.
    fn piece(&self, stream: Stream, bytes: Vec<u8>) -> Piece {
        let rank = self.order.as_ref().map(|order| order.rank(stream));
        Piece::Bytes(stream, bytes, rank.unwrap_or_default())
    }

    async fn flush(&self) {
        let flushed = async {
            let (sender, written) = oneshot::channel();
            if self.pieces.send(Piece::Barrier(sender)).await.is_ok() {
                // An error is the expected answer: the sender was dropped.
                let _ = written.await;
            }
        };
        tokio::select! {
            biased;
            () = flushed => {}
            () = self.given_up.wait() => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;

    struct Memory(Arc<Mutex<Vec<u8>>>);

    impl Sink for Memory {
        fn write(&mut self, _stream: Stream, bytes: &[u8]) {
            self.0
                .lock()
                .expect("no writer panics")
                .extend_from_slice(bytes);
        }
    }

    /// A sink that blocks on one stream until `go` is dropped.
    struct Blocked {
        stream: Stream,
        go: Option<std::sync::mpsc::Receiver<()>>,
        written: Arc<Mutex<Vec<u8>>>,
    }

    impl Sink for Blocked {
        fn write(&mut self, stream: Stream, bytes: &[u8]) {
            if stream == self.stream
                && let Some(go) = self.go.take()
            {
                // Ends when the other side is dropped.
                let _ = go.recv();
            }
            Memory(Arc::clone(&self.written)).write(stream, bytes);
        }

        fn split_stderr(&mut self) -> Option<Box<dyn Sink>> {
            let go = match self.stream {
                Stream::Stdout => None,
                Stream::Stderr => self.go.take(),
            };
            Some(Box::new(Blocked {
                stream: self.stream,
                go,
                written: Arc::clone(&self.written),
            }))
        }
    }

    #[tokio::test]
    async fn a_stream_that_nobody_reads_does_not_hold_up_the_other() {
        for (blocked, free) in [
            (Stream::Stdout, Stream::Stderr),
            (Stream::Stderr, Stream::Stdout),
        ] {
            let (hold, go) = std::sync::mpsc::channel();
            let written = Arc::new(Mutex::new(Vec::new()));
            let output = Output::start(Box::new(Blocked {
                stream: blocked,
                go: Some(go),
                written: Arc::clone(&written),
            }))
            .expect("starts");
            while output.try_write(blocked, b"b".to_vec()).is_ok() {}
            for _ in 0..2 * QUEUE {
                output.write(free, b"f".to_vec()).await;
            }
            output.queue(free).flush().await;
            assert_eq!(
                *written.lock().expect("no writer panics"),
                [b'f'; 2 * QUEUE]
            );
            if blocked == Stream::Stderr {
                output.give_up_stderr();
                // No wait for a stream that was given up.
                output.write(blocked, b"lost".to_vec()).await;
                output.flush().await;
            }
            drop(hold);
        }
    }

    #[tokio::test]
    async fn lines_that_ended_processes_leave_are_bounded() {
        let (hold, go) = std::sync::mpsc::channel();
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Output::start(Box::new(Blocked {
            stream: Stream::Stdout,
            go: Some(go),
            written: Arc::clone(&written),
        }))
        .expect("starts");
        while output.try_write(Stream::Stdout, b"b".to_vec()).is_ok() {}
        let left = (0..200).map(|_| {
            let output = Arc::clone(&output);
            let line = vec![b'l'; PIECE];
            tokio::spawn(output.write_left(Stream::Stdout, line))
        });
        let left: Vec<_> = left.collect();
        // The lost lines are done.
        while left.iter().filter(|left| left.is_finished()).count() < 200 - LEFT / PIECE - 1 {
            tokio::task::yield_now().await;
        }
        drop(hold);
        for left in left {
            left.await.expect("it does not panic");
        }
        output.flush().await;
        let written = written.lock().expect("no writer panics");
        let lines = written.iter().filter(|byte| **byte == b'l').count() / PIECE;
        // One more may wait in place of the line that the thread writes.
        let most = LEFT / PIECE + 2;
        assert!((LEFT / PIECE..=most).contains(&lines), "{lines}");
        assert_eq!(output.left.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn lines_of_both_streams_are_written_in_the_order_of_printing() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Output::start(Box::new(Blocked {
            stream: Stream::Stdout,
            go: None,
            written: Arc::clone(&written),
        }))
        .expect("starts");
        let mut expected = Vec::new();
        for number in 0..2_000_u32 {
            let stream = match number % 7 % 3 {
                0 => Stream::Stdout,
                _ => Stream::Stderr,
            };
            let line = format!("{number}\n").into_bytes();
            expected.extend_from_slice(&line);
            output.write(stream, line).await;
        }
        output.flush().await;
        assert_eq!(*written.lock().expect("no writer panics"), expected);
    }

    #[tokio::test]
    async fn a_flush_waits_for_everything_before_it() {
        let written = Arc::new(Mutex::new(Vec::new()));
        let output = Output::start(Box::new(Memory(Arc::clone(&written)))).expect("starts");
        for number in 0..1_000 {
            output
                .write(Stream::Stdout, format!("{number}\n").into_bytes())
                .await;
        }
        output.flush().await;
        let expected: String = (0..1_000).map(|number| format!("{number}\n")).collect();
        assert_eq!(
            *written.lock().expect("no writer panics"),
            expected.into_bytes()
        );
    }
}
