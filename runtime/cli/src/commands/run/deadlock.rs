//! Programs in which every process waits for ever.

use std::time::Duration;

use warren::introspection::{Query, Standstill};
use warren::{Inspector, Pid, Runtime};

use crate::exit::Exit;
use crate::report::failure::Failure;

/// Time between two looks at a program that may wait for ever.
const INTERVAL: Duration = Duration::from_secs(1);

/// Time between two looks at a deadlocked program while it ends. A process that was woken
/// does not wait, so two equal looks suffice however soon the second one is.
const INTERVAL_AT_END: Duration = Duration::from_millis(100);

/// Processes that the message names.
const NAMED: usize = 20;

/// The message of a deadlock.
pub(super) const MESSAGE: &str =
    "deadlock: every process waits, and nothing is left that could wake one";

/// Waits until every process waits for another one, and returns a line for each: the
/// process and its place. Nothing else may send to the processes, and none may be a
/// service, which is started again after a time. `first` is the PID of the first process: if
/// that waits for events, the program goes on until it is interrupted.
pub(super) async fn found(runtime: &Runtime, first: &Pid) -> Vec<String> {
    let inspector = runtime.inspector();
    stands_still(INTERVAL, || inspector.standstill(first)).await;
    places(&inspector).await
}

/// Waits until the processes of a deadlocked program wait for one another again, after they
/// were asked to end.
pub(super) async fn found_again(runtime: &Runtime) {
    let inspector = runtime.inspector();
    stands_still(INTERVAL_AT_END, || inspector.standstill_at_end()).await;
}

async fn stands_still(interval: Duration, look: impl Fn() -> Option<Standstill>) {
    let mut before = None;
    loop {
        tokio::time::sleep(interval).await;
        let now = look();
        if now.is_some() && now == before {
            return;
        }
        before = now;
    }
}

/// Returns the failure of a program whose processes wait at these places.
pub(super) fn failure(places: Vec<String>) -> Failure {
    Failure {
        help: Some(
            "let a process send, end or wait for a time; `warren run --wait` waits all the same"
                .to_owned(),
        ),
        notes: places,
        ..Failure::new(Exit::Deadlock, MESSAGE)
    }
}

async fn places(inspector: &Inspector) -> Vec<String> {
    let listing = inspector.processes(&Query {
        limit: NAMED,
        ..Query::default()
    });
    let mut notes = Vec::new();
    for process in &listing.processes {
        let definition = process.definition.as_deref().unwrap_or("?");
        let place = match inspector.stack(&process.pid).await {
            Ok(stack) => place(&stack).map_or_else(String::new, |place| format!(" at {place}")),
            // The process is named all the same.
            Err(_) => String::new(),
        };
        notes.push(format!("{} ({definition}) waits{place}", process.pid));
    }
    match listing.matched.saturating_sub(listing.processes.len()) {
        0 => {}
        1 => notes.push("1 more process waits".to_owned()),
        more => notes.push(format!("{more} more processes wait")),
    }
    notes
}

/// Returns the innermost place of a stack that is in the program: for Lua the file and
/// line.
fn place(stack: &str) -> Option<&str> {
    stack
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("[C]"))
        .find_map(|line| Some(line.split_once(": in ")?.0))
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn the_place_is_that_of_the_innermost_function_of_lua() {
        let stack = "main, waiting:\n\t[C]: in method 'receive'\n\ta.lua:7: in function 'f'\n\
                     \ta.lua:9: in main chunk\n";
        assert_eq!(place(stack), Some("a.lua:7"));
        assert_eq!(place("receive\nmain\n"), None);
    }
}
