//! `fs.open` and `fs.sync`: files that are read and written piece by piece.

use std::sync::Arc;

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::Volumes;
use super::mode::Mode;
use super::stream::Opened;
use crate::answer;
use crate::request::Arguments;
use crate::streams::Streams;

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
