//! Runs one instance, from instantiation to the end of its function.

use std::future::{Future, poll_fn};
use std::sync::Arc;
use std::task::Poll;
use std::thread;

use tokio::task;
use warren_kernel::{Error, Kind, Outcome, Spent};
use wasmtime::component::ResourceTableError;
use wasmtime::{Instance, Memory, ModuleExport, Store, Trap, UpdateDeadline, WasmBacktrace};

use crate::abi::wasi;
use crate::code::class::WASM_STACK;
use crate::code::entries::Begin;
use crate::code::symbols::{self, Frame};
use crate::guest::parking::LARGEST;
use crate::guest::{
    self, Awaited, ComponentCode, CoreCode, Guest, Loaded, Pool, Prepared, Purpose, Unwind,
};
use crate::node::park::{self, Image, Parked};
use crate::node::traceback;
use crate::sched::scheduler;

/// The end of an instance.
pub(crate) struct Finished {
    /// A trap, or a [`crate::guest::Unwind`].
    pub(crate) result: wasmtime::Result<()>,
    /// The outcome that the guest gave.
    pub(crate) outcome: Option<Outcome>,
    /// The code that `prepare` made of the source.
    pub(crate) prepared: Option<Prepared>,
    /// The text that `traceback` made of another process's memory.
    pub(crate) text: Option<String>,
    /// The last limit that refused the instance memory.
    pub(crate) memory_refused: Option<Spent>,
    /// The part that a want of memory had in the end.
    pub(crate) want: Want,
    /// The process, if it has not ended but waits without an instance.
    pub(crate) parked: Option<Box<Parked>>,
}

impl Finished {
    fn parked(parked: Box<Parked>) -> Finished {
        Finished {
            result: Ok(()),
            outcome: None,
            prepared: None,
            text: None,
            memory_refused: None,
            want: Want::Unknown,
            parked: Some(parked),
        }
    }
}

/// The part that a want of memory had in an instance's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Want {
    /// The guest has reported that it ran out of memory.
    Said,
    /// The last request for memory was refused.
    Likely,
    /// No known part.
    Unknown,
}

/// The slice of a guest: ticks that it runs before it yields.
const SLICE: u64 = 1;

/// Instantiates and runs the guest's code: from its beginning, or from the memory of a
/// parked process.
pub(crate) fn run(
    pool: &Pool,
    guest: Guest,
    image: Option<Box<Image>>,
) -> impl Future<Output = Finished> + Send {
    // Made outside the future, which then holds a pointer and not a whole guest.
    let mut store = Store::new(&pool.engine, guest);
    async move {
        let (result, guest) = match enter(pool, &mut store, image).await {
            Ok(None) => (Ok(()), store.into_data()),
            // In a box: each process holds the size of this future.
            Ok(Some(awaited)) => match Box::pin(park::park(pool, store, awaited)).await {
                Ok(parked) => return Finished::parked(parked),
                Err((guest, error)) => (Err(error), guest),
            },
            Err(error) => (Err(error), store.into_data()),
        };
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
            parked: None,
        }
    }
}

/// Returns the wait of a process that is to be parked.
async fn enter(
    pool: &Pool,
    store: &mut Store<Guest>,
    image: Option<Box<Image>>,
) -> wasmtime::Result<Option<Box<Awaited>>> {
    store.limiter(|guest| &mut guest.limits);
    store.set_epoch_deadline(SLICE);
    store.epoch_deadline_callback(|mut store| {
        guest::show_if_asked(&store);
        store.data_mut().slices += 1;
        if let Some(error) = store.data().has_run_too_long() {
            return Err(wasmtime::Error::new(error));
        }
        // If the guest has waited, this deadline dates from before its wait, and
        // the guest begins a new slice. Otherwise the guest has used up its slice.
        if store.data().control.take_waited() {
            Ok(UpdateDeadline::Continue(SLICE))
        } else {
            Ok(UpdateDeadline::YieldCustom(SLICE, Box::pin(others_first())))
        }
    });
    let program = Arc::clone(&store.data().run.program);
    let artifact = program.artifact().map_err(wasmtime::Error::new)?;
    let Some(loaded) = artifact.loaded(pool) else {
        wasmtime::bail!("the code is not loaded into the pool of the instance");
    };
    match &*loaded {
        Loaded::Core(code) => enter_core(store, code, image).await,
        // In a box: each process holds the size of this future, and few are components.
        Loaded::Component(component) => Box::pin(enter_component(store, component))
            .await
            .map(|()| None)
            .map_err(wasi::exit_of),
    }
}

