//! The last lines of output of an instance, which its guest left without a newline.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::output::Stream;

/// A line that waits for room in the queue of its stream.
pub(super) type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Passes on the last incomplete lines of a process. If `complete`, appends a
/// newline, so that the line does not run into a line of another process; the
/// output of the first process is not changed.
///
/// Returns the lines that had no room in the queue.
pub(super) fn pass_on(
    shared: &Shared,
    control: &Control,
    complete: bool,
) -> Vec<(Stream, Vec<u8>)> {
    let mut unwritten = Vec::new();
    for stream in [Stream::Stdout, Stream::Stderr] {
        let line = match complete {
            true => control.finish_line(stream),
            false => control.take_line(stream),
        };
        if let Some(line) = line {
            let rest = shared.output.try_write(stream, line).err();
            unwritten.extend(rest.map(|line| (stream, line)));
        }
    }
    unwritten
}

/// Queues lines for room in the output, ahead of later output about the end of their
/// process.
pub(super) async fn queue_for_room(shared: &Shared, lines: Vec<(Stream, Vec<u8>)>) -> Vec<Waiting> {
    let mut queued = Vec::new();
    for (stream, line) in lines {
        let mut written: Waiting = Box::pin(Arc::clone(&shared.output).write_left(stream, line));
        // The first poll takes a position in the queue.
        if poll_fn(|cx| Poll::Ready(written.as_mut().poll(cx)))
            .await
            .is_pending()
        {
            queued.push(written);
        }
    }
    queued
}

/// Writes lines when there is room for them.
pub(super) async fn write(shared: &Shared, lines: Vec<(Stream, Vec<u8>)>) {
    for (stream, line) in lines {
        shared.output.write(stream, line).await;
    }
}
