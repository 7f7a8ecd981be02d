//! The state that a guest's fiber shares with the task that polls it.
//!
//! ```text
//!   task (worker's own stack)                fiber (the guest's stack)
//!   ------------------------                 -------------------------
//!   polls the guest ------------------------> import: receive
//!                                               nothing there:
//!   arms its timer <------------------------    `wait_until(deadline)`, Pending
//!   deadline comes: `time_out`, polls ------> `timed_out`: returns
//!
//!   polls the guest ------------------------> import: spawn
//!   runs the job on its own stack <---------    `outside(job)`, Pending
//!   job done: polls the guest --------------> takes the job's result
//! ```
//!
//! Both sides belong to one task and never run at the same time: no order
//! between the atomics is needed, and no lock is ever contended.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use parking_lot::Mutex;
use tracing::Span;
use warren_kernel::{AtomicDeadline, Monotonic, nanoseconds};

use crate::output::{Line, NoRoom, Output, Room, Stream, ends_line};
use crate::traces::Cause;

/// Work that an import leaves for the task.
pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The state that both sides share.
#[derive(Default)]
pub(crate) struct Control {
    deadline: AtomicDeadline,
    timed_out: Flag,
    waited: Waited,
    /// True if there is a job. The task reads this flag without taking the lock.
    has_job: Flag,
    job: Mutex<Option<Job>>,
    lines: Mutex<Lines>,
    /// True if complete lines of standard output are gathered. Read at the end of each
    /// poll, and before each effect on another process.
    has_gathered: Flag,
    /// The message that is being handled, if messages are traced.
    cause: Cause,
    /// The span of the process, if anybody wants spans.
    span: Option<Arc<Span>>,
    without_fiber: bool,
    parking: ForParking,
}

/// The part of the state that concerns the choice of processes to park.
#[derive(Default)]
struct ForParking {
    /// True while the process is looked at.
    is_watched: AtomicBool,
    /// True if the next wait is to end without a message.
    is_asked: AtomicBool,
    /// Nanoseconds of the time before the process is parked; 0 at first.
    patience: AtomicU64,
}

/// The output that has not been passed on.
#[derive(Default)]
struct Lines {
    of: [Line; 2],
    /// The place that gathered lines of standard output have in the queue.
    room: Option<Room>,
}

impl Control {
    /// The state of code that runs on the task's own stack. Without a fiber,
    /// [`Control::outside`] runs its work in place.
    pub(crate) fn without_fiber() -> Control {
        Control {
            without_fiber: true,
            ..Control::default()
        }
    }

    /// Returns this state with the span of the process.
    pub(crate) fn within(self, span: Option<Arc<Span>>) -> Control {
        Control { span, ..self }
    }

    /// Both: the span of the process, if anybody wants spans.
    pub(crate) fn span(&self) -> Option<&Arc<Span>> {
        self.span.as_ref()
    }

