//! The operations of `warren:process/stdio` and `logger`.

use std::io::Read;

use warren_kernel::Error;

use super::Guest;
use crate::output::Stream;

/// The most one read of standard input gives.
const MAX_READ: usize = 64 * 1024;

/// How much a log record matters.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Guest {
    /// Adds bytes to a stream; what is left over had no room in the queue and
    /// is to be passed to [`Guest::write_slowly`].
    #[inline]
    pub(crate) fn write(&self, stream: Stream, bytes: &[u8]) -> Option<Vec<u8>> {
        let complete = self.control.add_output(stream, bytes)?;
        self.node.output().try_write(stream, complete).err()
    }

    /// The rest of a [`Guest::write`], when there is room.
    pub(crate) async fn write_slowly(&mut self, stream: Stream, bytes: Vec<u8>) {
        let node = std::sync::Arc::clone(&self.node);
        self.control
            .outside(async move { node.output().write(stream, bytes).await })
            .await;
    }

    /// At most `max` bytes of standard input, none at its end.
    pub(crate) async fn read(&mut self, max: usize) -> Result<Vec<u8>, Error> {
        if !self.is_first() {
            return Err(Error::new(
                warren_kernel::Kind::PermissionDenied,
                "only the program's first process reads standard input",
            ));
        }
        let max = max.min(MAX_READ);
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = vec![0; max];
            let n = std::io::stdin().lock().read(&mut bytes)?;
            bytes.truncate(n);
            Ok::<_, std::io::Error>(bytes)
        });
        let read = self.control.outside(read).await;
        match read {
            Ok(Ok(bytes)) => Ok(bytes),
            Ok(Err(error)) => Err(Error::new(
                warren_kernel::Kind::Unavailable,
                format!("standard input cannot be read: {error}"),
            )),
            Err(error) => Err(Error::internal(format!("reading standard input: {error}"))),
        }
    }

    /// Writes one record to the log.
    pub(crate) fn log(&self, level: Level, name: &str, message: &str, fields: Option<&[u8]>) {
        let pid = self.process().map_or("", |process| process.text());
        let frame = self.inherited().map_or("", |inherited| &inherited.frame);
        let definition = &*self.run.program.definition.id;
        let fields = fields.and_then(|bytes| crate::codec::read(bytes).ok());
        let fields = fields.as_ref().map(tracing::field::display);
        let logger = (!name.is_empty()).then_some(name);
        macro_rules! record {
            ($level:expr) => {
                tracing::event!(target: "warren::process", $level, pid, frame, definition, logger, fields, "{message}")
            };
        }
        match level {
            Level::Debug => record!(tracing::Level::DEBUG),
            Level::Info => record!(tracing::Level::INFO),
            Level::Warn => record!(tracing::Level::WARN),
            Level::Error => record!(tracing::Level::ERROR),
        }
    }
}
