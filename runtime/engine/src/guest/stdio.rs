//! The operations of `warren:process/stdio` and `logger`.

use std::io::{self, Read};
use std::sync::Arc;

use warren_kernel::Error;

use super::Guest;
use crate::blocking;
use crate::log::{Level, MAX_LOGGED, Origin, Record, shortened};
use crate::output::{Stream, ends_line};

/// The most bytes of one read of standard input.
const MAX_READ: usize = 64 * 1024;

impl Guest {
    /// Adds bytes to a stream. Returns the bytes that had no room in the queue; the
    /// caller passes them to [`Guest::write_slowly`].
    #[inline]
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) -> Option<Vec<u8>> {
        let output = &self.shared.output;
        match stream {
            Stream::Stdout => self.control.gather(bytes, output),
            Stream::Stderr => {
                self.lines_first();
                self.control
                    .print(stream, bytes, |piece| output.try_write(stream, piece))
            }
        }
    }

    /// Passes on the complete lines that the guest has printed. To be called before
    /// another process or stream can show an effect of what the guest does next.
    #[inline]
    pub(crate) fn lines_first(&self) {
        self.control.pass_on_gathered(&self.shared.output);
    }

    /// Waits for room, and adds the bytes that [`Guest::write`] returned.
    pub(crate) async fn write_slowly(&mut self, stream: Stream, bytes: Vec<u8>) {
        let ends_line = ends_line(&bytes);
        let (output, control) = (Arc::clone(&self.shared.output), Arc::clone(&self.control));
        self.control
            .outside(async move {
                output.write(stream, bytes).await;
                control.passed_on(stream, ends_line);
            })
            .await;
    }

    /// Passes an incomplete line to the output.
    pub(crate) async fn flush(&mut self, stream: Stream) {
        self.lines_first();
        if let Some(line) = self.control.take_line(stream) {
            self.write_slowly(stream, line).await;
        }
    }

    /// Reads at most `max` bytes of standard input; none at its end. Writes an
    /// incomplete line of standard output first, which is the prompt.
    pub(crate) async fn read(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        if !self.is_first() {
            return Err(Error::new(
                warren_kernel::Kind::PermissionDenied,
                "only the program's first process reads standard input",
            ));
        }
        self.flush(Stream::Stdout).await;
        let read = blocking::spawn(&self.shared.tokio, move || read_input(max));
        let read = self.control.outside(read).await;
        match read {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => {
                let refusal = Error::new(
                    warren_kernel::Kind::Unavailable,
                    format!("cannot read standard input: {error}"),
                );
                let errno = error.raw_os_error().and_then(|it| u64::try_from(it).ok());
                Err(match errno {
                    Some(errno) => refusal.with("errno", errno),
                    None => refusal,
                })
            }
            Err(error) => Err(Error::internal(format!(
                "cannot read standard input: {error}"
            ))),
        }
    }

    /// Adds one record to the log. The level is checked off the guest's stack.
    /// [`Log::write`](crate::log::Log::write) describes how it waits for room.
    pub(crate) async fn log(
        &mut self,
        level: Level,
        name: String,
        message: String,
        fields: Option<Vec<u8>>,
    ) {
        let process = self.process().ok().cloned();
        let origin = Origin {
            pid: process
                .as_ref()
                .map_or_else(|| "".into(), |process| Arc::clone(process.text())),
            frame: self
                .inherited()
                .map_or_else(|_| "".into(), |inherited| Arc::clone(&inherited.frame)),
            definition: Arc::clone(&self.run.program.definition.id),
            trace: self
                .inherited()
                .ok()
                .and_then(|inherited| inherited.trace.clone()),
        };
        let shared = Arc::clone(&self.shared);
        let trace = self.control.cause().get();
        let record = async move {
            if !shared.wants_log(level) {
                return;
            }
            let record = Record::Said {
                level,
                logger: (!name.is_empty()).then(|| shortened(name)),
                message: shortened(message),
                fields: fields.filter(|bytes| bytes.len() <= MAX_LOGGED),
                trace,
            };
            shared.log_slowly(process.as_deref(), origin, record).await;
        };
        self.control.outside(record).await;
    }
}

/// Reads some bytes of the command's standard input, at most `max`; none at its end. Blocks.
pub(crate) fn read_input(max: usize) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; max.min(MAX_READ)];
    let mut input = io::stdin().lock();
    let n = loop {
        match input.read(&mut bytes) {
            // A signal came before any bytes were read.
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            read => break read?,
        }
    };
    bytes.truncate(n);
    Ok(bytes)
}
