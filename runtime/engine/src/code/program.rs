//! Programs: definitions whose code is ready to be instantiated.

use std::sync::Arc;

use warren_kernel::Error;

use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Definition, Grants};
use crate::code::native_code::NativeCode;

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
    /// The guest to instantiate: the definition's own, or the interpreter; none
    /// for native code.
    pub(crate) artifact: Option<Arc<Artifact>>,
    /// What the interpreter is to run.
    pub(crate) chunk: Option<Arc<Chunk>>,
}

impl Program {
    /// Code of the embedder's that no definition names: for one process.
    pub(crate) fn native(id: Arc<str>, code: NativeCode) -> Program {
        let grants = Arc::new(Grants::default());
        Program {
            definition: Arc::new(Definition {
                id,
                code: Code::Native(code),
                method: "main".into(),
                host: None,
                grants: Arc::clone(&grants),
            }),
            grants,
            artifact: None,
            chunk: None,
        }
    }

    /// The guest to instantiate.
    ///
    /// # Errors
    ///
    /// `Invalid` for native code, which has none.
    pub(crate) fn artifact(&self) -> Result<&Arc<Artifact>, Error> {
        self.artifact.as_ref().ok_or_else(|| {
            Error::invalid(format!(
                "{} is native code, which runs in no instance",
                self.definition.id
            ))
        })
    }

    /// Bytes of its source and of what was made of that.
    pub(crate) fn bytes(&self) -> usize {
        let source = match &self.definition.code {
            Code::Lua(source) | Code::Wasm(source) => source.bytes.len(),
            Code::Native(_) => 0,
        };
        source + self.chunk.as_ref().map_or(0, |chunk| chunk.code.len())
    }

    /// The same code with other grants.
    pub(crate) fn with_grants(&self, grants: Arc<Grants>) -> Program {
        Program {
            grants,
            ..self.clone()
        }
    }
}
