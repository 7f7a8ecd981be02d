//! Process identifiers.

use core::fmt;

use serde::{Deserialize, Serialize};

use crate::msgpack::text;

/// The identifier of a process. Opaque, stable for the process's life, and
/// never given to another process while the runtime lives. It crosses to other
/// processes as its text.
///
/// Every function with a destination takes a PID or a registered name:
///
/// ```no_run
/// # fn example(pid: warren_guest::Pid) -> Result<(), warren_guest::Error> {
/// warren_guest::send(&pid, "greet", "world")?;
/// warren_guest::send("greeter", "greet", "world")?;
/// # Ok(()) }
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pid(String);

impl Pid {
    pub(super) fn from_bytes(bytes: &[u8]) -> Self {
        Pid(match text(bytes) {
            Some(text) => text.to_owned(),
            None => String::from_utf8_lossy(bytes).into_owned(),
        })
    }

    /// Returns the text, `{host|id}`.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for Pid {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Pid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<Pid> for String {
    fn from(pid: Pid) -> Self {
        pid.0
    }
}

impl From<String> for Pid {
    /// Takes a PID that arrived as text. The first use shows if a process has
    /// it.
    fn from(text: String) -> Self {
        Pid(text)
    }
}
