//! Operations of the runtime's capabilities.

use crate::mailbox::Subscription;
use crate::{Buffer, Failure, abi};

/// The result of a call.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::Buffer;
/// use warren_guest::raw::capability::{self, Called};
///
/// mock::with(|runtime| runtime.capability = Some(|_, _| Ok(vec![7])));
/// let mut buffer = Buffer::new();
/// let called = capability::call("shop.stock", b"\x90", &mut buffer);
/// assert_eq!(called, Ok(Called::Value(&[7])));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Called<'b> {
    /// The value of the operation, encoded.
    Value(&'b [u8]),
    /// The subscription that yields the outcome of the operation, once, as it yields the
    /// outcome of an exec: the operation takes longer.
    Handle(Subscription),
}

/// Calls an operation, such as `time.zone`, with an encoded array of arguments.
pub fn call<'b>(
    operation: &str,
    request: &[u8],
    buffer: &'b mut Buffer,
) -> Result<Called<'b>, Failure<'b>> {
    // SAFETY: the ranges are the slices and the buffer's.
    let answer = buffer.bytes(|out, cap| unsafe {
        abi::capability::call(
            operation.as_ptr(),
            operation.len(),
            request.as_ptr(),
            request.len(),
            out,
            cap,
        )
    })?;
    // An extension of type 3 and four bytes.
    if let [0xd6, 3, handle @ ..] = answer
        && let Ok(handle) = <[u8; 4]>::try_from(handle)
    {
        return Ok(Called::Handle(u32::from_le_bytes(handle)));
    }
    Ok(Called::Value(answer))
}
