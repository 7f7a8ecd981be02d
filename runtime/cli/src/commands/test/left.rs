//! The processes that a test leaves behind: those of its chain of calls that live on.

use std::time::{Duration, Instant};

use futures::future::join_all;
use tokio::time::timeout;
use warren::Runtime;
use warren::introspection::{ProcessInfo, Query};

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

/// Processes whose stacks are shown, and the time for each.
const STACKS: usize = 10;
const STACK_TIME: Duration = Duration::from_secs(2);

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

/// Returns the stacks of the processes of a frame.
pub(super) async fn stacks(runtime: &Runtime, frame: &str) -> Vec<Waiting> {
    let inspector = runtime.inspector();
    let mut stacks = Vec::new();
    for process in living(runtime, frame).into_iter().take(STACKS) {
        let stack = match timeout(STACK_TIME, inspector.stack(&process.pid)).await {
            Ok(Ok(stack)) => stack,
            Ok(Err(error)) => format!("no stack: {error}"),
            Err(_) => "no stack: not there in time".to_owned(),
        };
        stacks.push(Waiting {
            pid: process.pid,
            definition: process.definition.unwrap_or_default(),
            stack,
        });
    }
    stacks
}

fn living(runtime: &Runtime, frame: &str) -> Vec<ProcessInfo> {
    let query = Query {
        frame: Some(frame.to_owned()),
        limit: AT_ONCE,
        ..Query::default()
    };
    runtime.inspector().processes(&query).processes
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
