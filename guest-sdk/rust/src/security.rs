//! Actor, scope and permissions of a process.

use crate::{Buffer, Failure, abi, absent};

/// Returns the caller's actor, an encoded map `{id, meta}`; empty if it has
/// none.
pub fn actor(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::security::actor(out, cap) })
}

/// Returns the caller's scope, an encoded map `{policies}`; empty if it has
/// none.
pub fn scope(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::security::scope(out, cap) })
}

/// Returns whether the caller may do this action on this resource. `attributes`
/// is an encoded map.
pub fn can(action: &str, resource: &str, attributes: Option<&[u8]>) -> bool {
    let (attributes, attributes_len) = absent::range(attributes);
    // SAFETY: each range is one of the slices.
    let allowed = unsafe {
        abi::security::can(
            action.as_ptr(),
            action.len(),
            resource.as_ptr(),
            resource.len(),
            attributes,
            attributes_len,
        )
    };
    allowed != 0
}

/// Succeeds if a policy of this id exists.
pub fn policy<'b>(id: &str, buffer: &'b mut Buffer) -> Result<(), Failure<'b>> {
    // SAFETY: the range is `id`.
    buffer.done(|| unsafe { abi::security::policy(id.as_ptr(), id.len()) })
}

/// Returns the scope the program's manifest gives this name, an encoded map
/// `{policies}`.
pub fn named_scope<'b>(id: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Failure<'b>> {
    // SAFETY: the ranges are `id` and the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::security::named_scope(id.as_ptr(), id.len(), out, cap) })
}
