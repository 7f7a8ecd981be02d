//! Programs: definitions whose code is ready to be instantiated.

use std::sync::Arc;

use crate::code::Artifact;
use crate::definition::{Definition, Grants};

/// Code for an interpreter.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// How messages name it.
    pub(crate) name: Arc<str>,
    /// A source in `prepare`, what that made of it in `start`.
    pub(crate) code: Arc<[u8]>,
}

/// A definition, compiled and prepared.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) definition: Arc<Definition>,
    /// What the process may reach: its definition's grants, except after an
    /// upgrade, which brings none.
    pub(crate) grants: Arc<Grants>,
    /// The guest to instantiate: the definition's own, or the interpreter.
    pub(crate) artifact: Arc<Artifact>,
    /// What the interpreter is to run.
    pub(crate) chunk: Option<Arc<Chunk>>,
}

impl Program {
    /// The same code with other grants.
    pub(crate) fn with_grants(&self, grants: Arc<Grants>) -> Program {
        Program {
            grants,
            ..self.clone()
        }
    }
}
