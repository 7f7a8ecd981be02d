//! Parks a process, and wakes it: its memory leaves its slot, and enters another one.
//!
//! ```text
//!  instance in a slot ── returns, to wait ──> record of its memory; the slot is free
//!          ^                                         │ waits: message, event, deadline
//!          └── resume <── pages written <── a slot ──┘
//! ```
//!
//! The guest's data, with all that its capabilities keep for it, stays as it is.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use warren_kernel::{Monotonic, Process};
use wasmtime::{Memory, Store};

use crate::code::parked::{PAGE, Record, RecordError, Snapshot, pack};
use crate::guest::parking::Patience;
use crate::guest::stacks::Sight;
use crate::guest::{Awaited, CoreCode, Guest, Loaded, Pool, Slot, Surroundings};
use crate::limits::{INSTANCE, PARKED};
use crate::node::deadline::{Timer, earlier, is_doomed};
use crate::sched::permits::Permit;

/// Bytes of a page of WebAssembly.
const WASM_PAGE: usize = 64 << 10;

/// Bounds of the time between two tries to find a slot.
const FIRST_TRY: Duration = Duration::from_millis(1);
const LAST_TRY: Duration = Duration::from_millis(20);

/// A process without an instance.
pub(crate) struct Parked {
    pub(crate) guest: Box<Guest>,
    pub(crate) image: Box<Image>,
    awaited: Box<Awaited>,
    /// True if the code can read the stack in a copy of the memory.
    explains: bool,
    /// The time that parking took.
    took: Duration,
}

/// The memory of a parked process.
pub(crate) struct Image {
    record: Box<[u8]>,
    snapshot: Arc<Snapshot>,
}

/// Takes the memory of an instance whose guest waits. The guest comes back without it if
/// that fails.
pub(super) async fn park(
    pool: &Pool,
    store: Store<Guest>,
    awaited: Box<Awaited>,
) -> Result<Box<Parked>, (Guest, wasmtime::Error)> {
    let begun = Instant::now();
    let code = match code_of(pool, store.data()) {
        Ok(code) => code,
        Err(error) => return Err((store.into_data(), error)),
    };
    let Loaded::Core(code) = &*code else {
        let error = wasmtime::format_err!("a component cannot be parked");
        return Err((store.into_data(), error));
    };
    let (guest, image) = image_of(pool, store, code).await;
    let image = match image {
        Ok(image) => Box::new(image),
        Err(error) => return Err((guest, error)),
    };
    // It may have been asked once more while it returned.
    guest.control.take_asked_to_return();
    Ok(Box::new(Parked {
        guest: Box::new(guest),
        image,
        awaited,
        explains: code.traceback.is_some(),
        took: begun.elapsed(),
    }))
}

fn code_of(pool: &Pool, guest: &Guest) -> wasmtime::Result<Arc<Loaded>> {
    let artifact = guest.run.program.artifact().map_err(wasmtime::Error::new)?;
    let loaded = artifact.loaded(pool);
    loaded.ok_or_else(|| wasmtime::format_err!("the code of the process is not loaded"))
}

async fn image_of(
    pool: &Pool,
    store: Store<Guest>,
    code: &CoreCode,
) -> (Guest, wasmtime::Result<Image>) {
    let class = pool.class();
    let artifact = store.data().run.program.artifact().map(Arc::clone);
    let (Some(memory), Ok(artifact)) = (store.data().memory, artifact) else {
        let error = wasmtime::format_err!("the process has no memory that could be kept");
        return (store.into_data(), Err(error));
    };
    let Some(bound) = artifact.bound(class) else {
        let error = wasmtime::format_err!("the code of the process has state beside its memory");
        return (store.into_data(), Err(error));
    };
    if let Some(snapshot) = artifact.snapshot(class) {
        let record = pack(memory.data(&store), &snapshot, bound);
        return (store.into_data(), Ok(Image { record, snapshot }));
    }
    // The first process of this code and class that is parked: the slot holds a new
    // instance for a moment, whose memory is the snapshot.
    let copy = memory.data(&store).to_vec();
    let mut new = Store::new(&pool.engine, store.into_data());
    let snapshot = match first_memory(&mut new, code).await {
        Ok(memory) => artifact.keep_snapshot(class, Snapshot::of(memory.data(&new))),
        Err(error) => return (new.into_data(), Err(error)),
    };
    let record = pack(&copy, &snapshot, bound);
    (new.into_data(), Ok(Image { record, snapshot }))
}

