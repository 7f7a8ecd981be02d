//! The operation `process.cancel`: a request to end that tells its reason.

use std::time::Duration;

use rmpv::Value;
use warren_kernel::Error;

use super::Guest;
use super::called::Called;
use super::watch::TRUE;
use crate::capability::AT_ONCE;
use crate::codec;
use crate::operand::NAME;
use crate::security::Refusal;

/// The operation.
pub(super) const CANCEL: &str = "process.cancel";

impl Guest {
    /// Asks a process to end. The request has a destination, a deadline in nanoseconds or
    /// nil, and a reason or nil.
    ///
    /// # Errors
    ///
    /// `Invalid` for another request; those of [`Guest::cancel`].
    pub(super) fn cancel_for_a_reason(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let invalid = |what: &str| Error::invalid(format!("{what} is missing or of another type"));
        let arguments = match codec::read(request) {
            _ if request.len() > AT_ONCE => return Err(invalid("destination").into()),
            Ok(Value::Array(arguments)) => arguments,
            _ => return Err(invalid("destination").into()),
        };
        let target = arguments.first().and_then(Value::as_str);
        let target = target.ok_or_else(|| invalid("destination"))?;
        NAME.check("destination", target.len())?;
        let deadline = match arguments.get(1) {
            None | Some(Value::Nil) => None,
            Some(deadline) => {
                let nanoseconds = deadline.as_u64().ok_or_else(|| invalid("deadline"))?;
                Some(Duration::from_nanos(nanoseconds))
            }
        };
        let reason = match arguments.get(2) {
            None | Some(Value::Nil) => None,
            Some(reason) => Some(reason.as_str().ok_or_else(|| invalid("reason"))?),
        };
        self.cancel(target, deadline, reason)?;
        Ok(Called::Answer(TRUE.to_vec()))
    }
}
