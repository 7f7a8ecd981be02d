//! The standard streams of a component.

use std::sync::Arc;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::async_trait;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError, StreamResult};

use crate::guest::control::Control;
use crate::output::{Output, PIECE, Stream};

/// A standard stream, which the component may open any number of times. All write
/// to the process's one line.
#[derive(Clone)]
pub(super) struct Stdio {
    output: Arc<Output>,
    control: Arc<Control>,
    stream: Stream,
}

impl Stdio {
    pub(super) fn new(output: Arc<Output>, control: Arc<Control>, stream: Stream) -> Stdio {
        Stdio {
            output,
            control,
            stream,
        }
    }
}

impl IsTerminal for Stdio {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Stdio {
    /// For WASI 0.3, which is not linked.
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(tokio::io::sink())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(Opened(self.clone()))
    }
}

/// A stream that was opened. Handles are many, and the line is one: the line keeps
/// what waits for room.
struct Opened(Stdio);

impl Opened {
    /// Passes on what waits, if there is room.
    fn pass_on(&self) {
        let Stdio {
            output,
            control,
            stream,
        } = &self.0;
        control.pass_on(*stream, |piece| output.try_write(*stream, piece));
    }

    fn is_waiting(&self) -> bool {
        self.0.control.is_waiting(self.0.stream)
    }
}

#[async_trait]
impl Pollable for Opened {
    async fn ready(&mut self) {
        while self.is_waiting() {
            if !self.0.output.room(self.0.stream).await {
                // Nobody waits for this stream any more.
                self.0.control.take_line(self.0.stream);
            }
            self.pass_on();
        }
    }
}

#[async_trait]
impl OutputStream for Opened {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        if bytes.len() > PIECE {
            return Err(StreamError::trap(
                "write: more bytes than check-write permits",
            ));
        }
        let Stdio {
            output,
            control,
            stream,
        } = &self.0;
        // Another handle may have used up the room since this one was permitted to
        // write.
        if !control.has_room(*stream, bytes.len()) {
            return Err(StreamError::LastOperationFailed(wasmtime::format_err!(
                "write: too many bytes of this process wait for the reader of the stream: wait \
                 until check-write permits more"
            )));
        }
        let try_write = |piece| output.try_write(*stream, piece);
        if let Some(unsent) = control.print(*stream, &bytes, try_write) {
            control.put_back(*stream, unsent);
        }
        // libc buffers no standard error.
        if *stream == Stream::Stderr {
            control.flush(*stream, try_write);
        }
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        let Stdio {
            output,
            control,
            stream,
        } = &self.0;
        control.flush(*stream, |piece| output.try_write(*stream, piece));
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(if self.is_waiting() { 0 } else { PIECE })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::mpsc::{self, Receiver, Sender};

    use super::*;
    use crate::output::{MAX_KEPT, Sink};

    type Written = Arc<Mutex<Vec<u8>>>;

    /// A sink that takes nothing until `go` is dropped.
    struct Unread {
        go: Receiver<()>,
        written: Written,
    }

    impl Sink for Unread {
        fn write(&mut self, _stream: Stream, bytes: &[u8]) {
            // Ends when the other side is dropped.
            let _ = self.go.recv();
            let mut written = self.written.lock().expect("no writer panics");
            written.extend_from_slice(bytes);
        }
    }

    /// A stream whose queue is full until the first value is dropped, and what it has
    /// written.
    fn unread(stream: Stream) -> (Sender<()>, Written, Arc<Output>, Stdio) {
        let (hold, go) = mpsc::channel();
        let written = Written::default();
        let output = Output::start(Box::new(Unread {
            go,
            written: Arc::clone(&written),
        }))
        .expect("starts");
        while output.try_write(stream, b"q".to_vec()).is_ok() {}
        let control = Arc::new(Control::default());
        let stdio = Stdio::new(Arc::clone(&output), control, stream);
        (hold, written, output, stdio)
    }

    #[tokio::test]
    async fn output_through_many_handles_is_bounded_and_not_lost() {
        for stream in [Stream::Stdout, Stream::Stderr] {
            let (hold, written, output, stdio) = unread(stream);
            let mut handles: Vec<_> = (0..100_u8).map(|n| (n, stdio.p2_stream())).collect();
            for (_, handle) in &mut handles {
                assert_eq!(handle.check_write().expect("it is open"), PIECE);
            }
            let mut accepted = Vec::new();
            for (n, handle) in &mut handles {
                let mut piece = vec![*n; PIECE - 1];
                piece.push(b'\n');
                match handle.write(piece.clone().into()) {
                    Ok(()) => accepted.extend(piece),
                    Err(StreamError::LastOperationFailed(_)) => {}
                    Err(error) => panic!("{error}"),
                }
            }
            // The thread that writes may have made room for one piece of the queue.
            let most = 2 * MAX_KEPT;
            assert!((MAX_KEPT..=most).contains(&accepted.len()));
            let (_, first) = &mut handles[0];
            assert_eq!(first.check_write().expect("it is open"), 0);
            assert!(first.write(vec![0; PIECE].into()).is_err());
            drop(hold);
            let (_, other) = &mut handles[1];
            other.ready().await;
            assert_eq!(other.check_write().expect("it is open"), PIECE);
            output.flush().await;
            let written = written.lock().expect("no writer panics");
            let written: Vec<u8> = written
                .iter()
                .copied()
                .skip_while(|it| *it == b'q')
                .collect();
            assert!(
                written == accepted,
                "{} of {}",
                written.len(),
                accepted.len()
            );
        }
    }

    #[tokio::test]
    async fn a_flush_through_one_handle_is_waited_for_by_the_others() {
        let (hold, written, output, stdio) = unread(Stream::Stdout);
        let [mut one, mut other] = [stdio.p2_stream(), stdio.p2_stream()];
        one.write("a".into()).expect("it is permitted");
        assert_eq!(other.check_write().expect("it is open"), PIECE);
        one.flush().expect("it is open");
        assert_eq!(other.check_write().expect("it is open"), 0);
        // Permitted before the flush.
        other.write("b".into()).expect("there is room");
        drop(hold);
        other.ready().await;
        output.flush().await;
        let written = written.lock().expect("no writer panics");
        assert!(written.ends_with(b"qab"));
    }
}
