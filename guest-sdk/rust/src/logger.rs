//! The program's log.

use crate::{abi, absent};

/// The importance of a record.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::logger::{self, Level};
///
/// logger::log(Level::Warn, "shop", "no apples are left", None);
/// assert_eq!(mock::with(|runtime| runtime.logged.clone()), ["no apples are left"]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Level {
    /// Details for debugging.
    Debug = 0,
    /// Worth knowing.
    Info = 1,
    /// A possible fault.
    Warn = 2,
    /// A failure.
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
