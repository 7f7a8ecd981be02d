//! One instance: from code to the end of `start`.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use tokio::task;
use warren_kernel::{Error, Outcome, Spent};
use wasmtime::component::{InstancePre, ResourceTableError};
use wasmtime::{Store, Trap, UpdateDeadline, WasmBacktrace};

use crate::abi::wasi;
use crate::code::excerpt::excerpt;
use crate::guest::{self, CoreCode, Guest, Loaded, Pool, Prepared, Purpose};
use crate::node::traceback;

/// How an instance ended.
pub(crate) struct Finished {
    /// A trap, or a [`crate::guest::Unwind`].
    pub(crate) result: wasmtime::Result<()>,
    /// What the guest said its result is.
    pub(crate) outcome: Option<Outcome>,
    /// What `prepare` made of the source.
    pub(crate) prepared: Option<Prepared>,
    /// What `traceback` found in the memory of another process.
    pub(crate) text: Option<String>,
    /// What refused it memory last.
    pub(crate) memory_refused: Option<Spent>,
    /// What its want of memory has to do with its end.
    pub(crate) want: Want,
}

/// What an instance's want of memory has to do with its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// The guest has said that it ended for it.
    Said,
    /// It was refused memory, and was given none afterwards.
    Likely,
    /// Nothing that is known.
    Unknown,
}

/// Ticks a guest runs before others get their turn.
const SLICE: u64 = 1;

/// Instantiates and runs the guest's code.
pub(crate) fn run(pool: &Pool, guest: Guest) -> impl Future<Output = Finished> + Send {
    // Before the future: it holds a pointer for as long as the process lives, not
    // room for a guest.
    let mut store = Store::new(&pool.engine, guest);
    async move {
        let result = enter(pool, &mut store).await;
        let guest = store.into_data();
        let memory_refused = guest.limits.refused();
        let want = match guest.out_of_memory {
            true => Want::Said,
            false if guest.limits.is_refused() => Want::Likely,
            false => Want::Unknown,
        };
        let (prepared, text) = match guest.purpose {
            Purpose::Process { .. } => (None, None),
            Purpose::Prepare { prepared } => (prepared, None),
            Purpose::Explain { text, .. } => (None, text),
        };
        Finished {
            result,
            outcome: guest.outcome,
            prepared,
            text,
            memory_refused,
            want,
        }
    }
}

async fn enter(pool: &Pool, store: &mut Store<Guest>) -> wasmtime::Result<()> {
    store.limiter(|guest| &mut guest.limits);
    store.set_epoch_deadline(SLICE);
    store.epoch_deadline_callback(|mut store| {
        guest::show_if_asked(&store);
        store.data_mut().slices += 1;
        if let Some(error) = store.data().has_run_too_long() {
            return Err(wasmtime::Error::new(error));
        }
        // The deadline of a guest that has waited is an old one: it has its
        // whole slice before it. One whose imports return at once has not.
        if store.data().control.take_waited() {
            Ok(UpdateDeadline::Continue(SLICE))
        } else {
            Ok(UpdateDeadline::YieldCustom(SLICE, Box::pin(others_first())))
        }
    });
    let program = Arc::clone(&store.data().run.program);
    let artifact = program.artifact().map_err(wasmtime::Error::new)?;
    let Some(loaded) = artifact.loaded(pool) else {
        wasmtime::bail!("the code is not loaded");
    };
    match &*loaded {
        Loaded::Core(code) => enter_core(store, code).await,
        Loaded::Component(component) => enter_component(store, component)
            .await
            .map_err(wasi::exit_of),
    }
}

/// At the end of a slice: other processes have their turn, then other threads.
///
/// A thread that woke up on this core, of the embedder's server say, would wait
/// for the operating system to look after the two of them, which takes longer than
/// a slice.
async fn others_first() {
    task::yield_now().await;
    thread::yield_now();
}

/// Bytes that one call of a component may pass, beyond two messages.
const LIFTED: usize = 8 << 20;

async fn enter_component(
    store: &mut Store<Guest>,
    component: &InstancePre<Guest>,
) -> wasmtime::Result<()> {
    give_grants(store.data_mut())?;
    // What a call passes is copied before the call is looked at. A message is refused
    // by its limit; what is far beyond that is not copied at all.
    let message = store.data().shared.message_limit().bytes;
    store.set_hostcall_fuel(message.saturating_mul(2).saturating_add(LIFTED));
    let instance = component.instantiate_async(&mut *store).await?;
    let start = instance.get_typed_func::<(), ()>(&mut *store, "start")?;
    start.call_async(store, ()).await
}

/// Gives a component what the process was granted, if anything. A core module
/// finds it when it first asks.
fn give_grants(guest: &mut Guest) -> wasmtime::Result<()> {
    let grants = &guest.run.program.grants;
    if !grants.is_empty() {
        let component = wasi::Component::new(guest.shared.output(), &guest.control, grants)
            .map_err(|error| wasmtime::format_err!("a grant cannot be opened: {error}"))?;
        guest.wasi = Some(Box::new(component));
    }
    Ok(())
}

async fn enter_core(store: &mut Store<Guest>, code: &CoreCode) -> wasmtime::Result<()> {
    let instance = code.instance.instantiate_async(&mut *store).await?;
    let Some(memory) = instance
        .get_module_export(&mut *store, &code.memory)
        .and_then(wasmtime::Extern::into_memory)
    else {
        wasmtime::bail!("the export `memory` is gone");
    };
    store.data_mut().memory = Some(memory);
    let entry = match (&store.data().purpose, &code.prepare) {
        (Purpose::Process { .. }, _) => &code.start,
        (Purpose::Prepare { .. }, Some(prepare)) => prepare,
        (Purpose::Prepare { .. }, None) => {
            wasmtime::bail!("the interpreter exports no function `prepare`")
        }
        (Purpose::Explain { .. }, _) => return traceback::read(store, instance, code).await,
    };
    for export in code.initialize.iter().chain([entry]) {
        let function = instance
            .get_module_export(&mut *store, export)
            .and_then(wasmtime::Extern::into_func)
            .ok_or_else(|| wasmtime::format_err!("an exported function is gone"))?;
        function
            .typed::<(), ()>(&*store)?
            .call_async(&mut *store, ())
            .await?;
    }
    Ok(())
}

/// A trap as the error a process ends with.
pub(crate) fn failure(trap: &wasmtime::Error) -> Error {
    let message = match trap.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => "stack overflow: the guest's calls nest too deeply".to_owned(),
        Some(Trap::UnreachableCodeReached) => {
            "the guest aborted (wasm `unreachable` instruction executed)".to_owned()
        }
        Some(trap) => trap.to_string(),
        None if trap.is::<Error>() => {
            return trap
                .downcast_ref::<Error>()
                .cloned()
                .unwrap_or_else(|| Error::internal("the process failed"));
        }
        None => match trap.root_cause().downcast_ref() {
            Some(ResourceTableError::Full) => wasi::too_many_resources(),
            _ => trap.root_cause().to_string(),
        },
    };
    let mut error = Error::internal(message);
    error.stack = trap
        .downcast_ref::<WasmBacktrace>()
        .map(|backtrace| excerpt(backtrace, MAX_STACK));
    error
}

/// Bytes of the longest stack in an error. A module may call its functions by names
/// of 100,000 bytes.
const MAX_STACK: usize = 16 * 1024;
