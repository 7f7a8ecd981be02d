//! The memory of a call that waits.

use std::fmt;
use std::sync::Arc;

use warren_kernel::Error;

/// The process that a call is charged to. Clones charge the same process.
///
/// ```
/// use warren_engine::capability::Charge;
/// use warren_kernel::{Error, Kind};
///
/// let charge = Charge::new(|bytes| match bytes {
///     0..=1024 => Ok(()),
///     _ => Err(Error::new(Kind::RateLimited, "the process has no more memory")),
/// });
/// assert_eq!(charge.clone().grow(1024), Ok(()));
/// assert_eq!(charge.grow(1025).unwrap_err().kind, Kind::RateLimited);
/// ```
#[derive(Clone)]
pub struct Charge(Arc<dyn Fn(usize) -> Result<(), Error> + Send + Sync>);

impl Charge {
    /// Makes the charge of a call. `grow` is given the bytes that are added.
    pub fn new(grow: impl Fn(usize) -> Result<(), Error> + Send + Sync + 'static) -> Charge {
        Charge(Arc::new(grow))
    }

    /// Charges the process with `bytes` more, until the answer of the call is there. A call
    /// asks before it holds the bytes.
    ///
    /// # Errors
    ///
    /// `RateLimited` beyond the process's memory; `NotFound` after its end. The call returns
    /// the error and ends.
    pub fn grow(&self, bytes: usize) -> Result<(), Error> {
        (self.0)(bytes)
    }
}

impl fmt::Debug for Charge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Charge").finish_non_exhaustive()
    }
}
