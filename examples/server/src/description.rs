//! A tenant as its operator describes it.

use serde::Deserialize;

/// The body of `PUT /tenants/NAME`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Description {
    /// The Lua of its handler.
    pub(crate) http: String,
    /// The Lua of a chat session; that of `lib/chat.lua` if absent.
    pub(crate) chat: Option<String>,
    /// The Lua of its room; that of `lib/room.lua` if absent.
    pub(crate) room: Option<String>,
    /// Processes that it may have at a time.
    pub(crate) max_processes: Option<usize>,
    /// Bytes of memory of each of its processes.
    pub(crate) max_memory: Option<u64>,
}