    /// Fiber: runs work on the task's stack instead of the guest's, which may
    /// be nearly used up, and waits for it.
    pub(crate) async fn outside<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        if self.without_fiber {
            return work.await;
        }
        let result = Arc::new(Mutex::new(None));
        let for_job = Arc::clone(&result);
        *self.job.lock() = Some(Box::pin(async move {
            let value = work.await;
            *for_job.lock() = Some(value);
        }));
        self.has_job.raise();
        poll_fn(|_| match result.lock().take() {
            Some(value) => Poll::Ready(value),
            None => Poll::Pending,
        })
        .await
    }

    /// Fiber: begins to wait until the deadline at most.
    #[inline]
    pub(crate) fn wait_until(&self, deadline: Option<Monotonic>) {
        self.deadline.store(deadline);
        self.timed_out.take();
    }

    /// Fiber: returns true if the deadline came, which ends the wait.
    #[inline]
    pub(crate) fn timed_out(&self) -> bool {
        self.timed_out.take()
    }

    /// Fiber: ends the wait.
    #[inline]
    pub(crate) fn wait_is_over(&self) {
        self.deadline.store(None);
    }

    /// Both: records that the guest waited while other guests ran.
    #[inline]
    pub(crate) fn has_waited(&self) {
        self.waited.raise();
    }

    /// Fiber: returns true if the guest waited since the last call of this
    /// function.
    #[inline]
    pub(crate) fn take_waited(&self) -> bool {
        self.waited.take()
    }

    /// Choice: returns true if the guest has waited since the last call of this function.
    pub(crate) fn take_active(&self) -> bool {
        self.waited.take_for_parking()
    }

    /// Choice: has the guest's wait end without a message. The caller wakes the task.
    pub(crate) fn ask_to_return(&self) {
        self.parking.is_asked.store(true, Ordering::Relaxed);
    }

    /// Choice: returns true if the guest has not noticed that it is asked to return.
    pub(crate) fn is_asked_to_return(&self) -> bool {
        self.parking.is_asked.load(Ordering::Relaxed)
    }

    /// Fiber, task and choice: returns true if the guest is asked to return, and asks no
    /// more.
    pub(crate) fn take_asked_to_return(&self) -> bool {
        self.parking.is_asked.swap(false, Ordering::Relaxed)
    }

    /// Returns true if the process was not looked at before; it is now.
    pub(crate) fn begins_to_be_watched(&self) -> bool {
        !self.parking.is_watched.swap(true, Ordering::SeqCst)
    }

    /// Choice: looks at the process no longer.
    pub(crate) fn is_watched_no_more(&self) {
        self.parking.is_watched.store(false, Ordering::SeqCst);
    }

    /// Returns the time before the process is parked; 0 if it has the usual one.
    pub(crate) fn patience(&self) -> Duration {
        Duration::from_nanos(self.parking.patience.load(Ordering::Relaxed))
    }

    /// Sets the time before the process is parked.
    pub(crate) fn set_patience(&self, time: Duration) {
        let time = nanoseconds(time);
        self.parking.patience.store(time, Ordering::Relaxed);
    }

    /// Task: takes the work that the fiber left.
    #[inline]
    pub(crate) fn take_job(&self) -> Option<Job> {
        if self.has_job.take() {
            self.job.lock().take()
        } else {
            None
        }
    }

    /// Task: the deadline of the fiber's wait.
    #[inline]
    pub(crate) fn deadline(&self) -> Option<Monotonic> {
        self.deadline.load()
    }

    /// Task: tells the fiber that its deadline has come.
    pub(crate) fn time_out(&self) {
        self.deadline.store(None);
        self.timed_out.raise();
    }

    /// Both: the message that is being handled.
    pub(crate) fn cause(&self) -> &Cause {
        &self.cause
    }

    /// Fiber: adds to standard output, and gathers complete lines. Returns the piece
    /// that finds no room in the queue.
    pub(crate) fn gather(&self, bytes: &[u8], output: &Output) -> Option<Vec<u8>> {
        let Lines { of, room } = &mut *self.lines.lock();
        let line = &mut of[Stream::Stdout as usize];
        let piece = line.gather(bytes);
        if piece.is_none() && (!line.is_complete() || room.is_some()) {
            return None;
        }
        let place = room
            .take()
            .map_or_else(|| output.reserve(Stream::Stdout), Ok);
        match (place, piece) {
            (Ok(place), Some(piece)) => {
                line.passed_on(ends_line(&piece));
                output.write_in(place, piece);
                None
            }
            (Ok(place), None) => {
                *room = Some(place);
                self.has_gathered.raise();
                None
            }
            (Err(NoRoom::Full), piece) => piece.or_else(|| line.take_complete()),
            (Err(NoRoom::Closed), _) => {
                line.take_complete();
                None
            }
        }
    }

    /// Both: passes on the lines that [`Control::gather`] has kept. Costs a load if
    /// there are none.
    #[inline]
    pub(crate) fn pass_on_gathered(&self, output: &Output) {
        if self.has_gathered.take() {
            self.pass_on_lines(output);
        }
    }

    #[cold]
    fn pass_on_lines(&self, output: &Output) {
        let Lines { of, room } = &mut *self.lines.lock();
        let line = &mut of[Stream::Stdout as usize];
        if let Some(place) = room.take()
            && let Some(lines) = line.take_complete()
        {
            line.passed_on(true);
            output.write_in(place, lines);
        }
    }

    /// Fiber: adds output, and passes complete lines to `pass_on`. Returns the
    /// piece that `pass_on` gave back.
    pub(crate) fn print(
        &self,
        stream: Stream,
        bytes: &[u8],
        pass_on: impl FnOnce(Vec<u8>) -> Result<(), Vec<u8>>,
    ) -> Option<Vec<u8>> {
        let line = &mut self.lines.lock().of[stream as usize];
        let piece = line.add(bytes)?;
        let ends_line = ends_line(&piece);
        let unsent = pass_on(piece).err();
        if unsent.is_none() {
            line.passed_on(ends_line);
        }
        unsent
    }

    /// Fiber: puts back a piece that [`Control::print`] returned. The piece waits for
    /// [`Control::pass_on`].
    pub(crate) fn put_back(&self, stream: Stream, piece: Vec<u8>) {
        self.lines.lock().of[stream as usize].put_back(piece);
    }

    /// Fiber: returns true if a piece that was put back still waits.
    pub(crate) fn is_waiting(&self, stream: Stream) -> bool {
        self.lines.lock().of[stream as usize].is_waiting()
    }

    /// Fiber: returns true if `bytes` bytes may be added while a piece waits.
    pub(crate) fn has_room(&self, stream: Stream, bytes: usize) -> bool {
        self.lines.lock().of[stream as usize].has_room(bytes)
    }

    /// Fiber: passes the piece that waits to `pass_on`. The piece goes on waiting if
    /// `pass_on` gives it back.
    pub(crate) fn pass_on(
        &self,
        stream: Stream,
        pass_on: impl FnOnce(Vec<u8>) -> Result<(), Vec<u8>>,
    ) {
        self.pass_on_some(stream, Line::take_waiting, pass_on);
    }

    /// Fiber: passes an incomplete line to `pass_on` as well, or makes it wait if
    /// `pass_on` gives it back.
    pub(crate) fn flush(
        &self,
        stream: Stream,
        pass_on: impl FnOnce(Vec<u8>) -> Result<(), Vec<u8>>,
    ) {
        self.pass_on_some(stream, Line::take, pass_on);
    }

    fn pass_on_some(
        &self,
        stream: Stream,
        take: impl FnOnce(&mut Line) -> Option<Vec<u8>>,
        pass_on: impl FnOnce(Vec<u8>) -> Result<(), Vec<u8>>,
    ) {
        let line = &mut self.lines.lock().of[stream as usize];
        let Some(piece) = take(line) else {
            return;
        };
        let ends_line = ends_line(&piece);
        match pass_on(piece) {
            Ok(()) => line.passed_on(ends_line),
            Err(piece) => line.put_back(piece),
        }
    }

    /// Both: takes an incomplete line.
    pub(crate) fn take_line(&self, stream: Stream) -> Option<Vec<u8>> {
        self.lines.lock().of[stream as usize].take()
    }

    /// Task: records that a piece that waited for room has been passed on.
    pub(crate) fn passed_on(&self, stream: Stream, ends_line: bool) {
        self.lines.lock().of[stream as usize].passed_on(ends_line);
    }

    /// Task: takes an incomplete line, and appends a newline.
    pub(crate) fn finish_line(&self, stream: Stream) -> Option<Vec<u8>> {
        self.lines.lock().of[stream as usize].finish()
    }
}

