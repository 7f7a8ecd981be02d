//! The capability `stream`: bytes that a process reads and writes piece by piece.
//!
//! A stream is a number of its process, as a body of HTTP or a file is. It ends with the
//! code of the process, and cannot cross to another one. Between the two sides of a pipe are
//! at most 64 KiB:
//!
//! ```text
//!  stream.write ──> Writer ──> at most 64 KiB ──> Reader ──> a socket, or stream.read
//!      waits for room                                waits for bytes
//! ```
//!
//! Other capabilities open streams in [`Streams`], the state of the calling process.
//! `stream.pipe` opens both sides of a pipe.

pub(crate) mod pipe;
pub(crate) mod table;

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::Error;

use crate::answer;
use crate::quota::{Held, Quota};
use crate::request::Arguments;
use pipe::MAX_BUFFERED;
use table::never_was;

pub(crate) use pipe::{Reader, Writer, pipe};
pub(crate) use table::{ByteStream, Streams, Whence};

/// See [the module](self).
pub(crate) struct Stream {
    pipes: Arc<Quota>,
}

/// The most pipes of one process by `stream.pipe`.
const MAX_PIPES: usize = 16;

/// The most pipes of the processes of one host by `stream.pipe`.
const MAX_PIPES_OF_HOST: usize = 1_024;

impl Default for Stream {
    fn default() -> Self {
        Stream {
            pipes: Quota::new("max_pipes", MAX_PIPES, MAX_PIPES_OF_HOST),
        }
    }
}

impl Capability for Stream {
    fn name(&self) -> &'static str {
        "stream"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "read" => read(caller, request),
            "write" => write(caller, request),
            "flush" => flush(caller, request),
            "seek" => seek(caller, request),
            "stat" => stat(caller, request),
            "close" => close(caller, request),
            "drop" => drop_one(caller, request),
            "pipe" => self.pipe(caller).map(|answer| Step::Done(Ok(answer))),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// `stream.read(number, most = 65536)`: up to `most` bytes, or nil at the end.
fn read(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let number = number(&mut arguments)?;
    let most = arguments.integer_or("most", MAX_BUFFERED as i64)?;
    let most = usize::try_from(most).ok().filter(|most| *most > 0);
    let most = most.ok_or_else(|| Error::invalid("most is not above 0"))?;
    let most = most.min(MAX_BUFFERED);
    streams(caller)?.alone(number, |stream| stream.read(most))
}

/// `stream.write(number, bytes)`: the number of bytes, once all are written.
fn write(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let number = number(&mut arguments)?;
    let bytes = arguments.bytes("bytes")?;
    streams(caller)?.alone(number, |stream| stream.write(bytes))
}

/// `stream.flush(number)`: true.
fn flush(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = number(&mut Arguments::new(request)?)?;
    streams(caller)?.alone(number, |stream| stream.flush())
}

/// `stream.seek(number, whence = "cur", offset = 0)`: the new position.
fn seek(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let number = number(&mut arguments)?;
    let whence = match arguments.text_or_nil("whence")? {
        Some("set") => Whence::Start,
        None | Some("cur") => Whence::Current,
        Some("end") => Whence::End,
        Some(_) => return Err(Error::invalid("whence: expected set, cur or end")),
    };
    let offset = arguments.integer_or("offset", 0)?;
    streams(caller)?.alone(number, |stream| stream.seek(whence, offset))
}

/// `stream.stat(number)`: a map of `size`, -1 if it is not known, `position`, `readable`,
/// `writable` and `seekable`.
fn stat(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = number(&mut Arguments::new(request)?)?;
    let stream = streams(caller)?.get(number)?;
    Ok(stream.stat())
}

/// `stream.close(number)`: true, for a stream that is closed already, too.
fn close(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = number(&mut Arguments::new(request)?)?;
    let streams = streams(caller)?;
    match streams.close(number) {
        Some(stream) => Ok(stream.close()),
        None if streams.was_open(number) => Ok(Step::Done(answer::write(|out| out.boolean(true)))),
        None => Err(never_was(i64::from(number))),
    }
}

/// `stream.drop(number)`: true. Closes a stream, and waits for nothing: what the end of the
/// process does to all of them.
fn drop_one(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = number(&mut Arguments::new(request)?)?;
    let stream = streams(caller)?.close(number);
    drop(stream);
    Ok(Step::Done(answer::write(|out| out.boolean(true))))
}

impl Stream {
    /// `stream.pipe()`: the numbers of a reader and a writer. What is written to the one is
    /// read from the other.
    fn pipe(&self, caller: &mut dyn Caller) -> Answer {
        let held = Arc::new(self.pipes.take(caller)?);
        let streams = streams(caller)?;
        let (writer, reader): (Writer, Reader) = pipe();
        let reader = streams.open(Arc::new(Counted {
            end: reader,
            _held: Arc::clone(&held),
        }))?;
        let writer = Arc::new(Counted {
            end: writer,
            _held: held,
        });
        let writer = match streams.open(writer) {
            Ok(writer) => writer,
            Err(error) => {
                streams.close(reader);
                return Err(error);
            }
        };
        answer::write(|out| {
            out.array(2)?;
            out.integer(i64::from(reader))?;
            out.integer(i64::from(writer))
        })
    }
}

/// A side of a pipe that counts against a quota until both sides are gone.
struct Counted<T> {
    end: T,
    _held: Arc<Held>,
}

impl<T: ByteStream> ByteStream for Counted<T> {
    fn read(&self, most: usize) -> Step {
        self.end.read(most)
    }

    fn write(&self, bytes: &[u8]) -> Step {
        self.end.write(bytes)
    }

    fn flush(&self) -> Step {
        self.end.flush()
    }

    fn close(&self) -> Step {
        self.end.close()
    }

    fn seek(&self, whence: Whence, offset: i64) -> Step {
        self.end.seek(whence, offset)
    }

    fn stat(&self) -> Step {
        self.end.stat()
    }
}

fn streams(caller: &mut dyn Caller) -> Result<Arc<Streams>, Error> {
    caller.kept().state(Streams::default)
}

/// Reads the number of a stream.
fn number(arguments: &mut Arguments<'_>) -> Result<u32, Error> {
    let number = arguments.integer("stream")?;
    u32::try_from(number).map_err(|_| never_was(number))
}

#[cfg(test)]
mod tests;
