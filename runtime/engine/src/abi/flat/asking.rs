//! Functions that need a permission: they may have to ask for it, and are then
//! called again.

use std::pin::Pin;
use std::task::{Context, Poll};

use wasmtime::Caller;

use super::{Fault, status};
use crate::guest::Guest;
use crate::security::Question;

/// What came of such a function.
pub(super) enum Asking {
    /// The status it returns.
    Done(i32),
    /// What has to be asked before it can go on.
    First(Box<Question>),
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
            result => Ok(Asking::Done(status(guest, result)?)),
        }
    }

    /// The status, where there is nobody to be asked.
    #[inline]
    pub(super) fn done(self) -> wasmtime::Result<i32> {
        match self {
            Asking::Done(status) => Ok(status),
            Asking::First(question) => {
                wasmtime::bail!("nobody can say whether {} is allowed", question.action)
            }
        }
    }

    /// The status; absent, once the question is answered, where the function is
    /// to be called again.
    pub(super) async fn settled(self, caller: &mut Caller<'_, Guest>) -> Option<i32> {
        match self {
            Asking::Done(status) => Some(status),
            Asking::First(question) => {
                caller.data_mut().ask(question).await;
                None
            }
        }
    }
}

/// The status zero, at once. It has no size, so that boxing it takes no memory:
/// most sends end in it, and most of what they cost over those that nobody judges
/// is what a function costs that may wait.
pub(super) struct Zero;

impl Future for Zero {
    type Output = wasmtime::Result<i32>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(0))
    }
}

/// What a function that may wait returns.
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
                    let mut asking = function(&mut caller, $($parameter),*);
                    if let Ok(Asking::Done(0)) = asking {
                        return Box::new(asking::Zero);
                    }
                    Box::new(async move {
                        loop {
                            if let Some(status) = asking?.settled(&mut caller).await {
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
