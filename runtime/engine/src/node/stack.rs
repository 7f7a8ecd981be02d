//! Reads the current calls of a process.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Error, Kind, Process, stack};

use super::Node;
use crate::guest::stacks::Sight;
use crate::node::{calls, explain};

/// The time limit for a process to show itself, and again for reading what it has
/// shown.
const PATIENCE: Duration = Duration::from_secs(1);

/// The most attempts: a process may be in the middle of changing its stack.
const ATTEMPTS: u32 = 3;

impl Node {
    /// Returns the current calls of a process. For Lua these are the calls of each
    /// coroutine, the innermost first; for wasm guests, the functions on the stack, with file
    /// and line if the module has debug information. Calls that repeat are folded.
    /// The process is not stopped, and cannot notice. Each attempt takes at most 2
    /// s; one is nearly always enough.
    ///
    /// # Errors
    ///
    /// `NotFound` if the process has ended; `Unavailable` with the reason if its
    /// stack cannot be read; `RateLimited` if there is no free slot to read it in.
    pub async fn stack(self: &Arc<Self>, process: &Arc<Process>) -> Result<String, Error> {
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            let sight = self.sight(process).await?;
            match &*sight {
                Sight::Functions { artifact, frames } => {
                    let host = process.host();
                    let frames = frames.clone();
                    // Nobody pays: the process has not asked for its stack.
                    let artifact = artifact.as_ref();
                    let calls = calls::text(&self.shared, host, None, artifact, frames).await;
                    let calls = calls.map(|calls| calls + "\n");
                    return calls
                        .ok_or_else(|| unavailable("no WebAssembly frame is on the stack"));
                }
                Sight::Nothing(why) => return Err(unavailable(why)),
                Sight::Memory { .. } => match self.explained(process, sight).await {
                    Ok(text) if !text.is_empty() => return Ok(stack::fold(&text).unwrap_or(text)),
                    Ok(_) => {}
                    Err(error) => failure = Some(error),
                },
            }
        }
        let changed = || format!("the stack changed during each of {ATTEMPTS} copies");
        Err(failure.unwrap_or_else(|| unavailable(&changed())))
    }

    /// Asks a process to show itself.
    async fn sight(&self, process: &Process) -> Result<Arc<Sight>, Error> {
        let answer = self.shared.stacks.ask(process.pid());
        // Wakes a waiting process, which shows itself and waits again.
        process.wake();
        let answer = tokio::select! {
            answer = answer => answer.ok(),
            () = self.shared.real_sleep(PATIENCE) => None,
        };
        self.shared.stacks.forget_gone();
        answer.ok_or_else(|| {
            if process.has_exited() {
                Error::not_found(format!("process not found: {}", process.text()))
            } else if process.usage().is_blocked() {
                unavailable("the process is in a call that waits for the runtime")
            } else {
                unavailable(&format!("the process did not run within {PATIENCE:?}"))
            }
        })
    }

    async fn explained(
        self: &Arc<Self>,
        process: &Process,
        sight: Arc<Sight>,
    ) -> Result<String, Error> {
        let host = process.host();
        let Sight::Memory { artifact, .. } = &*sight else {
            return Ok(String::new());
        };
        let slot = self.slot(host, artifact).await?;
        let explain = explain::explain(self.surroundings(), slot, Arc::clone(host), sight);
        // Runs on a worker, where it is preempted like a process. Dropped if this
        // future is dropped.
        let explained = self.scheduler.spawn(self.lane(host), explain).fallible();
        let explained = tokio::select! {
            explained = explained => explained,
            () = self.shared.real_sleep(PATIENCE) => None,
        };
        explained.unwrap_or_else(|| {
            Err(unavailable(&format!(
                "reading takes longer than {PATIENCE:?}"
            )))
        })
    }
}

fn unavailable(why: &str) -> Error {
    Error::new(Kind::Unavailable, format!("cannot read the stack: {why}"))
}
