//! The operations on watches, see [`Watches`](super::watches::Watches).

use rmpv::Value;
use warren_kernel::{Error, Subscription};

use super::called::{Called, are_values};
use super::{Guest, process_of};
use crate::capability::AT_ONCE;
use crate::codec::{self, reader};
use crate::operand::NAME;
use crate::security::{Action, Refusal};

/// The operation that begins a watch.
pub(super) const WATCH: &str = "process.watch";
/// The operation that ends a watch or an exec before the outcome.
pub(super) const ABANDON: &str = "process.abandon";

impl Guest {
    /// Begins to watch a process. The subscription yields the outcome of the process,
    /// once; a second watch of the process is the first.
    ///
    /// # Errors
    ///
    /// `NotFound` for an absent process, `Invalid` for this process, `PermissionDenied`
    /// as for a monitor, and those of [`Process::begin_watch`].
    pub(super) fn watch(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let destination = destination(request)?;
        let target = match self.shared.kernel.resolve(destination) {
            Ok(target) => target,
            Err(absent) => return self.watch_far(destination, absent),
        };
        self.rights.permit(Action::Monitor, &target)?;
        let process = process_of(&self.purpose)?;
        if process.pid() == target.pid() {
            return Err(Error::invalid("a process cannot call or watch itself").into());
        }
        let subscription = self.shared.watches.begin(process, &target)?;
        Ok(Called::Handle(subscription))
    }

    /// Ends the subscription of an exec, of work or of a watch before its outcome. A callee
    /// that still runs is terminated, and work is stopped.
    ///
    /// # Errors
    ///
    /// `Invalid` if the request is not the number of a subscription.
    pub(super) fn abandon(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let process = process_of(&self.purpose)?;
        let number = match codec::read(request) {
            _ if request.len() > AT_ONCE => None,
            Ok(Value::Array(arguments)) => arguments.first().and_then(Value::as_u64),
            _ => None,
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or_else(|| Error::invalid("the subscription is not a number"))?;
        process.abandon_exec(Subscription(number));
        Ok(Called::Answer(TRUE.to_vec()))
    }
}

/// The encoded value true.
pub(super) const TRUE: &[u8] = &[0xc3];

/// Returns the destination that is the only argument of a request.
fn destination(request: &[u8]) -> Result<&str, Error> {
    // The name of a destination is far shorter.
    let missing = || Error::invalid("destination is missing or not text");
    if request.len() > AT_ONCE {
        return Err(missing());
    }
    are_values(request)?;
    let arguments = reader::elements(request);
    let target = arguments.and_then(|mut arguments| reader::text(arguments.next()?));
    let target = target.ok_or_else(missing)?;
    NAME.check("destination", target.len())?;
    Ok(target)
}
