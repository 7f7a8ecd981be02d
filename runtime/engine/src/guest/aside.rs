//! Reading of records of megabytes. The work is bounded, but it would keep a worker
//! for too long: it runs on threads that may block, with a permit of the host.

use std::sync::Arc;

use warren_kernel::{Error, Host, Kind};

use super::shared::Shared;
use crate::blocking;
use crate::codec::check;
use crate::operand;
use crate::sched::permits::Permit;

/// Bytes of values that a worker reads itself. One pass over them takes some 0.1
/// ms.
pub(crate) const AT_ONCE: usize = 32 << 10;

impl Shared {
    /// Waits for the host's permit to have a record read aside. The caller copies the
    /// record afterwards, so that there are never more copies than permits.
    pub(crate) async fn permit_aside(&self, host: &Host) -> Permit {
        self.aside.permit(host.number()).await
    }

    /// Runs `work` on a thread that may block. The work gives the permit back
    /// at its end, even if the returned future was dropped.
    ///
    /// # Errors
    ///
    /// `Internal` if the tokio runtime has shut down or `work` panicked.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        permit: Permit,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let done = blocking::spawn(&self.tokio, move || {
            let _permit = permit;
            work()
        });
        done.await
            .map_err(|error| Error::internal(format!("cannot read a long operand: {error}")))
    }

    /// Checks that the arguments are encoded values and not longer than a message.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the limit or the malformed value.
    pub(crate) async fn check_arguments(
        &self,
        arguments: &Arc<[u8]>,
        host: &Host,
    ) -> Result<(), Error> {
        let limit = host.config().max_message;
        if arguments.len() > limit {
            let message = format!(
                "the arguments are {} bytes, more than max_message = {limit} of host {}",
                arguments.len(),
                host.name()
            );
            let error = Error::at_limit(Kind::Invalid, "max_message", limit as u64, message);
            return Err(error.in_host(host.name()));
        }
        let are_values = |arguments: &[u8]| {
            check::values(arguments).map_err(|why| operand::no_value("arguments", why))
        };
        if arguments.len() <= AT_ONCE {
            return are_values(arguments);
        }
        let (permit, arguments) = (self.permit_aside(host).await, Arc::clone(arguments));
        self.aside(permit, move || are_values(&arguments)).await?
    }
}
