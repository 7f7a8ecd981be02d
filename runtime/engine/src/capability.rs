//! Capabilities: services of the runtime that guests call through one import.
//!
//! An operation of a capability has a name, such as `time.zone`: the name of its
//! capability, a dot, and the rest. Request and answer are encoded values. An operation
//! answers at once, leaves work for a thread of its own, or waits for something outside:
//!
//! ```text
//!  guest ── capability.call ──> Capability::call ──> Step::Done ───────> answer
//!                                     │
//!                                     ├─ Step::Compute ─> a permit, a thread ─┐
//!                                     └─ Step::Wait ────> a task of tokio ────┤
//!  guest <── outcome of an exec <── kernel <──────────────────────────────────┘
//! ```
//!
//! An operation with effects beyond its answer uses its [`Caller`]: it asks the policies
//! by [`Caller::permit`], before any effect, and keeps handles of the process in
//! [`Caller::kept`], whose state is dropped when the process ends or is upgraded.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;

use warren_kernel::{Error, Monotonic};

use crate::remote::FarEvent;

mod caller;
mod charge;
mod database_settings;
pub mod http;
mod kept;
mod known;
mod open_file;
mod permits;
mod queue_settings;
mod store_settings;
mod volume_settings;
pub mod web;

pub use crate::endpoint::{Endpoint, EndpointError};
pub use crate::environment::Variables;
pub use crate::origin::{Origin, OriginError, OriginGrant};
pub use caller::{Caller, MAX_PERMISSIONS};
pub use charge::Charge;
pub use database_settings::{DatabasePlace, DatabaseSettings, DatabaseUrl, Migration};
pub use kept::Kept;
pub use known::Calls;
pub(crate) use known::{Capabilities, Counts};
pub use open_file::OpenFile;
pub use permits::Permits;
pub use queue_settings::QueueSettings;
pub use store_settings::StoreSettings;
pub use volume_settings::VolumeSettings;

/// A service of the runtime. Every operation is written once, for guests of all
/// languages.
///
/// ```
/// use std::sync::Arc;
/// use warren_engine::capability::{Caller, Capability, Step};
/// use warren_kernel::Error;
///
/// /// `lamp.state` answers with an encoded boolean.
/// struct Lamp {
///     is_lit: bool,
/// }
///
/// impl Capability for Lamp {
///     fn name(&self) -> &str {
///         "lamp"
///     }
///
///     fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
///         match operation {
///             "state" if request != [0x90] => {
///                 Step::Done(Err(Error::invalid("`lamp.state` has no arguments")))
///             }
///             "state" => {
///                 let permitted = caller.permit("lamp.read", "lamp", &[]);
///                 Step::Done(permitted.map(|()| vec![if self.is_lit { 0xc3 } else { 0xc2 }]))
///             }
///             _ => Step::Unknown,
///         }
///     }
/// }
///
/// let lamp: Arc<dyn Capability> = Arc::new(Lamp { is_lit: true });
/// assert_eq!(lamp.name(), "lamp");
/// assert_eq!(lamp.interface(), None);
/// ```
pub trait Capability: Send + Sync + 'static {
    /// The name, up to the first dot of the names of its operations.
    fn name(&self) -> &str;

    /// Begins a call. `operation` is the part of the name after the first dot; `request`
    /// is an encoded array of values, checked and at most [`MAX_REQUEST`] long.
    ///
    /// `caller` is the process that calls.
    ///
    /// Runs where guests run: what takes longer than some 0.1 ms is returned as
    /// [`Step::Compute`], and what waits as [`Step::Wait`]. A request of more than
    /// [`AT_ONCE`] bytes is always handled on a thread where it may take its time.
    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step;

    /// Returns the interface by which components call the operations with types of their own,
    /// such as `shop:pricing/quotes@0.1.0`. A function `get-price` of the interface calls the
    /// operation `get_price`; `docs/embedding.md` has the values of the types.
    fn interface(&self) -> Option<&str> {
        None
    }

    /// Returns the client that sends the requests of components. Only that of the
    /// capability `http` counts.
    fn outgoing(&self) -> Option<&dyn http::Outgoing> {
        None
    }

    /// Takes an event of a process of another node of the cluster, which may send it. Only the
    /// capability `events` is handed events. The value of the event is checked, its texts are
    /// not.
    fn far_event(&self, node: &str, event: &FarEvent<'_>, now: Monotonic) {
        let _ = (node, event, now);
    }
}