/// A flag that one side raises and the other takes.
#[derive(Default)]
struct Flag(AtomicBool);

impl Flag {
    #[inline]
    fn raise(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Lowers the flag; returns true if it was raised.
    #[inline]
    fn take(&self) -> bool {
        let raised = self.0.load(Ordering::Relaxed);
        if raised {
            self.0.store(false, Ordering::Relaxed);
        }
        raised
    }
}

/// A mark that the fiber leaves when it has waited. The fiber takes it at a preemption, and
/// the choice of processes to park takes a mark of its own.
#[derive(Default)]
struct Waited(AtomicU8);

impl Waited {
    const FOR_FIBER: u8 = 1;
    const FOR_PARKING: u8 = 2;

    #[inline]
    fn raise(&self) {
        let both = Waited::FOR_FIBER | Waited::FOR_PARKING;
        self.0.store(both, Ordering::Relaxed);
    }

    /// Takes the mark for the fiber. A concurrent taker of the other mark may find that one
    /// again, and look at the process once more.
    #[inline]
    fn take(&self) -> bool {
        let raised = self.0.load(Ordering::Relaxed);
        if raised & Waited::FOR_FIBER != 0 {
            self.0.store(raised & !Waited::FOR_FIBER, Ordering::Relaxed);
        }
        raised & Waited::FOR_FIBER != 0
    }

