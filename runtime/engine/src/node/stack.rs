//! Asking a process where it is.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Error, Kind, Process};

use super::Node;
use crate::guest::stacks::Sight;
use crate::node::explain;

/// How long a process has to come to where it can show itself, and how long it
/// may take to find out what it shows.
const PATIENCE: Duration = Duration::from_secs(1);

/// A process may be in the midst of changing what it shows.
const ATTEMPTS: u32 = 3;

impl Node {
    /// Where the code of a process is: for Lua, the calls of each coroutine, the
    /// innermost first; for other modules, the functions they are in. It is not
    /// stopped for that, nor can it tell. Takes 2 s at most each time it is
    /// tried, which is seldom more than once.
    ///
    /// # Errors
    ///
    /// `NotFound` where it has ended; `Unavailable` where it cannot be told, with
    /// the reason; `RateLimited` where there is no place to find out.
    pub async fn stack(self: &Arc<Self>, process: &Arc<Process>) -> Result<String, Error> {
        let mut failure = None;
        for _ in 0..ATTEMPTS {
            let sight = self.sight(process).await?;
            match &*sight {
                Sight::Functions(text) if !text.is_empty() => return Ok(text.clone()),
                Sight::Functions(_) => return Err(unavailable("it is in no function")),
                Sight::Nothing(why) => return Err(unavailable(why)),
                Sight::Memory { .. } => match self.explained(process, sight).await {
                    Ok(text) if !text.is_empty() => return Ok(text),
                    Ok(_) => {}
                    Err(error) => failure = Some(error),
                },
            }
        }
        Err(failure.unwrap_or_else(|| unavailable("its stack changes too fast to be read")))
    }

    /// What a process shows of itself.
    async fn sight(&self, process: &Process) -> Result<Arc<Sight>, Error> {
        let answer = self.shared.stacks().ask(process.pid());
        // One that waits goes on waiting at once.
        process.wake();
        let answer = tokio::select! {
            answer = answer => answer.ok(),
            () = self.shared.sleep(PATIENCE) => None,
        };
        self.shared.stacks().forget_gone();
        answer.ok_or_else(|| {
            if process.has_exited() {
                Error::not_found(format!("no such process: {}", process.text()))
            } else if process.usage().is_blocked() {
                unavailable("it waits for the runtime")
            } else {
                unavailable("it has not had its turn")
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
        // On a worker, where it is preempted like a process; it ends with who
        // waits for it.
        let explained = self.scheduler.spawn(host.number(), explain).fallible();
        let explained = tokio::select! {
            explained = explained => explained,
            () = self.shared.sleep(PATIENCE) => None,
        };
        explained.unwrap_or_else(|| Err(unavailable("it takes too long to find out")))
    }
}

fn unavailable(why: &str) -> Error {
    Error::new(Kind::Unavailable, format!("no stack to be seen: {why}"))
}