/// The most bytes of a request.
pub const MAX_REQUEST: usize = 16 << 20;

/// The most bytes of a request that is handled where guests run.
pub const AT_ONCE: usize = 32 << 10;

/// The answer of an operation: one encoded value, or the error of the call.
///
/// ```
/// use warren_engine::capability::Answer;
/// use warren_kernel::{Error, Kind};
///
/// /// Answers with the length of a text, encoded.
/// fn length(text: &str) -> Answer {
///     match u8::try_from(text.len()) {
///         Ok(length @ 0..=0x7f) => Ok(vec![length]),
///         _ => Err(Error::invalid("the text is too long")),
///     }
/// }
///
/// assert_eq!(length("warren"), Ok(vec![6]));
/// assert_eq!(length(&"x".repeat(128)).unwrap_err().kind, Kind::Invalid);
/// ```
pub type Answer = Result<Vec<u8>, Error>;

/// The outcome of [`Capability::call`].
///
/// ```
/// use warren_engine::capability::Step;
///
/// fn call(operation: &str, request: Vec<u8>) -> Step {
///     match operation {
///         "echo" => Step::Done(Ok(request)),
///         "reverse" => Step::compute(request.len(), move |progress| {
///             progress.check()?;
///             Ok(request.into_iter().rev().collect())
///         }),
///         "later" => Step::wait(0, move |_charge| async move {
///             tokio::task::yield_now().await;
///             Ok(request)
///         }),
///         _ => Step::Unknown,
///     }
/// }
///
/// assert!(matches!(call("echo", vec![7]), Step::Done(Ok(answer)) if answer == [7]));
/// assert!(matches!(call("reverse", vec![7]), Step::Compute(work) if work.memory == 1));
/// assert!(matches!(call("later", vec![7]), Step::Wait(_)));
/// assert!(matches!(call("other", vec![7]), Step::Unknown));
/// ```
pub enum Step {
    /// The capability has no such operation.
    Unknown,
    /// The call is done.
    Done(Answer),
    /// The call needs processor time.
    Compute(Computation),
    /// The call waits for something outside: a network, a disk, another thread.
    Wait(Waiting),
}

/// Work that takes processor time. It runs on a thread that may block, with a permit of
/// the process's host, and is charged to the process.
///
/// ```
/// use warren_engine::capability::{Computation, Progress};
/// use warren_kernel::Error;
///
/// let sum = Computation {
///     memory: 0,
///     run: Box::new(|progress: &Progress<'_>| {
///         let mut sum = 0_u8;
///         for number in 1..=10 {
///             progress.check()?;
///             sum += number;
///         }
///         Ok(vec![sum])
///     }),
/// };
/// let charge = || Ok::<(), Error>(());
/// let progress = Progress::new(&charge);
/// assert_eq!((sum.run)(&progress), Ok(vec![55]));
/// assert_eq!(progress.checks(), 10);
/// ```
pub struct Computation {
    /// The bytes that the work allocates beside the request, charged to the process
    /// until the work is done.
    pub memory: usize,
    /// The work. It calls [`Progress::check`] each millisecond or so.
    pub run: Box<dyn FnOnce(&Progress<'_>) -> Answer + Send>,
}

/// A call that waits. Its future is a task of the embedder's tokio runtime, and must not
/// block. It is dropped when nobody waits for its answer any more: at the end of the
/// process, at an upgrade, and when the process abandons the call.
///
/// ```
/// use warren_engine::capability::{Answer, Charge, Waiting};
///
/// async fn receive(charge: Charge) -> Answer {
///     charge.grow(4 << 10)?;
///     tokio::task::yield_now().await;
///     Ok(vec![0xc3])
/// }
///
/// let waiting = Waiting {
///     memory: 1 << 10,
///     run: Box::new(|charge| Box::pin(receive(charge))),
/// };
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// let answer = tokio.block_on((waiting.run)(Charge::new(|_bytes| Ok(()))));
/// assert_eq!(answer, Ok(vec![0xc3]));
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Waiting {
    /// The bytes that the call takes beside its request, charged to the process until the
    /// answer is there.
    pub memory: usize,
    /// Makes the future, on a thread of that tokio runtime.
    pub run: Box<dyn FnOnce(Charge) -> WaitingFuture + Send>,
}

/// The future of a call that waits.
///
/// ```
/// use warren_engine::capability::{Answer, WaitingFuture};
/// use warren_kernel::{Error, Kind};
///
/// /// Turns an answer that is empty into an error.
/// fn not_empty(answer: WaitingFuture) -> WaitingFuture {
///     async fn checked(answer: WaitingFuture) -> Answer {
///         let answer = answer.await?;
///         match answer.is_empty() {
///             true => Err(Error::internal("the answer is empty")),
///             false => Ok(answer),
///         }
///     }
///     Box::pin(checked(answer))
/// }
///
/// let tokio = tokio::runtime::Builder::new_current_thread().build()?;
/// let empty = not_empty(Box::pin(std::future::ready::<Answer>(Ok(Vec::new()))));
/// assert_eq!(tokio.block_on(empty).unwrap_err().kind, Kind::Internal);
/// # Ok::<(), std::io::Error>(())
/// ```
pub type WaitingFuture = Pin<Box<dyn Future<Output = Answer> + Send>>;

impl std::fmt::Debug for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Step::Unknown => "Unknown",
            Step::Done(_) => "Done",
            Step::Compute(_) => "Compute",
            Step::Wait(_) => "Wait",
        })
    }
}

