//! The program's output, on the standard streams of the command.

use std::io::{self, Write};

use tokio::sync::mpsc;
use warren::{Sink, Stream};

/// Writes the output of processes. A failure of standard output is reported
/// once; later output is dropped.
pub(crate) struct StandardStreams {
    /// Present while standard output works.
    failed: Option<mpsc::Sender<io::Error>>,
}

/// The failure of standard output, once it happens.
pub(crate) struct OutputLost(mpsc::Receiver<io::Error>);

/// Returns the standard streams, and a receiver of their failure.
pub(crate) fn standard_streams() -> (StandardStreams, OutputLost) {
    let (sender, receiver) = mpsc::channel(1);
    let streams = StandardStreams {
        failed: Some(sender),
    };
    (streams, OutputLost(receiver))
}

impl OutputLost {
    /// Waits until standard output fails; for ever if it does not.
    pub(crate) async fn wait(&mut self) -> io::Error {
        match self.0.recv().await {
            Some(error) => error,
            None => std::future::pending().await,
        }
    }

    /// Returns the failure, if there was one.
    pub(crate) fn now(&mut self) -> Option<io::Error> {
        self.0.try_recv().ok()
    }
}

impl StandardStreams {
    fn write_to(&mut self, out: &mut dyn Write, bytes: &[u8]) {
        if self.failed.is_none() {
            return;
        }
        let written = out.write_all(bytes).and_then(|()| out.flush());
        if let Err(error) = written
            && let Some(failed) = self.failed.take()
        {
            // Refused only if the receiver is gone: the command is ending.
            let _ = failed.try_send(error);
        }
    }
}

impl Sink for StandardStreams {
    fn write(&mut self, stream: Stream, bytes: &[u8]) {
        match stream {
            Stream::Stdout => self.write_to(&mut io::stdout().lock(), bytes),
            // A failure of standard error cannot be reported anywhere.
            Stream::Stderr => {
                let _ = io::stderr().lock().write_all(bytes);
            }
        }
    }

    fn split_stderr(&mut self) -> Option<Box<dyn Sink>> {
        Some(Box::new(StandardStreams { failed: None }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Broken;

    impl Write for Broken {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test]
    async fn the_first_failure_is_told() {
        let (mut streams, mut lost) = standard_streams();
        let mut good = Vec::new();
        streams.write_to(&mut good, b"a\n");
        assert!(lost.now().is_none());
        streams.write_to(&mut Broken, b"b\n");
        streams.write_to(&mut good, b"c\n");
        assert_eq!(lost.wait().await.kind(), io::ErrorKind::BrokenPipe);
        assert_eq!(good, b"a\n");
    }
}