/// Makes a new instance, and returns its memory. Runs no code of the guest.
async fn first_memory(store: &mut Store<Guest>, code: &CoreCode) -> wasmtime::Result<Memory> {
    let instance = code.instance.instantiate_async(&mut *store).await?;
    instance
        .get_module_export(&mut *store, &code.memory)
        .and_then(wasmtime::Extern::into_memory)
        .ok_or_else(|| wasmtime::format_err!("the export `memory` is missing"))
}

/// Writes the memory of a parked process into a new instance.
pub(super) async fn restore(
    store: &mut Store<Guest>,
    memory: Memory,
    image: &Image,
) -> wasmtime::Result<()> {
    let record = Record::read(&image.record)?;
    let there = memory.data_size(&*store);
    if let Some(more) = record.len().checked_sub(there) {
        memory
            .grow_async(&mut *store, (more / WASM_PAGE) as u64)
            .await?;
    }
    let class = store.data().pool().map(|pool| pool.class());
    let artifact = store.data().run.program.artifact();
    let artifact = artifact.map_err(wasmtime::Error::new)?;
    let bound = class.and_then(|class| artifact.bound(class));
    let into = memory.data_mut(&mut *store);
    if bound == Some(record.bound()) {
        record.unpack(&image.snapshot, |offset, page| {
            into[offset..offset + PAGE].copy_from_slice(page);
        })?;
        return Ok(());
    }
    // Another class has a snapshot of its own. Pages that are equal there stay shared.
    let whole = record.memory(&image.snapshot)?;
    for (into, page) in into.chunks_mut(PAGE).zip(whole.chunks(PAGE)) {
        if into != page {
            into.copy_from_slice(page);
        }
    }
    Ok(())
}

impl Parked {
    /// Waits until the process has something to do, and takes a slot for it. Returns `None`
    /// if the process is to end.
    pub(super) async fn sleep(
        &mut self,
        around: &Surroundings,
        process: &Arc<Process>,
    ) -> Option<Slot> {
        let (shared, usage) = (&*around.shared, process.usage());
        let bytes = self.image.record.len() as u64;
        process.release_memory();
        process.force_memory(bytes);
        usage.change_memory(0, bytes);
        process.set_base(PARKED);
        usage.set_timed(self.awaited.deadline.is_some());
        usage.set_parked(true);
        let slept = Instant::now();
        let is_woken = Sleep {
            around,
            process,
            parked: &mut *self,
            timer: Timer::default(),
        };
        let is_woken = is_woken.await;
        // A process that waits for a slot waits for nothing else, also after its deadline.
        process.clear_interest();
        let (slept, woken) = (slept.elapsed(), Instant::now());
        let slot = match is_woken {
            true => self.slot(around, process).await,
            false => None,
        };
        usage.set_timed(false);
        process.release_memory();
        process.set_base(INSTANCE);
        usage.set_parked(false);
        if let (Some(slot), Some(usual)) = (&slot, shared.parking.after()) {
            let control = &self.guest.control;
            let cost = self.took + woken.elapsed();
            let patience = Patience::new(usual, control.patience());
            control.set_patience(patience.after_wake(slept, cost));
            self.guest.enter_pool(Arc::clone(slot.pool()));
            self.guest.was_asked = false;
        }
        slot
    }

