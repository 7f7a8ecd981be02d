//! A running program.

use std::sync::Arc;
use std::time::Duration;

use warren_engine::{Ended, Node, Running};
use warren_kernel::Error;

use crate::app::{self, App};
use crate::builder::Builder;

/// A program and the processes it runs. Any number of them live side by side
/// in one program, and share nothing.
///
/// Dropping it does not end its processes; [`Runtime::shutdown`] does.
#[derive(Clone, Debug)]
pub struct Runtime {
    node: Arc<Node>,
    main: Arc<str>,
    host: Arc<str>,
}

impl Runtime {
    /// Begins to put a runtime together for a program.
    pub fn builder(app: App) -> Builder {
        Builder::new(app)
    }

    pub(crate) fn new(node: Arc<Node>, main: Arc<str>, host: Arc<str>) -> Runtime {
        Runtime { node, main, host }
    }

    /// Starts the program's main definition, in the host it belongs to, as its
    /// first process: the one that may read standard input, and whose exit is the program's. `arguments`
    /// is one MessagePack array of values, or empty for none.
    ///
    /// # Errors
    ///
    /// Those of every spawn: `NotFound`, `Invalid` (with file and line where
    /// the code does not compile), `RateLimited`.
    pub async fn spawn_main(&self, arguments: Vec<u8>) -> Result<Main, Error> {
        Ok(Main(
            self.node.run(&self.main, &self.host, &arguments).await?,
        ))
    }

    /// Compiles one of the program's definitions, checks its imports and
    /// exports, and starts nothing.
    ///
    /// # Errors
    ///
    /// What a spawn of it would say of its code.
    pub async fn check(&self, definition: &app::Survey) -> Result<(), Error> {
        self.node.check(&definition.id, &definition.host).await
    }

    /// Ends all processes: those that read events are asked to and have this
    /// long, all others end at once. Returns when all have ended and
    /// everything they printed is written.
    pub async fn shutdown(&self, grace: Duration) {
        self.node.shutdown(grace).await;
    }

    pub(crate) fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// How many processes live.
    pub fn live(&self) -> usize {
        self.node.kernel().live()
    }

    /// How many pieces of code were compiled to machine code, because the
    /// cache did not have them.
    pub fn compiled(&self) -> u64 {
        self.node.compiled()
    }
}

/// A program's first process.
#[derive(Debug)]
pub struct Main(Running);

impl Main {
    /// The text of its PID.
    pub fn pid(&self) -> &str {
        self.0.process().text()
    }

    /// Waits for its end.
    pub async fn wait(&mut self) -> Ended {
        self.0.wait().await
    }
}