/// Yields at the end of a slice, to other processes and then to other threads.
///
/// Without the second yield, a thread that woke on this core, for example of the
/// embedder's server, would wait for the scheduler of the operating system, whose
/// time slice is longer.
async fn others_first() {
    scheduler::slice_is_over();
    task::yield_now().await;
    thread::yield_now();
}

/// Bytes that one call of a component may pass in addition to two messages.
const LIFTED: usize = 8 << 20;

async fn enter_component(
    store: &mut Store<Guest>,
    component: &ComponentCode,
) -> wasmtime::Result<()> {
    give_grants(store.data_mut())?;
    // wasmtime copies the operands before the import runs and checks their limits.
    // This bound keeps a component from having far larger operands copied.
    let message = store.data().shared.message_limit().bytes;
    store.set_hostcall_fuel(message.saturating_mul(2).saturating_add(LIFTED));
    let incoming = store.data().incoming();
    let instance = component.instance.instantiate_async(&mut *store).await?;
    let entries = &component.entries;
    if let (Some(incoming), Some(handle)) = (incoming, &entries.handle) {
        return wasi::answer(store, instance, handle, &incoming).await;
    }
    match &entries.begin {
        Some(Begin::Start(start)) => {
            let start = instance.get_typed_func::<(), ()>(&mut *store, start)?;
            start.call_async(store, ()).await
        }
        Some(Begin::Run(run)) => {
            let run = instance.get_typed_func::<(), (Result<(), ()>,)>(&mut *store, run)?;
            match run.call_async(store, ()).await? {
                (Ok(()),) => Ok(()),
                (Err(()),) => Err(wasmtime::Error::new(Unwind::Exit(1))),
            }
        }
        None => Err(wasmtime::Error::new(only_answers())),
    }
}

fn only_answers() -> Error {
    Error::invalid(
        "the component answers requests and does nothing else: give it a route of a listener, \
         and start no process of it",
    )
}

/// Opens the grants for a component. A core module's grants are opened at its first
/// call of WASI.
fn give_grants(guest: &mut Guest) -> wasmtime::Result<()> {
    let grants = &guest.run.program.grants;
    if !grants.is_empty() {
        let component = wasi::Component::new(guest, grants)
            .map_err(|error| wasmtime::format_err!("cannot open a grant: {error}"))?;
        guest.wasi = Some(Box::new(component));
    }
    Ok(())
}

async fn enter_core(
    store: &mut Store<Guest>,
    code: &CoreCode,
    image: Option<Box<Image>>,
) -> wasmtime::Result<Option<Box<Awaited>>> {
    if image.is_some() {
        store.data_mut().limits.set_restoring(true);
    }
    let instance = code.instance.instantiate_async(&mut *store).await?;
    let Some(memory) = instance
        .get_module_export(&mut *store, &code.memory)
        .and_then(wasmtime::Extern::into_memory)
    else {
        wasmtime::bail!("the export `memory` is missing");
    };
    store.data_mut().memory = Some(memory);
    let entry = match (&store.data().purpose, &code.prepare) {
        (Purpose::Process { .. }, _) => &code.start,
        (Purpose::Prepare { .. }, Some(prepare)) => prepare,
        (Purpose::Prepare { .. }, None) => {
            wasmtime::bail!("the interpreter exports no function `prepare`")
        }
        (Purpose::Explain { .. }, _) => {
            return traceback::read(store, instance, code).await.map(|()| None);
        }
    };
    if code.resume.is_some() {
        watch(store.data());
    }
    let (initialize, mut entry) = match (&image, &code.resume) {
        (Some(_), Some(resume)) => (None, resume),
        _ => (code.initialize.as_ref(), entry),
    };
    if let Some(image) = image {
        // In a box: each process holds the size of this future.
        Box::pin(park::restore(store, memory, &image)).await?;
        store.data_mut().limits.set_restoring(false);
    }
    if let Some(initialize) = initialize {
        call(store, instance, initialize).await?;
    }
    loop {
        call(store, instance, entry).await?;
        let guest = store.data_mut();
        let (Some(resume), Some(awaited)) = (&code.resume, guest.awaited.take()) else {
            return Ok(None);
        };
        if guest.outcome.is_some() {
            return Ok(None);
        }
        if !rest(store, &awaited).await? {
            return Ok(Some(awaited));
        }
        entry = resume;
    }
}

