//! Standard output and error of the program: lines of thousands of processes
//! on two streams, whole and in order.
//!
//! Each process gathers a line in a buffer of its own. Complete lines go through
//! a bounded queue to a thread that writes them; a sink that is in two parts has a
//! queue and a thread for each stream. When the reader of a stream is slower than
//! the processes that print, its queue fills and printing waits, process by
//! process; nothing is dropped and no worker blocks.

mod line;
mod order;

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::{Notify, mpsc, oneshot};

use order::Order;

pub(crate) use line::{Line, ends_line};

/// Pieces of output on their way; each is at most [`PIECE`] bytes.
const QUEUE: usize = 256;

/// A line longer than this is passed on in pieces.
pub(crate) const PIECE: usize = 64 * 1024;

/// Bytes that wait of processes which are gone.
const LEFT: usize = 4 << 20;

/// Where bytes go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// Takes what the processes print. Called from one thread of its own, which it
/// may block.
pub trait Sink: Send + 'static {
    /// Takes whole lines, or a piece of one where a process flushed or ended.
    fn write(&mut self, stream: Stream, bytes: &[u8]);

    /// Splits off a sink for standard error, which is called from a second thread:
    /// a standard output that nobody reads does not hold standard error up, nor
    /// the other way round. What one process prints on both is still written in
    /// the order of printing, except while a stream blocks.
    ///
    /// Called once, before anything is written. `None` unless implemented: one
    /// thread writes both streams.
    fn split_stderr(&mut self) -> Option<Box<dyn Sink>> {
        None
    }
}

/// The real standard streams. A stream whose reader is gone swallows what
/// follows.
#[derive(Debug, Default)]
pub struct StandardStreams(());

impl Sink for StandardStreams {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        // Nobody is left to tell when standard error itself is gone.
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

enum Piece {
    /// Bytes, and the turn they have among both streams.
    Bytes(Stream, Vec<u8>, order::Turn),
    /// Everything before it has been written once the sender is dropped.
    Barrier(oneshot::Sender<()>),
}

/// The queues and their threads.
#[derive(Debug)]
pub(crate) struct Output {
    /// Of each stream; one queue twice where the sink is in one part.
    queues: [Queue; 2],
    /// Bytes of lines that processes left which are gone.
    left: AtomicUsize,
}

/// The way to the thread of one stream.
#[derive(Clone, Debug)]
struct Queue {
    pieces: mpsc::Sender<Piece>,
    /// Where each stream has a thread.
    order: Option<Arc<Order>>,
    given_up: Arc<GivenUp>,
}

/// Whether those who wait for room still do.
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
    /// The operating system's, where it gives no thread.
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

    /// Passes bytes on, and gives them back where the queue is full.
    pub(crate) fn try_write(&self, stream: Stream, bytes: Vec<u8>) -> Result<(), Vec<u8>> {
        let queue = self.queue(stream);
        match queue.pieces.try_reserve() {
            Ok(permit) => {
                permit.send(queue.piece(stream, bytes));
                Ok(())
            }
            Err(mpsc::error::TrySendError::Full(())) => Err(bytes),
            // Closed: the program is over and its output with it.
            Err(mpsc::error::TrySendError::Closed(())) => Ok(()),
        }
    }

    /// Passes bytes on, when there is room. They are lost once nobody waits for
    /// the stream any more.
    pub(crate) async fn write(&self, stream: Stream, bytes: Vec<u8>) {
        let queue = self.queue(stream);
        tokio::select! {
            biased;
            permit = queue.pieces.reserve() => {
                // Fails only when the program is over.
                if let Ok(permit) = permit {
                    permit.send(queue.piece(stream, bytes));
                }
            }
            () = queue.given_up.wait() => {}
        }
    }

    /// Waits until there is room, which others may take first. Returns false once
    /// nobody waits for the stream any more.
    pub(crate) async fn room(&self, stream: Stream) -> bool {
        let queue = self.queue(stream);
        tokio::select! {
            biased;
            permit = queue.pieces.reserve() => permit.is_ok(),
            () = queue.given_up.wait() => false,
        }
    }

    /// Passes on the last line of a process that has ended, when there is room.
    /// At most [`LEFT`] bytes of all processes wait; a line beyond is lost, since a
    /// process that has ended counts against no limit.
    pub(crate) async fn write_left(self: Arc<Self>, stream: Stream, bytes: Vec<u8>) {
        let size = bytes.len();
        if self.left.fetch_add(size, Ordering::Relaxed) <= LEFT {
            self.write(stream, bytes).await;
        }
        self.left.fetch_sub(size, Ordering::Relaxed);
    }

    /// Waits until everything passed on before has been written.
    pub(crate) async fn flush(&self) {
        for queue in &self.queues {
            queue.flush().await;
        }
    }

    /// Has nobody wait for standard error any more. Where one thread writes both
    /// streams, standard output decides.
    pub(crate) fn give_up_stderr(&self) {
        let [stdout, stderr] = &self.queues;
        if !stdout.pieces.same_channel(&stderr.pieces) {
            stderr.given_up.give_up();
        }
    }
}

impl Queue {
    /// Starts the thread, of one stream where the other has one too.
    fn start(
        name: &str,
        mut sink: Box<dyn Sink>,
        order: Option<(Stream, Arc<Order>)>,
    ) -> std::io::Result<Queue> {
        let (queue, mut pieces) = mpsc::channel(QUEUE);
        let turns = order.as_ref().map(|(_, order)| Arc::clone(order));
        // Ends by itself, with everything written, once the queue is dropped.
        std::thread::Builder::new()
            .name(name.into())
            .spawn(move || {
                let order = order
                    .as_ref()
                    .map(|(stream, order)| order.thread_of(*stream));
                while let Some(piece) = pieces.blocking_recv() {
                    match piece {
                        Piece::Bytes(stream, bytes, turn) => {
                            let _writing = order.as_ref().map(|order| order.begin(turn));
                            sink.write(stream, &bytes);
                        }
                        Piece::Barrier(written) => drop(written),
                    }
                }
            })?;
        Ok(Queue {
            pieces: queue,
            order: turns,
            given_up: Arc::default(),
        })
    }

    /// A piece that is sent at once.
    fn piece(&self, stream: Stream, bytes: Vec<u8>) -> Piece {
        let turn = self.order.as_ref().map(|order| order.turn(stream));
        Piece::Bytes(stream, bytes, turn.unwrap_or_default())
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

    /// Blocks on one stream until it is let go.
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
                // Nobody waits for what nobody reads.
                output.write(blocked, b"lost".to_vec()).await;
                output.flush().await;
            }
            drop(hold);
        }
    }

    #[tokio::test]
    async fn what_the_dead_leave_to_a_reader_that_does_not_come_is_bounded() {
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
        // Those that are lost are done.
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
        // One more may find the place of what the thread is at.
        let most = LEFT / PIECE + 2;
        assert!((LEFT / PIECE..=most).contains(&lines), "{lines}");
        assert_eq!(output.left.load(Ordering::Relaxed), 0);
    }

    #[tokio::test]
    async fn what_goes_to_both_streams_is_written_in_the_order_of_printing() {
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
