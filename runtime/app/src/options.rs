//! What whoever starts a program adds to it.

use std::path::PathBuf;

/// Grants given at the start of a program. They hold for all of its
/// definitions, beside what the manifest grants to single ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AppOptions {
    /// Files and directories that may be read. Relative ones are below the
    /// current directory.
    pub read: Vec<PathBuf>,
    /// Files and directories that may be read and changed. One that is not
    /// there yet may be created as a file.
    pub write: Vec<PathBuf>,
    /// Environment variables.
    pub env: Vec<EnvGrant>,
    /// Whether what no policy allows is denied, to every process.
    pub strict: bool,
    /// Bytes of memory that all processes may hold together, in place of what the
    /// manifest says.
    pub max_memory_total: Option<u64>,
}

/// An environment variable a program may see.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvGrant {
    /// Its name.
    pub name: String,
    /// Its value; absent for the value it has in the environment of the
    /// runtime. Where it has none there either, the program sees none.
    pub value: Option<String>,
}
