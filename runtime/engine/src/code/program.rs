//! Definitions whose code is ready to be instantiated.

use std::sync::Arc;

use warren_kernel::Error;

use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Definition, Grants};
use crate::code::native_code::NativeCode;

/// Code for an interpreter.
#[derive(Debug)]
pub(crate) struct Chunk {
    /// The name in messages.
    pub(crate) name: Arc<str>,
    /// The source while the guest runs `prepare`, the prepared code while it runs
    /// `start`.
    pub(crate) code: Arc<[u8]>,
}

/// A definition, compiled and prepared.
#[derive(Clone, Debug)]
pub(crate) struct Program {
    pub(crate) definition: Arc<Definition>,
    /// The grants of the process: its definition's, except after an upgrade, which
    /// brings none.
    pub(crate) grants: Arc<Grants>,
    /// The guest to instantiate: the definition's own, or the interpreter. `None` for
    /// a host function process.
    pub(crate) artifact: Option<Arc<Artifact>>,
    /// The code for the interpreter, if the guest is the interpreter.
    pub(crate) chunk: Option<Arc<Chunk>>,
}

impl Program {
    /// Makes the program of a Rust function that no definition names.
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

    /// Returns the guest to instantiate.
    ///
    /// # Errors
    ///
    /// `Invalid` for a host function process, which has none.
    pub(crate) fn artifact(&self) -> Result<&Arc<Artifact>, Error> {
        self.artifact.as_ref().ok_or_else(|| {
            Error::invalid(format!(
                "{} is a host function process, which has no instance",
                self.definition.id
            ))
        })
    }

    /// Returns the bytes of the source and of the prepared code.
    pub(crate) fn bytes(&self) -> usize {
        let source = match &self.definition.code {
            Code::Lua(source) | Code::Wasm(source) => source.bytes.len(),
            Code::Native(_) => 0,
        };
        source + self.chunk.as_ref().map_or(0, |chunk| chunk.code.len())
    }

    /// Returns this program with other grants.
    pub(crate) fn with_grants(&self, grants: Arc<Grants>) -> Program {
        Program {
            grants,
            ..self.clone()
        }
    }
}