    fn take_for_parking(&self) -> bool {
        let is_raised = self.0.load(Ordering::Relaxed) & Waited::FOR_PARKING != 0;
        if is_raised {
            self.0.fetch_and(!Waited::FOR_PARKING, Ordering::Relaxed);
        }
        is_raised
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{self, Receiver};

    use super::*;
    use crate::output::Sink;

    /// A sink that takes nothing until `go` is dropped, and passes on what it takes.
    struct Unread {
        go: Receiver<()>,
        written: mpsc::Sender<Vec<u8>>,
    }

    impl Sink for Unread {
        fn write(&mut self, _stream: Stream, bytes: &[u8]) {
            // Ends when the other side is dropped.
            let _ = self.go.recv();
            self.written.send(bytes.to_vec()).expect("the test reads");
        }
    }

    #[tokio::test]
    async fn gathered_lines_have_a_place_in_the_queue() {
        let (hold, go) = mpsc::channel();
        let (written, pieces) = mpsc::channel();
        let output = Output::start(Box::new(Unread { go, written })).expect("starts");
        let control = Control::default();
        assert_eq!(control.gather(b"a\n", &output), None);
        let mut filled = 0;
        while output.try_write(Stream::Stdout, b"-".to_vec()).is_ok() {
            filled += 1;
        }
        assert_eq!(control.gather(b"b\nc", &output), None, "there is a place");
        control.pass_on_gathered(&output);
        assert_eq!(control.gather(b"d", &output), None, "no line is complete");
        let unsent = control.gather(b"\n", &output);
        assert_eq!(unsent, Some(b"cd\n".to_vec()), "the queue is full");
        control.pass_on_gathered(&output);
        drop(hold);
        output.flush().await;
        let pieces: Vec<Vec<u8>> = pieces.try_iter().collect();
        let last = pieces.iter().position(|piece| piece == b"a\nb\n");
        assert!(last.is_some_and(|at| at >= filled - 1), "{pieces:?}");
        assert!(pieces.len() <= filled + 1, "{pieces:?}");
    }

    #[tokio::test]
    async fn a_place_is_given_back_with_its_process() {
        let (hold, go) = mpsc::channel();
        let (written, _pieces) = mpsc::channel();
        let output = Output::start(Box::new(Unread { go, written })).expect("starts");
        let controls: Vec<Control> = (0..1_000).map(|_| Control::default()).collect();
        let gather = |control: &Control| control.gather(b"a\n", &output).is_none();
        let places = controls.iter().filter(|control| gather(control)).count();
        assert!(places < controls.len(), "the queue has an end");
        drop(controls);
        assert!(gather(&Control::default()));
        drop(hold);
    }
}