    /// Takes a slot, of the class that the process had if there is one. Waits for a slot, and
    /// has others give theirs, for as long as the process is not to end. A process looks
    /// again only when it has a turn: all that wait would otherwise look every few
    /// milliseconds.
    async fn slot(&mut self, around: &Surroundings, process: &Arc<Process>) -> Option<Slot> {
        let artifact = self.guest.run.program.artifact().ok()?;
        let class = self.guest.pool().map(|pool| pool.class())?;
        let host = process.host();
        let mut pause = FIRST_TRY;
        loop {
            if is_doomed(&around.shared, process) {
                return None;
            }
            if let Some(slot) = around.node.free_slot(host, artifact, class) {
                return Some(slot);
            }
            // In a box: few processes wait, and each holds the size of this future.
            let turn = Box::pin(turn(around, process)).await?;
            let node = Arc::clone(&around.node);
            match node.slot(Arc::clone(host), Arc::clone(artifact)).await {
                Ok(slot) => return Some(slot),
                Err(error) => tracing::debug!(%error, "a parked process waits for a slot"),
            }
            drop(turn);
            around.shared.parking.make_room();
            around.shared.real_sleep(pause).await;
            pause = (pause * 2).min(LAST_TRY);
        }
    }

    /// Shows the calls of the process, if somebody has asked.
    fn show_if_asked(&self, around: &Surroundings, process: &Process) {
        if around.shared.stacks.asks(process) {
            let sight = match (self.explains, self.sight()) {
                (true, Some(sight)) => sight,
                _ => {
                    Sight::Nothing("the process is parked, and no function is on its stack".into())
                }
            };
            around.shared.stacks.answer(process, sight);
        }
    }

    fn sight(&self) -> Option<Sight> {
        let read = || -> Result<Vec<u8>, RecordError> {
            Record::read(&self.image.record)?.memory(&self.image.snapshot)
        };
        let artifact = Arc::clone(self.guest.run.program.artifact.as_ref()?);
        let bytes = read().ok()?;
        Some(Sight::Memory { artifact, bytes })
    }
}

/// Waits for a turn to look for a slot. Returns `None` if the process is to end.
async fn turn(around: &Surroundings, process: &Arc<Process>) -> Option<Permit> {
    let shared = &*around.shared;
    let mut permit = pin!(shared.parking.turns().permit(process.host().number()));
    let mut timer = Timer::default();
    poll_fn(|cx| {
        loop {
            if is_doomed(shared, process) {
                return Poll::Ready(None);
            }
            if let Poll::Ready(permit) = permit.as_mut().poll(cx) {
                return Poll::Ready(Some(permit));
            }
            let Some(deadline) = process.cancel_deadline() else {
                return Poll::Pending;
            };
            if !timer.poll(shared, deadline, cx) {
                return Poll::Pending;
            }
        }
    })
    .await
}

/// The wait of a parked process. Ends with true if the process has something to do, and
/// with false if it is to end.
struct Sleep<'a> {
    around: &'a Surroundings,
    process: &'a Arc<Process>,
    parked: &'a mut Parked,
    timer: Timer,
}

impl Future for Sleep<'_> {
    type Output = bool;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<bool> {
        let this = &mut *self;
        let (shared, process) = (&*this.around.shared, this.process);
        let awaited = &this.parked.awaited;
        loop {
            if is_doomed(shared, process) {
                return Poll::Ready(false);
            }
            this.parked.show_if_asked(this.around, process);
            let is_due = |now: Monotonic| awaited.deadline.is_some_and(|deadline| deadline <= now);
            if process.poll_ready(&awaited.wanted) || is_due(shared.monotonic()) {
                return Poll::Ready(true);
            }
            let Some(deadline) = earlier(awaited.deadline, process.cancel_deadline()) else {
                return Poll::Pending;
            };
            if !this.timer.poll(shared, deadline, cx) {
                return Poll::Pending;
            }
        }
    }
}
