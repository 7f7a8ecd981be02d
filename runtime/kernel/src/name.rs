//! The form of a name.

use crate::error::{Error, Kind};
use crate::text;

/// Bytes of the longest name, and of the longest topic a process can listen on.
pub const MAX_NAME_BYTES: usize = 1024;

/// Refuses texts that cannot be names.
pub(crate) fn check_name(name: &str) -> Result<(), Error> {
    if name.is_empty() {
        Err(Error::invalid("a name may not be empty"))
    } else if name.starts_with(['{', '@']) {
        Err(Error::invalid(format!(
            "a name may not begin with {}: {name}",
            &name[..1]
        )))
    } else if name.len() > MAX_NAME_BYTES {
        Err(too_long("a name"))
    } else {
        Ok(())
    }
}

/// Returns the error of a name, or a text of the same limit, that is too long.
pub(crate) fn too_long(what: &str) -> Error {
    let message = format!("{what} may not be longer than {MAX_NAME_BYTES} bytes");
    Error::at_limit(Kind::Invalid, "max_name", MAX_NAME_BYTES as u64, message)
}

/// Refuses texts that cannot be names of groups.
pub(crate) fn check_group(group: &str) -> Result<(), Error> {
    if group.is_empty() {
        Err(Error::invalid("the name of a group may not be empty"))
    } else if group.starts_with(['{', '@']) {
        Err(Error::invalid(format!(
            "the name of a group may not begin with {}: {}",
            &group[..1],
            text::line(group)
        )))
    } else if group.len() > MAX_NAME_BYTES {
        Err(too_long("the name of a group"))
    } else {
        Ok(())
    }
}
