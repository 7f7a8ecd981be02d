//! The cause of a message.

use std::fmt;
use std::num::NonZeroU64;

/// The place of a message in a chain of causes. A chain begins with one message
/// and goes on with the messages sent while a message of the chain is handled.
///
/// ```
/// use std::num::NonZeroU64;
/// use warren_kernel::{Trace, TraceId};
///
/// let id = TraceId(NonZeroU64::MIN);
/// let (question, answer) = (Trace { id, message: 7 }, Trace { id, message: 8 });
/// assert_eq!(question.id, answer.id); // one chain of causes
/// assert_ne!(question, answer);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Trace {
    /// The chain.
    pub id: TraceId,
    /// The message: no other message of the runtime has this number.
    pub message: u64,
}

/// The id that the messages of one chain share. Printed as sixteen hexadecimal
/// digits.
///
/// ```
/// use std::num::NonZeroU64;
/// use warren_kernel::TraceId;
///
/// let request = TraceId(NonZeroU64::MIN);
/// assert_eq!(request.to_string(), "0000000000000001");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TraceId(pub NonZeroU64);

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// Bytes of a [`Trace`] in a message.
pub(crate) const BYTES: usize = 16;

impl Trace {
    pub(crate) fn to_bytes(self) -> [u8; BYTES] {
        let mut bytes = [0; BYTES];
        bytes[..8].copy_from_slice(&self.id.0.get().to_le_bytes());
        bytes[8..].copy_from_slice(&self.message.to_le_bytes());
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; BYTES]) -> Option<Trace> {
        let (id, rest) = bytes.split_first_chunk()?;
        Some(Trace {
            id: TraceId(NonZeroU64::new(u64::from_le_bytes(*id))?),
            message: u64::from_le_bytes(*rest.first_chunk()?),
        })
    }
}
