//! The program's log.

use crate::{abi, absent};

/// How much a record matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// For whoever looks for a mistake.
    Debug = 0,
    /// Worth knowing.
    Info = 1,
    /// Something is not as it should be.
    Warn = 2,
    /// Something failed.
    Error = 3,
}

/// Writes one record. `name` is the logger's, possibly empty; `fields` an
/// encoded map.
pub fn log(level: Level, name: &str, message: &str, fields: Option<&[u8]>) {
    let (fields, fields_len) = absent::range(fields);
    // SAFETY: each range is one of the slices.
    unsafe {
        abi::logger::log(
            level as u32,
            name.as_ptr(),
            name.len(),
            message.as_ptr(),
            message.len(),
            fields,
            fields_len,
        );
    }
}
