//! Functions that need a permission. If the authorizer has to decide first, the
//! function is called again after the decision.

use std::pin::Pin;
use std::task::{Context, Poll};

use wasmtime::Caller;

use super::{Fault, status};
use crate::guest::Guest;
use crate::security::{Elsewhere, Question};

/// The result of a function that needs a permission.
pub(super) enum Asking {
    /// The status that the function returns.
    Done(i32),
    /// The question that has to be decided before the function can go on.
    First(Box<Question>),
    /// The rest of the function, which other nodes carry out.
    Elsewhere(Box<Elsewhere>),
}

impl Asking {
    /// The status of an operation whose result is a number or nothing.
    #[inline]
    pub(super) fn status(
        guest: &mut Guest,
        result: Result<u32, Fault>,
    ) -> wasmtime::Result<Asking> {
        match result {
            Err(Fault::Undecided(question)) => Ok(Asking::First(question)),
            Err(Fault::Elsewhere(rest)) => Ok(Asking::Elsewhere(rest)),
            result => Ok(Asking::Done(status(guest, result)?)),
        }
    }

    /// The status, for a function that is linked without an authorizer.
    #[inline]
    pub(super) fn done(self) -> wasmtime::Result<i32> {
        match self {
            Asking::Done(status) => Ok(status),
            Asking::First(question) => {
                wasmtime::bail!(
                    "{} needs a decision, but its import was linked without an authorizer",
                    question.action
                )
            }
            Asking::Elsewhere(_) => {
                wasmtime::bail!("a call waits for another node, but was linked without a cluster")
            }
        }
    }

    /// Returns the status. If there is a question, has it decided and returns
    /// `None`: the caller calls the function again.
    pub(super) async fn settled(
        self,
        caller: &mut Caller<'_, Guest>,
    ) -> wasmtime::Result<Option<i32>> {
        match self {
            Asking::Done(status) => Ok(Some(status)),
            Asking::First(question) => {
                caller.data_mut().ask(question).await;
                Ok(None)
            }
            Asking::Elsewhere(rest) => {
                let guest = caller.data_mut();
                let result = guest.elsewhere(*rest).await;
                guest.check_not_terminated()?;
                status(guest, result.map_err(Fault::from)).map(Some)
            }
        }
    }
}

/// A future of the status zero. It has no size, so boxing it allocates nothing.
/// Most sends return it: a boxed future is most of the extra cost of a send that is
/// judged.
pub(super) struct Zero;

impl Future for Zero {
    type Output = wasmtime::Result<i32>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(0))
    }
}

/// The future of a function that may wait.
pub(super) type Waiting<'a> = Box<dyn Future<Output = wasmtime::Result<i32>> + Send + 'a>;

/// Defines a function that returns [`Asking`].
macro_rules! define {
    ($linker:expr, $asks:expr, $module:expr, $name:expr, $function:expr, ($($parameter:ident: $type:ty),*)) => {{
        let function = $function;
        if $asks {
            $linker.func_wrap_async(
                $module,
                $name,
                move |mut caller: Caller<'_, Guest>, ($($parameter,)*): ($($type,)*)| -> asking::Waiting<'_> {
                    if caller.data().shared.simulation.is_some() {
                        return Box::new(async move {
                            caller.data().pause().await;
                            loop {
                                let asking = function(&mut caller, $($parameter),*)?;
                                if let Some(status) = asking.settled(&mut caller).await? {
                                    return Ok(status);
                                }
                            }
                        });
                    }
                    let mut asking = function(&mut caller, $($parameter),*);
                    if let Ok(Asking::Done(0)) = asking {
                        return Box::new(asking::Zero);
                    }
                    Box::new(async move {
                        loop {
                            if let Some(status) = asking?.settled(&mut caller).await? {
                                return Ok(status);
                            }
                            asking = function(&mut caller, $($parameter),*);
                        }
                    })
                },
            )?;
        } else {
            $linker.func_wrap(
                $module,
                $name,
                move |mut caller: Caller<'_, Guest>, $($parameter: $type),*| {
                    function(&mut caller, $($parameter),*)?.done()
                },
            )?;
        }
    }};
}

pub(super) use define;
