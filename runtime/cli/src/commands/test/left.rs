//! The processes that a test leaves behind: those of its chain of calls that live on.

use std::time::{Duration, Instant};

use futures::StreamExt;
use futures::future::join_all;
use futures::stream;
use tokio::time::timeout;
use warren::Runtime;
use warren::introspection::{Inspector, ProcessInfo, Query};

use super::outcome::{Left, Waiting};

/// Time in which processes may end by themselves: some are about to when their test
/// returns. It is that of the processes.
const LEAVE: Duration = Duration::from_millis(100);

/// Time in which processes end that were terminated, and those that they have started
/// meanwhile. What is left then ends with the run.
const END: Duration = Duration::from_secs(5);

/// The most processes that are looked at together.
const AT_ONCE: usize = 1_000;

/// The most processes that are told of.
const SHOWN: usize = 1_000;

/// Processes whose stacks are shown; the rest is counted.
const STACKS: usize = 100;

/// Stacks that are read side by side. Each takes a copy of its process's memory.
const STACKS_AT_ONCE: usize = 4;

/// Time for one stack, and for all of them.
const STACK_TIME: Duration = Duration::from_secs(2);
const STACKS_TIME: Duration = Duration::from_secs(20);

/// Ends the processes of a frame. Returns those that had not ended by themselves soon.
pub(super) async fn end(runtime: &Runtime, frame: &str) -> Vec<Left> {
    let still_there = living(runtime, frame);
    tokio::select! {
        biased;
        () = wait_for(runtime, &still_there, END) => {}
        () = runtime.sleep(LEAVE) => {}
    }
    end_now(runtime, frame).await
}

/// Ends the processes of a frame at once, and returns them.
pub(super) async fn end_now(runtime: &Runtime, frame: &str) -> Vec<Left> {
    let mut left: Vec<Left> = Vec::new();
    let deadline = Instant::now() + END;
    loop {
        let living = living(runtime, frame);
        if living.is_empty() {
            return left;
        }
        for process in &living {
            // Fails for one that has ended meanwhile.
            let _ = runtime.inspector().terminate(&process.pid);
        }
        wait_for(runtime, &living, END).await;
        for process in living {
            if left.len() < SHOWN && left.iter().all(|known| known.pid != process.pid) {
                left.push(Left {
                    pid: process.pid,
                    definition: process.definition.unwrap_or_default(),
                    names: process.names,
                });
            }
        }
        if Instant::now() >= deadline {
            return left;
        }
    }
}

/// Returns the stacks of the processes of a frame, that of the oldest process first, and the
/// number of further processes.
pub(super) async fn stacks(runtime: &Runtime, frame: &str) -> (Vec<Waiting>, usize) {
    let inspector = runtime.inspector();
    let listing = inspector.processes(&Query {
        limit: STACKS,
        ..of_frame(frame)
    });
    let further = listing.matched.saturating_sub(listing.processes.len());
    let deadline = Instant::now() + STACKS_TIME;
    let processes = listing.processes.into_iter();
    let stacks: Vec<_> = processes
        .map(|process| stack(inspector.clone(), process, deadline))
        .collect();
    let stacks = stream::iter(stacks).buffered(STACKS_AT_ONCE);
    (stacks.collect().await, further)
}

/// Returns the stack of a process, or the reason why there is none.
async fn stack(inspector: Inspector, process: ProcessInfo, deadline: Instant) -> Waiting {
    let time = deadline.saturating_duration_since(Instant::now());
    let stack = match timeout(time.min(STACK_TIME), inspector.stack(&process.pid)).await {
        Ok(Ok(stack)) => stack,
        Ok(Err(error)) => format!("no stack: {error}"),
        Err(_) => "no stack: not there in time".to_owned(),
    };
    Waiting {
        pid: process.pid,
        definition: process.definition.unwrap_or_default(),
        stack,
    }
}

fn living(runtime: &Runtime, frame: &str) -> Vec<ProcessInfo> {
    let query = Query {
        limit: AT_ONCE,
        ..of_frame(frame)
    };
    runtime.inspector().processes(&query).processes
}

/// Selects the processes of a frame, by their age.
fn of_frame(frame: &str) -> Query {
    Query {
        frame: Some(frame.to_owned()),
        ..Query::default()
    }
}

/// Waits for the ends of processes, for a while.
async fn wait_for(runtime: &Runtime, processes: &[ProcessInfo], time: Duration) {
    let handles = processes.iter();
    let handles: Vec<_> = handles
        .filter_map(|process| runtime.find(&process.pid).ok())
        .collect();
    if !handles.is_empty() {
        let ends = join_all(handles.iter().map(|handle| handle.wait()));
        // Some may not have ended: the caller looks again.
        let _ = timeout(time, ends).await;
    }
}