impl Step {
    /// Returns work that allocates `memory` bytes beside its request.
    pub fn compute(
        memory: usize,
        run: impl FnOnce(&Progress<'_>) -> Answer + Send + 'static,
    ) -> Step {
        Step::Compute(Computation {
            memory,
            run: Box::new(run),
        })
    }

    /// Returns a call that waits and takes `memory` bytes beside its request. It takes more
    /// by its [`Charge`].
    ///
    /// ```
    /// use std::time::Duration;
    /// use warren_engine::capability::Step;
    ///
    /// let nap = Step::wait(0, |_charge| async {
    ///     tokio::time::sleep(Duration::from_millis(1)).await;
    ///     Ok(vec![0xc3])
    /// });
    /// assert!(matches!(nap, Step::Wait(_)));
    /// ```
    pub fn wait<F>(memory: usize, run: impl FnOnce(Charge) -> F + Send + 'static) -> Step
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        Step::Wait(Waiting {
            memory,
            run: Box::new(|charge| Box::pin(run(charge))),
        })
    }
}

/// The call that a computation works for.
///
/// ```
/// use warren_engine::capability::{Answer, Progress};
/// use warren_kernel::{Error, Kind};
///
/// /// Returns the largest of many bytes.
/// fn largest(bytes: &[u8], progress: &Progress<'_>) -> Answer {
///     let mut largest = 0;
///     for part in bytes.chunks(64 << 10) {
///         progress.check()?;
///         largest = part.iter().copied().fold(largest, u8::max);
///     }
///     Ok(vec![0xcc, largest])
/// }
///
/// let goes_on = || Ok::<(), Error>(());
/// let progress = Progress::new(&goes_on);
/// assert_eq!(largest(&[1, 200, 3], &progress), Ok(vec![0xcc, 200]));
/// assert_eq!(progress.checks(), 1);
///
/// let has_ended = || Err::<(), Error>(Error::new(Kind::Canceled, "the process has ended"));
/// let error = largest(&[1], &Progress::new(&has_ended)).unwrap_err();
/// assert_eq!(error.kind, Kind::Canceled);
/// ```
pub struct Progress<'a> {
    charge: &'a dyn Fn() -> Result<(), Error>,
    checks: Cell<u64>,
}

impl std::fmt::Debug for Progress<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Progress")
            .field("checks", &self.checks.get())
            .finish_non_exhaustive()
    }
}

impl<'a> Progress<'a> {
    /// Makes the progress of a call. `charge` is called at each check.
    pub fn new(charge: &'a dyn Fn() -> Result<(), Error>) -> Progress<'a> {
        Progress {
            charge,
            checks: Cell::new(0),
        }
    }

    /// Charges the process with the processor time used since the last check.
    ///
    /// # Errors
    ///
    /// `Canceled` if the process has ended or does not wait any more; `Internal` if it has
    /// used up its processor time. The work returns the error and ends.
    pub fn check(&self) -> Result<(), Error> {
        self.checks.set(self.checks.get() + 1);
        (self.charge)()
    }

    /// The number of checks so far, for tests.
    pub fn checks(&self) -> u64 {
        self.checks.get()
    }
}
