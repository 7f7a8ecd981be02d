//! Definitions: what code a process runs, and who knows them.

use std::path::Path;
use std::sync::Arc;

use warren_kernel::Error;

use crate::code::grant::PathGrant;
use crate::code::native_code::NativeCode;

/// Code as a program's author wrote it.
#[derive(Clone, Debug)]
pub struct Source {
    /// How messages name it: the path below the program's root, with `/`.
    pub name: Arc<str>,
    /// The file's content.
    pub bytes: Arc<[u8]>,
}

/// What kind of code a definition has.
#[derive(Clone, Debug)]
pub enum Code {
    /// Source for the bundled Lua interpreter.
    Lua(Source),
    /// A WebAssembly core module or component, binary or text.
    Wasm(Source),
    /// A Rust function of the embedder's.
    Native(NativeCode),
}

/// What of the machine around the sandbox a process may reach. Empty by
/// default: nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grants {
    /// Files and directories.
    pub paths: Vec<PathGrant>,
    /// Environment variables, by name and value.
    pub env: Vec<(String, String)>,
}

impl Grants {
    /// Whether nothing at all is granted.
    pub fn is_empty(&self) -> bool {
        self.paths.is_empty() && self.env.is_empty()
    }
}

/// What a process runs.
#[derive(Clone, Debug)]
pub struct Definition {
    /// `namespace:name`.
    pub id: Arc<str>,
    /// Its code.
    pub code: Code,
    /// The function to call, `main` unless the manifest says otherwise.
    pub method: Arc<str>,
    /// The only host that may run it, if there is such.
    pub host: Option<Arc<str>>,
    /// What it may reach.
    pub grants: Arc<Grants>,
}

/// Who knows the definitions and modules of a program.
///
/// Called off the guests' stacks, possibly for every spawn, so an
/// implementation caches what is expensive. It may do short blocking file
/// access.
pub trait Definitions: Send + Sync + 'static {
    /// The definition of this id.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is none; `Unavailable` where its file cannot be
    /// read, naming the file and the reason.
    fn definition(&self, id: &str) -> Result<Arc<Definition>, Error>;

    /// The program's own module that `require(name)` means: `lib.util` is
    /// `lib/util.lua` below the root.
    ///
    /// # Errors
    ///
    /// `Unavailable` where the file is there but cannot be read.
    fn module(&self, name: &str) -> Result<Option<Source>, Error>;

    /// What to tell the operator where a process of this definition asked for a
    /// path that it was not granted, but that is there: which path that is, and
    /// how to grant it. `write` where it was to be changed. Nothing where there is
    /// nothing at the path.
    ///
    /// The process does not learn it.
    fn ungranted(&self, definition: &str, path: &Path, write: bool) -> Option<String> {
        let _ = (definition, path, write);
        None
    }
}
