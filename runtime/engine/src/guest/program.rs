//! The operations of `warren:process/program`.

use std::sync::Arc;

use warren_kernel::{Error, Outcome};

use super::{Guest, Purpose};
use crate::program::Chunk;

impl Guest {
    /// The code to run or to prepare; none for a guest that is the code.
    pub(crate) fn code(&self) -> Option<&Arc<Chunk>> {
        self.run.program.chunk.as_ref()
    }

    /// The prepared code of one of the program's own modules.
    pub(crate) async fn module(&mut self, name: String) -> Result<Option<Arc<Chunk>>, Error> {
        let host = Arc::clone(self.process()?.host());
        let node = Arc::clone(&self.node);
        let program = Arc::clone(&self.run.program);
        self.control
            .outside(async move { node.module(&program, &name, &host).await })
            .await
    }

    /// What `prepare` made of the source.
    pub(crate) fn prepared(&mut self, code: &[u8]) {
        if let Purpose::Prepare { prepared } = &mut self.purpose {
            *prepared = Some(Ok(code.into()));
        }
    }

    /// The result of the process. What is said last counts.
    pub(crate) fn finish(&mut self, result: Option<Arc<[u8]>>) {
        self.outcome = Some(Outcome::Returned(result));
    }

    /// The error the process, or the preparation, ends with.
    pub(crate) fn fail(&mut self, error: Error) {
        match &mut self.purpose {
            Purpose::Prepare { prepared } => *prepared = Some(Err(Box::new(error))),
            Purpose::Process { .. } => self.outcome = Some(Outcome::Failed(Box::new(error))),
            Purpose::Explain { .. } => {}
        }
    }
}
