//! Work that is bounded, and yet keeps a worker longer than it should: reading records
//! of megabytes. It is done on threads that may block, when it is the host's turn.

use std::sync::Arc;

use warren_kernel::{Error, Host};

use super::shared::Shared;
use crate::codec::check;
use crate::operand;
use crate::sched::turns::Turn;

/// Bytes of values that are read where they are needed: in some 0.1 ms for each pass.
pub(crate) const AT_ONCE: usize = 32 << 10;

impl Shared {
    /// Waits for a host's turn to have something read aside. What is to be read is
    /// copied afterwards, so that no more copies wait than there are turns.
    pub(crate) async fn turn_aside(&self, host: &Host) -> Turn {
        self.aside.turn(host.number()).await
    }

    /// Does this aside; the turn is over when it is done, also where nobody waits.
    ///
    /// # Errors
    ///
    /// `Internal` where the tokio runtime is gone.
    pub(crate) async fn aside<T: Send + 'static>(
        &self,
        turn: Turn,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Error> {
        let done = self.tokio().spawn_blocking(move || {
            let _turn = turn;
            work()
        });
        done.await
            .map_err(|error| Error::internal(format!("it was not read: {error}")))
    }

    /// Arguments are limited like messages, and are values.
    ///
    /// # Errors
    ///
    /// `Invalid`, naming the limit or what is no value.
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