/// Has the process be parked once it has waited long enough.
fn watch(guest: &Guest) {
    let program = &guest.run.program;
    if let (Purpose::Process { process, .. }, Some(artifact)) = (&guest.purpose, &program.artifact)
    {
        let parking = &guest.shared.parking;
        parking.watch(process, &guest.control, artifact);
    }
}

async fn call(
    store: &mut Store<Guest>,
    instance: Instance,
    export: &ModuleExport,
) -> wasmtime::Result<()> {
    let function = instance
        .get_module_export(&mut *store, export)
        .and_then(wasmtime::Extern::into_func)
        .ok_or_else(|| wasmtime::format_err!("an exported function is missing"))?;
    function
        .typed::<(), ()>(&*store)?
        .call_async(&mut *store, ())
        .await
}

/// Waits for what a guest awaits whose function has returned. Returns false if the process
/// is to be parked, which one with much memory is not.
async fn rest(store: &mut Store<Guest>, awaited: &Awaited) -> wasmtime::Result<bool> {
    let now = store.data().shared.monotonic();
    if awaited.deadline.is_some_and(|deadline| deadline <= now) {
        return Ok(true);
    }
    store.data().control.wait_until(awaited.deadline);
    let mut waits = false;
    let resting = &mut *store;
    let (is_woken, has_waited) = poll_fn(move |_| -> Poll<wasmtime::Result<(bool, bool)>> {
        let guest = resting.data();
        let process = guest.process()?;
        if process.poll_ready(&awaited.wanted) {
            return Poll::Ready(Ok((true, waits)));
        }
        if guest.control.timed_out() {
            process.clear_interest();
            return Poll::Ready(Ok((true, waits)));
        }
        guest::show_if_asked(&*resting);
        let is_asked = guest.was_asked || guest.control.take_asked_to_return();
        // A guest may have grown its memory after it was asked.
        let is_small = |memory: Memory| memory.data_size(&*resting) as u64 <= LARGEST;
        if is_asked && guest.memory.is_some_and(is_small) {
            return Poll::Ready(Ok((false, waits)));
        }
        waits = true;
        Poll::Pending
    })
    .await?;
    let guest = store.data_mut();
    guest.control.wait_is_over();
    // A guest that finds something at once, again and again, is preempted as if it had not
    // returned.
    if has_waited {
        guest.control.has_waited();
    }
    guest.was_asked = false;
    Ok(is_woken)
}

/// Returns the calls of a trap, the innermost first.
pub(crate) fn calls(trap: &wasmtime::Error) -> Vec<Frame> {
    let backtrace = trap.downcast_ref::<WasmBacktrace>();
    backtrace.map(symbols::frames).unwrap_or_default()
}

/// Turns a trap into the error with which the process ends, without its calls.
pub(crate) fn failure(trap: &wasmtime::Error) -> Error {
    match trap.downcast_ref::<Trap>() {
        Some(Trap::StackOverflow) => {
            let message = "stack overflow: the guest's calls nest too deeply";
            at_own_limit("max_stack", WASM_STACK, message)
        }
        Some(Trap::UnreachableCodeReached) => {
            Error::internal("the guest aborted (wasm `unreachable` instruction executed)")
        }
        Some(trap) => {
            let text = trap.to_string();
            Error::internal(text.strip_prefix("wasm trap: ").unwrap_or(&text))
        }
        None => match (trap.downcast_ref(), trap.root_cause().downcast_ref()) {
            (Some(error), _) => Error::clone(error),
            (None, Some(ResourceTableError::Full)) => {
                let message = wasi::too_many_resources();
                at_own_limit("max_resources", wasi::MAX_RESOURCES, message)
            }
            _ => Error::internal(trap.root_cause().to_string()),
        },
    }
}

/// Returns the error of a process that has ended at a limit of its own: it would end there
/// again.
fn at_own_limit(limit: &'static str, value: usize, message: impl Into<String>) -> Error {
    Error::at_limit(Kind::RateLimited, limit, value as u64, message).retryable(false)
}
