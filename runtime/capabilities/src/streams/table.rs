//! The streams of a process, and the trait of all streams.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use warren_engine::capability::{Answer, Computation, Step, Waiting};
use warren_kernel::{Error, Kind};

use crate::answer;

/// The most streams that a process has open.
pub(crate) const MAX_STREAMS: usize = 64;

/// Bytes that a process reads or writes piece by piece.
///
/// A step that computes or waits owns what it needs: the stream may be closed, and dropped,
/// while the step goes on. A stream is closed by its drop, too, at the end of the process.
pub(crate) trait ByteStream: Send + Sync {
    /// Reads up to `most` bytes, at least 1 and at most 64 KiB: the bytes, or nil at the end.
    fn read(&self, most: usize) -> Step {
        let _ = most;
        one_way("writing")
    }

    /// Writes all bytes: their number.
    fn write(&self, bytes: &[u8]) -> Step {
        let _ = bytes;
        one_way("reading")
    }

    /// Hands on what was written and is held back somewhere: true.
    fn flush(&self) -> Step {
        one_way("reading")
    }

    /// Ends the stream: true. Reads and writes that wait fail.
    fn close(&self) -> Step {
        Step::Done(answer::write(|out| out.boolean(true)))
    }

    /// Goes to another position: the new one.
    fn seek(&self, whence: Whence, offset: i64) -> Step {
        let _ = (whence, offset);
        Step::Done(Err(Error::invalid("the stream has one direction: forward")))
    }

    /// Describes the stream, by [`Stat::step`].
    fn stat(&self) -> Step;
}

fn one_way(direction: &str) -> Step {
    let message = format!("the stream is only for {direction}");
    Step::Done(Err(Error::internal(message)))
}

/// The place from which an offset counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Whence {
    /// The start of the stream.
    Start,
    /// The present position.
    Current,
    /// The end of the stream.
    End,
}

/// The description of a stream.
#[derive(Debug, Default)]
pub(crate) struct Stat {
    /// The number of bytes, if it is known.
    pub(crate) size: Option<u64>,
    /// The number of bytes before the next one that is read or written.
    pub(crate) position: u64,
    pub(crate) readable: bool,
    pub(crate) writable: bool,
    pub(crate) seekable: bool,
}

impl Stat {
    /// Returns the step that answers with the description.
    pub(crate) fn step(&self) -> Step {
        let number = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        Step::Done(answer::write(|out| {
            out.map(5)?;
            out.string(b"size")?;
            out.integer(self.size.map_or(-1, number))?;
            out.string(b"position")?;
            out.integer(number(self.position))?;
            for (name, is_so) in [
                ("readable", self.readable),
                ("writable", self.writable),
                ("seekable", self.seekable),
            ] {
                out.string(name.as_bytes())?;
                out.boolean(is_so)?;
            }
            Ok(())
        }))
    }
}

/// Returns the answer of a read: bytes, or nil at the end.
pub(crate) fn bytes_or_end(bytes: Option<&[u8]>) -> Answer {
    answer::write(|out| match bytes {
        Some(bytes) => out.string(bytes),
        None => out.nil(),
    })
}

/// Returns the error of a stream that is closed.
pub(crate) fn closed() -> Error {
    Error::internal("the stream is closed")
}

/// The streams that a process has open, by number. The streams are dropped with the code of
/// the process.
#[derive(Default)]
pub(crate) struct Streams(Mutex<Table>);

#[derive(Default)]
struct Table {
    /// The last number that was given. No number is given twice.
    last: u32,
    open: HashMap<u32, Open>,
}

struct Open {
    stream: Arc<dyn ByteStream>,
    /// True while an operation on the stream goes on.
    is_busy: Arc<AtomicBool>,
}

impl Streams {
    /// Gives a stream a number.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the process has [`MAX_STREAMS`] streams open.
    pub(crate) fn open(&self, stream: Arc<dyn ByteStream>) -> Result<u32, Error> {
        let mut table = self.0.lock();
        if table.open.len() >= MAX_STREAMS {
            let message = format!("the process has reached max_streams = {MAX_STREAMS}");
            let most = MAX_STREAMS as u64;
            return Err(Error::at_limit(
                Kind::RateLimited,
                "max_streams",
                most,
                message,
            ));
        }
        let number = table.last.checked_add(1);
        let number = number.ok_or_else(|| Error::internal("the process has no stream numbers"))?;
        table.last = number;
        let is_busy = Arc::default();
        table.open.insert(number, Open { stream, is_busy });
        Ok(number)
    }

    /// Returns an open stream.
    ///
    /// # Errors
    ///
    /// `Internal` if the stream is closed; `Invalid` if it never was.
    pub(crate) fn get(&self, number: u32) -> Result<Arc<dyn ByteStream>, Error> {
        let table = self.0.lock();
        let open = table.find(number)?;
        Ok(Arc::clone(&open.stream))
    }

    /// Takes a stream out of the table, if it is open. The caller closes or drops the stream.
    pub(crate) fn close(&self, number: u32) -> Option<Arc<dyn ByteStream>> {
        let open = self.0.lock().open.remove(&number)?;
        Some(open.stream)
    }

    /// Runs an operation on a stream, which has one at a time.
    ///
    /// # Errors
    ///
    /// Those of [`Streams::get`]; `Conflict` while another operation goes on.
    pub(crate) fn alone(
        &self,
        number: u32,
        operation: impl FnOnce(&dyn ByteStream) -> Step,
    ) -> Result<Step, Error> {
        let (stream, claim) = {
            let table = self.0.lock();
            let open = table.find(number)?;
            (Arc::clone(&open.stream), Claim::of(&open.is_busy)?)
        };
        Ok(claim.until_the_end_of(operation(&*stream)))
    }

    /// Returns true if the number was given.
    pub(crate) fn was_open(&self, number: u32) -> bool {
        self.0.lock().has_given(number)
    }
}

impl Table {
    fn find(&self, number: u32) -> Result<&Open, Error> {
        self.open.get(&number).ok_or_else(|| {
            if self.has_given(number) {
                closed()
            } else {
                never_was(i64::from(number))
            }
        })
    }

    fn has_given(&self, number: u32) -> bool {
        (1..=self.last).contains(&number)
    }
}

/// Returns the error of a number that no stream has had.
pub(super) fn never_was(number: i64) -> Error {
    Error::invalid(format!("stream {number} does not exist"))
}

/// An operation on a stream. Its drop lets the next one begin.
struct Claim(Arc<AtomicBool>);

impl Claim {
    fn of(is_busy: &Arc<AtomicBool>) -> Result<Claim, Error> {
        if is_busy.swap(true, Ordering::Acquire) {
            let message = "another coroutine reads or writes the stream";
            return Err(Error::new(Kind::Conflict, message));
        }
        Ok(Claim(Arc::clone(is_busy)))
    }

    fn until_the_end_of(self, step: Step) -> Step {
        match step {
            Step::Compute(Computation { memory, run }) => Step::compute(memory, move |progress| {
                let _claim = self;
                run(progress)
            }),
            Step::Wait(Waiting { memory, run }) => Step::wait(memory, move |charge| async move {
                let _claim = self;
                run(charge).await
            }),
            step => step,
        }
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}
