//! The process that calls an operation, as the operation sees it.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use warren_kernel::{Error, Kernel, Process, Timestamp, nanoseconds};

use super::kept::Kept;
use super::open_file::OpenFile;
use super::permits::Permits;
use crate::code::definition::Grants;
use crate::environment::Variables;
use crate::remote::{FarCaller, Remote};
use crate::security::{Evaluation, Supposed};
use crate::trace_context::TraceContext;

/// The process that calls an operation. Pure operations ignore it.
///
/// ```
/// use std::sync::atomic::{AtomicU8, Ordering};
/// use warren_engine::capability::{Answer, Caller};
/// use warren_kernel::Error;
///
/// /// The tickets that a process has drawn.
/// #[derive(Default)]
/// struct Tickets(AtomicU8);
///
/// /// Answers with the number of the ticket that the process draws.
/// fn draw(caller: &mut dyn Caller) -> Answer {
///     caller.permit("tickets.draw", "counter", &[("speed", "slow")])?;
///     if caller.grants().uses.right("tickets", "counter").is_none() {
///         let message = format!("{} has no grant of the counter", caller.definition());
///         return Err(Error::not_found(message));
///     }
///     let tickets = caller.kept().state(Tickets::default)?;
///     Ok(vec![tickets.0.fetch_add(1, Ordering::Relaxed) & 0x7f])
/// }
/// ```
pub trait Caller {
    /// The process: its PID ([`Process::text`]), and its host with the limits of the
    /// host ([`Process::host`]).
    fn process(&self) -> &Arc<Process>;

    /// The definition that the process runs.
    fn definition(&self) -> &Arc<str>;

    /// The kernel that the process lives in.
    fn kernel(&self) -> &Arc<Kernel>;

    /// The wall clock of the process, which is not that of the machine in virtual time.
    fn now(&self) -> Timestamp {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let now = nanoseconds(now.unwrap_or_default());
        Timestamp(i64::try_from(now).unwrap_or(i64::MAX))
    }

    /// Returns false if the program has no policies and the process neither actor nor
    /// scope: `permit` permits everything then.
    fn is_judged(&self) -> bool;

    /// Refuses an action that the policies do not permit, and reports the denial to the
    /// operator. `attributes` are those that a policy finds in `context.attributes`.
    ///
    /// An operation asks for all its permissions before it has any effect, and returns
    /// the error as it is: a decision that is not known yet is made elsewhere, and the
    /// operation is then called again from its beginning. It asks at most
    /// [`MAX_PERMISSIONS`] questions.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, naming action and resource; `Invalid` for texts of more than
    /// 64 KiB.
    fn permit(
        &mut self,
        action: &str,
        resource: &str,
        attributes: &[(&str, &str)],
    ) -> Result<(), Error>;

    /// Returns the permissions that the call asks for once it has begun, such as for a redirect
    /// that a server answers with. A call that waits may keep them.
    fn permits(&self) -> Permits;

    /// The parts of the machine and of the program that the process may reach.
    fn grants(&self) -> &Grants;

    /// The environment variables that the process sees.
    fn variables(&self) -> Variables<'_>;

    /// Takes the right to one more open file. A process of a runtime shares the files of its
    /// host; a caller that is not one has as many as it wants.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the processes of the host, or all processes, have as many files open
    /// as they may.
    fn open_file(&self) -> Result<OpenFile, Error> {
        Ok(OpenFile::default())
    }

    /// Prepares the evaluation of policies for values that the program makes up. It asks
    /// for no permission, and gives none.
    ///
    /// # Errors
    ///
    /// `Invalid` for texts of more than 64 KiB, or an actor of more than 1 MiB.
    fn evaluation(&self, supposed: Supposed<'_>) -> Result<Evaluation, Error>;

    /// The place of the process in a trace over several programs, if it has one.
    fn trace(&self) -> Option<&Arc<TraceContext>> {
        None
    }

    /// The other nodes of the cluster, and the process as it asks them; `None` without a
    /// cluster.
    fn remote(&self) -> Option<(Arc<dyn Remote>, FarCaller)> {
        None
    }

    /// The state that capabilities keep for the process. It is dropped when the process
    /// ends or is upgraded.
    fn kept(&mut self) -> &Arc<Kept>;
}

/// The most permissions for which one call may ask.
pub const MAX_PERMISSIONS: usize = 16;
