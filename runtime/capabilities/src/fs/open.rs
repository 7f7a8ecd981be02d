//! `fs.open` and `fs.sync`: files that are read and written piece by piece.

use std::sync::Arc;

use cap_std::fs::OpenOptions;
use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::stream::Opened;
use super::{Access, Volumes};
use crate::answer;
use crate::request::Arguments;
use crate::streams::Streams;

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// To read what is there.
    Read,
    /// To write in place of what is there, or a file that is made.
    Write,
    /// To write behind what is there, or a file that is made.
    Append,
    /// To read and write what is there, or a file that is made.
    Both,
    /// To write a file that is made.
    Create,
}

impl Mode {
    /// Reads a mode.
    pub(super) fn of(word: &str) -> Result<Mode, Error> {
        match word {
            "r" => Ok(Mode::Read),
            "w" => Ok(Mode::Write),
            "a" => Ok(Mode::Append),
            "rw" => Ok(Mode::Both),
            "wx" => Ok(Mode::Create),
            _ => Err(Error::invalid("mode: expected r, w, a, rw or wx")),
        }
    }

    pub(super) fn access(self) -> Access {
        match self {
            Mode::Read => Access::Read,
            Mode::Both => Access::Both,
            Mode::Write | Mode::Append | Mode::Create => Access::Write,
        }
    }

    /// Returns the options for a file that exists.
    pub(super) fn options(self) -> OpenOptions {
        let mut options = OpenOptions::new();
        options
            .read(self.access() != Access::Write)
            .write(self.access() != Access::Read && self != Mode::Append)
            .append(self == Mode::Append);
        options
    }
}

/// `fs.open(id, path, mode = "r")`: the number of a stream.
pub(super) fn open(
    volumes: &Volumes,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let mut mode = Mode::Read;
    let place = volumes.place(caller, &mut arguments, |arguments| {
        mode = Mode::of(arguments.text_or_nil("mode")?.unwrap_or("r"))?;
        Ok(mode.access())
    })?;
    let counted = (volumes.0.files.take(caller)?, caller.open_file()?);
    let streams = caller.kept().state(Streams::default)?;
    let threads = volumes.threads(caller);
    Ok(Step::wait(0, move |_| async move {
        let of_stream = threads.clone();
        let opening = move || {
            let open = match mode {
                Mode::Read => place.open_file(&mut mode.options()),
                mode => place.open_to_change(mode),
            };
            Ok(Opened::new(open?, mode, counted))
        };
        let opened = threads.run(opening).await?;
        let number = streams.open(Arc::new(opened.stream(of_stream)))?;
        answer::write(|out| out.integer(i64::from(number)))
    }))
}

/// `fs.sync(stream)`: true once what was written to a file is on the disk.
pub(super) fn sync(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let number = Arguments::new(request)?.integer("stream")?;
    let number = u32::try_from(number)
        .map_err(|_| Error::invalid(format!("stream {number} does not exist")))?;
    let streams = caller.kept().state(Streams::default)?;
    streams.alone(number, |stream| stream.sync())
}
