//! Reading of records of megabytes. The work is bounded, but it would keep a worker
//! for too long: it runs on threads that may block, in turns of the hosts.

use std::sync::Arc;

use warren_kernel::{Error, Host};

use super::shared::Shared;
use crate::codec::check;
use crate::operand;
use crate::sched::turns::Turn;

/// Bytes of values that a worker reads itself. One pass over them takes some 0.1
/// ms.
pub(crate) const AT_ONCE: usize = 32 << 10;

impl Shared {
    /// Waits for a host's turn to have a record read aside. The caller copies the
    /// record afterwards, so that there are never more copies than turns.
    pub(crate) async fn turn_aside(&self, host: &Host) -> Turn {
        self.aside.turn(host.number()).await
    }

    /// Runs `work` on a thread that may block. The turn ends with the work, even if
    /// the returned future was dropped.
    ///
    /// # Errors
    ///
    /// `Internal` if the tokio runtime has shut down or `work` panicked.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.tokio.spawn_blocking(move || {
            let _turn = turn;
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
            return Err(Error::invalid(format!(
                "the arguments are {} bytes, more than max_message of host {} ({limit})",
                arguments.len(),
                host.name()
            )));
        }
        let are_values = |arguments: &[u8]| {
            check::values(arguments).map_err(|why| operand::malformed("arguments", why))
        };
        if arguments.len() <= AT_ONCE {
            return are_values(arguments);
        }
        let (turn, arguments) = (self.turn_aside(host).await, Arc::clone(arguments));
        self.aside(turn, move || are_values(&arguments)).await?
    }
}
