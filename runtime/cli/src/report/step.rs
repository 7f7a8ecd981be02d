//! A step of a command that takes seconds: on a terminal a line that counts them, and one
//! line in the end.

use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use warren::text;

use crate::report::failure::Look;
use crate::report::stderr;

/// Returns to the beginning of the line on a terminal, and clears it.
const CLEAR: &str = "\r\x1b[2K";

/// Time between two counts.
const TICK: Duration = Duration::from_secs(1);

/// A step that has begun. Dropped before [`Step::end`], it leaves no line.
#[derive(Debug)]
pub(crate) struct Step {
    title: String,
    begun: Instant,
    /// Counts on a terminal.
    counter: Option<Counter>,
}

#[derive(Debug)]
struct Counter {
    /// Dropped to stop the thread.
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Step {
    /// Begins a step; `title` says what is done.
    pub(crate) fn begin(title: &str) -> Step {
        let title = text::line(title).to_string();
        let counter = Look::of_stderr().fancy.then(|| Counter::start(&title));
        Step {
            title,
            begun: Instant::now(),
            counter: counter.flatten(),
        }
    }

    /// Ends the step; `result` says what came of it.
    pub(crate) fn end(mut self, result: &str) {
        self.clear();
        stderr::write(&line(&self.title, result, self.begun.elapsed()));
    }

    fn clear(&mut self) {
        if let Some(Counter { stop, thread }) = self.counter.take() {
            drop(stop);
            // It only counts.
            let _ = thread.join();
            stderr::write(CLEAR);
        }
    }
}

impl Drop for Step {
    fn drop(&mut self) {
        self.clear();
    }
}

impl Counter {
    /// Starts to count; `None` if the system gives no thread.
    fn start(title: &str) -> Option<Counter> {
        let (stop, stopped) = mpsc::channel::<()>();
        let title = title.to_owned();
        let count = move || {
            for seconds in 0_u64.. {
                stderr::write(&format!("{CLEAR}{title} ... {seconds} s"));
                if stopped.recv_timeout(TICK) != Err(RecvTimeoutError::Timeout) {
                    return;
                }
            }
        };
        let thread = thread::Builder::new()
            .name("warren-step".into())
            .spawn(count);
        thread.ok().map(|thread| Counter { stop, thread })
    }
}

fn line(title: &str, result: &str, took: Duration) -> String {
    let seconds = took.as_secs_f64();
    let result = text::line(result);
    format!("{title}: {result} in {seconds:.1} s\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_has_title_result_and_time() {
        let shown = line(
            "building x.js",
            "11.9 MiB\u{1b}",
            Duration::from_millis(4_230),
        );
        assert_eq!(shown, "building x.js: 11.9 MiB\\u{1b} in 4.2 s\n");
    }
}
