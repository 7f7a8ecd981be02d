//! Standard error of the command, which may have no reader.
//!
//! Log lines and notices wait in a bounded queue for a thread that writes them.
//! Lines that find no room are counted, and the count is logged when standard
//! error is read again. There is one queue per OS process, as there is one
//! standard error.

use std::cell::Cell;
use std::collections::VecDeque;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use tracing_subscriber::fmt::MakeWriter;

/// Bytes that may wait.
const QUEUE: usize = 1 << 20;

static QUEUED: Queue = Queue {
    state: Mutex::new(State {
        texts: VecDeque::new(),
        bytes: 0,
        writing: false,
        lost: 0,
    }),
    wanted: Condvar::new(),
    written: Condvar::new(),
};

/// True if the thread runs; without it, writers write and wait themselves.
static THREAD: OnceLock<bool> = OnceLock::new();

struct Queue {
    state: Mutex<State>,
    /// Wakes the thread.
    wanted: Condvar,
    /// Wakes the callers that wait until all is written.
    written: Condvar,
}

struct State {
    texts: VecDeque<Vec<u8>>,
    bytes: usize,
    writing: bool,
    lost: u64,
}

thread_local! {
    /// True on the writing thread.
    static WRITES: Cell<bool> = const { Cell::new(false) };
}

/// Writes a log line, or counts it as lost. Never waits for a reader.
pub(crate) fn write_line(line: &[u8]) {
    add(line, QUEUE);
}

/// Writes a notice that must not be lost. Never waits for a reader.
pub(crate) fn write(text: &str) {
    add(text.as_bytes(), usize::MAX);
}

fn add(text: &[u8], limit: usize) {
    if !*THREAD.get_or_init(start) {
        return write_through(text);
    }
    let mut state = QUEUED.state.lock();
    if state.bytes.saturating_add(text.len()) > limit {
        state.lost += 1;
        return;
    }
    state.bytes += text.len();
    state.texts.push_back(text.to_vec());
    drop(state);
    QUEUED.wanted.notify_one();
}

/// Waits until everything is written, for `patience` at most if given.
pub(crate) fn finish(patience: Option<Duration>) {
    let begun = Instant::now();
    let mut state = QUEUED.state.lock();
    while !state.is_written() {
        let left = match patience {
            Some(patience) => patience.saturating_sub(begun.elapsed()),
            None => Duration::MAX,
        };
        if left.is_zero() {
            return;
        }
        QUEUED.written.wait_for(&mut state, left);
    }
}

/// Starts the thread.
fn start() -> bool {
    let thread = thread::Builder::new().name("warren-stderr".into());
    thread.spawn(work).is_ok()
}

fn work() {
    WRITES.set(true);
    let mut state = QUEUED.state.lock();
    loop {
        state.writing = false;
        if state.is_written() {
            QUEUED.written.notify_all();
        }
        let text = match state.texts.pop_front() {
            Some(text) => text,
            None if state.lost > 0 => Vec::new(),
            None => {
                QUEUED.wanted.wait(&mut state);
                continue;
            }
        };
        state.bytes -= text.len();
        state.writing = true;
        // Reported before the next text: the missing lines were here, or later.
        let lost = match state.texts.is_empty() {
            true => std::mem::take(&mut state.lost),
            false => 0,
        };
        drop(state);
        write_through(&text);
        if lost > 0 {
            tracing::warn!(
                target: "warren::log",
                lost,
                "{lost} log lines were lost: standard error was not read in time"
            );
        }
        state = QUEUED.state.lock();
    }
}

/// Writes, and waits for the reader.
fn write_through(text: &[u8]) {
    // If standard error is closed, nobody reads the text.
    let _ = io::stderr().lock().write_all(text);
}

impl State {
    fn is_written(&self) -> bool {
        self.texts.is_empty() && !self.writing && self.lost == 0
    }
}

/// The log's writer.
pub(crate) struct Lines;

/// One line, from the thread that logs it.
pub(crate) struct Line {
    waits: bool,
}

impl<'a> MakeWriter<'a> for Lines {
    type Writer = Line;

    fn make_writer(&'a self) -> Line {
        Line {
            // The runtime's own thread for log records keeps the others waiting
            // behind it, each with a share of the room.
            waits: WRITES.get() || warren::record_time().is_some(),
        }
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.waits {
            write_through(bytes);
        } else {
            write_line(bytes);
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
