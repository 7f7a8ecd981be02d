//! Pools of slots for instances, which grow while programs need them.
//!
//! Each pool is a wasmtime engine with its own pooling allocator. All pools of
//! a class share their settings and so their compiled code. The first pool is small,
//! because the guard pages of all stacks of a pool are mapped at once: 1,000 of them took
//! a third of a warm start. From the third pool on, each is twice as large as the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use parking_lot::{Mutex, RwLock};
use rustix::process::{Resource, getrlimit};
use warren_kernel::{Budget, Error, Kind};
use wasmtime::Engine;

use crate::code::address_space::{AddressSpace, Reserved};
use crate::code::class::Class;
use crate::code::linkers::{Imports, Linkers};
use crate::code::loaded::Loaded;
use crate::code::mappings::{Mappings, SMALLEST_POOL};
use crate::sched::ticker::Engines;

/// Slots in the first pool of a class: enough for most short programs.
const FIRST: u32 = 64;

/// Taken slots of the first pool at which the second one is opened, so that no spawn waits
/// for its guard pages.
const OPEN_AHEAD: u32 = FIRST - FIRST / 4;

/// Slots in the first two pools of a class together.
const FIRST_TWO: u32 = 1_000;

/// Slots in the largest pool of a class.
const LARGEST: u32 = 128_000;

/// Sizes of the pools of fast slots that are opened although dense slots would do.
const FAST_TO_SPARE: [u32; 3] = [FIRST, FIRST_TWO - FIRST, FIRST_TWO];

/// Bytes charged to the node for a free slot that had an instance before. The pool
/// keeps up to 128 KiB of pages for such a slot (`Class::config`), of which small
/// guests have touched a part.
const KEPT: u64 = 64 << 10;

/// All pools of one class.
pub(crate) struct Pools<T: 'static> {
    class: Class,
    /// The address space that fast slots are taken from.
    for_fast: &'static AddressSpace,
    ticked: Engines,
    mappings: Arc<Mappings>,
    /// Memory of the node.
    budget: Arc<Budget>,
    imports: Imports<T>,
    members: RwLock<Vec<Arc<Pool<T>>>>,
    /// Held while a pool is opened: two callers never open one at once.
    opening: Mutex<()>,
    /// True once `for_fast` or the operating system has refused a spare pool.
    spent: AtomicBool,
}

/// One engine and its slots.
pub(crate) struct Pool<T: 'static> {
    pub(crate) engine: Engine,
    pub(crate) linkers: Linkers<T>,
    class: Class,
    slots: u32,
    taken: AtomicU32,
    /// Slots that are free and were taken before.
    kept: AtomicU32,
    is_last_fast: bool,
    /// Loaded code by the number of its artifact.
    loaded: RwLock<Vec<Option<Arc<Loaded<T>>>>>,
    /// The part of `for_fast` that this pool holds, if its slots are fast.
    _address_space: Option<Reserved>,
}

/// The right to one instance in a pool. Dropping it frees the slot, so it must be
/// dropped after the instance's store.
pub(crate) struct Slot<T: 'static> {
    pool: Arc<Pool<T>>,
    budget: Arc<Budget>,
    mappings: Arc<Mappings>,
    is_followed: bool,
}

impl<T> Pools<T> {
    /// Makes the pools of a class; none is open yet.
    pub(crate) fn new(
        class: Class,
        for_fast: &'static AddressSpace,
        ticked: Engines,
        mappings: Arc<Mappings>,
        budget: Arc<Budget>,
        imports: Imports<T>,
    ) -> Pools<T> {
        Pools {
            class,
            for_fast,
            ticked,
            mappings,
            budget,
            imports,
            members: RwLock::default(),
            opening: Mutex::default(),
            spent: AtomicBool::new(false),
        }
    }

    /// Takes a slot; opens a new pool if all slots are taken. Opening a pool asks
    /// the operating system for thousands of mappings.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the setting of the operating system that is in the way.
    pub(crate) fn slot(&self) -> Result<Slot<T>, Error> {
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        let _opening = self.opening.lock();
        // Another caller may have opened a pool meanwhile.
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        self.open()?;
        self.free_slot()?.ok_or_else(|| {
            let message = "no slot is free for one more process; try again";
            Error::at_limit(Kind::RateLimited, "slots", self.taken() as u64, message)
        })
    }

    /// Takes a spare slot: one of a better class than the caller needs. Returns
    /// `None` if all spare slots are taken and no further pool of them can be opened.
    ///
    /// # Errors
    ///
    /// `RateLimited` if the machine has no slot of any class left.
    pub(crate) fn slot_to_spare(&self) -> Result<Option<Slot<T>>, Error> {
        let _opening = self.opening.lock();
        if let Some(slot) = self.free_slot()? {
            return Ok(Some(slot));
        }
        if self.open_to_spare()?.is_none() {
            return Ok(None);
        }
        self.free_slot()
    }

    /// Returns the first pool, to compile for it; opens it if none is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn first(&self) -> Result<Arc<Pool<T>>, Error> {
        let _opening = self.opening.lock();
        let first = self.members.read().first().map(Arc::clone);
        first.map_or_else(|| self.open(), Ok)
    }

    /// Returns the first pool of spare slots; see [`Pools::slot_to_spare`].
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn first_to_spare(&self) -> Result<Option<Arc<Pool<T>>>, Error> {
        let _opening = self.opening.lock();
        let first = self.members.read().first().map(Arc::clone);
        first.map_or_else(|| self.open_to_spare(), |pool| Ok(Some(pool)))
    }

    /// Returns the class of the slots.
    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// Returns the number of taken slots in all pools.
    pub(crate) fn taken(&self) -> usize {
        let members = self.members.read();
        members
            .iter()
            .map(|pool| pool.taken.load(Ordering::Relaxed) as usize)
            .sum()
    }

    /// Takes a free slot of a pool that is already open, if there is one.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn free_slot(&self) -> Result<Option<Slot<T>>, Error> {
        let members = self.members.read();
        let Some((pool, taken)) = members.iter().find_map(|pool| Some((pool, pool.take()?))) else {
            return Ok(None);
        };
        let pool = Arc::clone(pool);
        if let Err(error) = self.mappings.take_instance() {
            pool.taken.fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        if pool.take_kept() {
            self.budget.give(KEPT);
        }
        Ok(Some(Slot {
            pool,
            budget: Arc::clone(&self.budget),
            mappings: Arc::clone(&self.mappings),
            is_followed: members.len() == 1 && taken == OPEN_AHEAD,
        }))
    }

    /// Opens the second pool, unless it is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn open_ahead(&self) -> Result<(), Error> {
        let _opening = self.opening.lock();
        if self.members.read().len() == 1 {
            self.open()?;
        }
        Ok(())
    }

    /// Opens the second pool of spare slots, unless it is open; see
    /// [`Pools::slot_to_spare`].
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn open_spare_ahead(&self) -> Result<(), Error> {
        let _opening = self.opening.lock();
        if self.members.read().len() == 1 {
            self.open_to_spare()?;
        }
        Ok(())
    }

    /// Checks that the machine has mappings for one more pool.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the setting of the operating system that is in the way.
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        self.affordable_slots().map(drop)
    }

    /// Returns the number of slots that the next pool can have.
    fn affordable_slots(&self) -> Result<u32, Error> {
        let last = self.members.read().last().map(|pool| pool.slots);
        self.mappings.affordable_slots(size_after(last))
    }

    /// Opens one more pool. The caller holds `opening`.
    fn open(&self) -> Result<Arc<Pool<T>>, Error> {
        let (slots, engine) = self.engine(self.affordable_slots()?)?;
        // This pool must be opened either way: it counts as far as there is space left.
        let bytes = self.class.address_space() * u64::from(slots);
        let reserved = self.class.is_fast().then(|| self.for_fast.reserve(bytes));
        self.add(engine, slots, reserved.flatten())
    }

    /// Opens one more pool of spare slots, if one is allowed and possible. The caller
    /// holds `opening`.
    fn open_to_spare(&self) -> Result<Option<Arc<Pool<T>>>, Error> {
        let size = FAST_TO_SPARE.get(self.members.read().len());
        let Some(size) = size.filter(|_| !self.spent.load(Ordering::Relaxed)) else {
            return Ok(None);
        };
        let slots = self.mappings.affordable_slots(*size)?;
        let bytes = self.class.address_space() * u64::from(slots);
        // Half of a limit is left for dense slots, threads and code.
        let reserved = (bytes <= allowed_address_space() / 2).then(|| self.for_fast.reserve(bytes));
        let Some(address_space) = reserved.flatten() else {
            tracing::debug!("no address space left for fast slots: further slots are dense");
            self.spent.store(true, Ordering::Relaxed);
            return Ok(None);
        };
        match Engine::new(&self.class.config(slots)) {
            Ok(engine) => self.add(engine, slots, Some(address_space)).map(Some),
            Err(error) => {
                tracing::debug!("no more fast slots, further slots are dense: {error:#}");
                self.spent.store(true, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    fn add(
        &self,
        engine: Engine,
        slots: u32,
        address_space: Option<Reserved>,
    ) -> Result<Arc<Pool<T>>, Error> {
        let linkers = Linkers::new(&engine, self.imports.clone()).map_err(|error| {
            Error::internal(format!("cannot link the runtime's imports: {error:#}"))
        })?;
        self.mappings.pool_opened(slots);
        self.ticked.add(engine.clone());
        tracing::debug!(slots, class = ?self.class, "opened a pool");
        let mut members = self.members.write();
        let pool = Arc::new(Pool {
            engine,
            linkers,
            class: self.class,
            slots,
            taken: AtomicU32::new(0),
            kept: AtomicU32::new(0),
            is_last_fast: self.class.is_fast() && members.len() + 1 >= FAST_TO_SPARE.len(),
            loaded: RwLock::default(),
            _address_space: address_space,
        });
        members.push(Arc::clone(&pool));
        Ok(pool)
    }

    /// Makes an engine with this many slots. If a limit of address space (`ulimit -v`)
    /// refuses that many, the engine has at most half of the slots that the limit
    /// allows: threads, compiled code and snapshots need address space too.
    fn engine(&self, wanted: u32) -> Result<(u32, Engine), Error> {
        let mut slots = wanted;
        loop {
            match Engine::new(&self.class.config(slots)) {
                Ok(engine) if slots == wanted || slots / 2 < SMALLEST_POOL => {
                    return Ok((slots, engine));
                }
                Ok(largest) => {
                    drop(largest);
                    slots /= 2;
                    let engine = Engine::new(&self.class.config(slots));
                    return engine
                        .map(|engine| (slots, engine))
                        .map_err(|error| refused(wanted, slots, &error));
                }
                Err(error) if slots / 2 < SMALLEST_POOL => {
                    return Err(refused(wanted, slots, &error));
                }
                Err(_) => slots /= 2,
            }
        }
    }
}

/// Returns the slots that the pool after one with `last` slots has, if there are mappings
/// for it.
fn size_after(last: Option<u32>) -> u32 {
    match last {
        None => FIRST,
        Some(FIRST) => FIRST_TWO - FIRST,
        Some(slots) => slots.saturating_mul(2).min(LARGEST),
    }
}

fn refused(wanted: u32, slots: u32, error: &wasmtime::Error) -> Error {
    let fewer = if slots < wanted {
        format!(", and even for {slots}")
    } else {
        String::new()
    };
    let message = format!(
        "the operating system refuses memory for {wanted} more processes{fewer}: {error:#}"
    );
    let allowed = allowed_address_space();
    Error::at_limit(Kind::RateLimited, "address_space", allowed, message)
}

/// Returns the bytes of address space that the operating system allows (`ulimit -v`).
fn allowed_address_space() -> u64 {
    getrlimit(Resource::As).current.unwrap_or(u64::MAX)
}

impl<T> Pool<T> {
    /// Returns the class of the pool's slots.
    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// Returns true if the slots are fast and those of the next pool may be dense.
    pub(crate) fn is_last_fast(&self) -> bool {
        self.is_last_fast
    }

    /// Returns the code of this artifact, if it is loaded.
    pub(crate) fn loaded(&self, artifact: usize) -> Option<Arc<Loaded<T>>> {
        let loaded = self.loaded.read();
        loaded.get(artifact)?.clone()
    }

    /// Returns true if the code of this artifact is loaded.
    pub(crate) fn has_loaded(&self, artifact: usize) -> bool {
        let loaded = self.loaded.read();
        loaded.get(artifact).is_some_and(Option::is_some)
    }

    /// Keeps the code of an artifact; code that is already kept for it stays.
    pub(crate) fn keep(&self, artifact: usize, code: Loaded<T>) {
        let mut loaded = self.loaded.write();
        if loaded.len() <= artifact {
            loaded.resize_with(artifact + 1, || None);
        }
        loaded[artifact].get_or_insert_with(|| Arc::new(code));
    }

    /// Counts one slot less that is free and was taken before; false if there is none.
    fn take_kept(&self) -> bool {
        self.kept
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |kept| {
                kept.checked_sub(1)
            })
            .is_ok()
    }

    /// Takes a slot, and returns the number of slots that are taken now; `None` if none is
    /// free.
    fn take(&self) -> Option<u32> {
        let before = self
            .taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.slots).then(|| taken + 1)
            });
        before.ok().map(|before| before + 1)
    }
}

impl<T> Slot<T> {
    /// Returns the pool that the slot is in.
    pub(crate) fn pool(&self) -> &Arc<Pool<T>> {
        &self.pool
    }

    /// Returns true if the next pool should be opened: the first one is nearly taken.
    pub(crate) fn is_followed(&self) -> bool {
        self.is_followed
    }
}

impl<T> std::fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("slots", &self.slots)
            .finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("slots", &self.pool.slots)
            .finish_non_exhaustive()
    }
}

impl<T> Drop for Slot<T> {
    fn drop(&mut self) {
        self.mappings.free_instance();
        self.budget.force(KEPT);
        self.pool.kept.fetch_add(1, Ordering::Relaxed);
        self.pool.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A pool without the type of its instances, as an artifact knows it.
pub(crate) trait Forget: Send + Sync + std::fmt::Debug {
    /// Drops the loaded code of an artifact that is gone.
    fn forget(&self, artifact: usize);
}

impl<T> Forget for Pool<T> {
    fn forget(&self, artifact: usize) {
        let mut loaded = self.loaded.write();
        let forgotten = loaded.get_mut(artifact).and_then(Option::take);
        // Unmapping it takes a while.
        drop(loaded);
        drop(forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::address_space::FOR_FAST_SLOTS;
    use crate::code::class::Shape;
    use crate::code::mappings::RESERVED;

    /// Pools of small slots, under this limit of mappings.
    fn pools(limit: fn() -> u64) -> Pools<()> {
        let class = Class::dense(1 << 20, Shape::Core);
        let budget = Arc::new(Budget::of_runtime(u64::MAX));
        let mappings = Arc::new(Mappings::limited_by(limit));
        Pools::new(
            class,
            &FOR_FAST_SLOTS,
            Engines::default(),
            mappings,
            budget,
            Imports::none(),
        )
    }

    #[test]
    fn the_machines_limit_makes_pools_smaller_and_then_refuses() {
        // Six mappings for each of twenty slots.
        let pools = pools(|| RESERVED + 120);
        let mut slots: Vec<_> = (0..20)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        assert_eq!(pools.taken(), 20);
        assert!(pools.check_room().is_err());
        let error = pools.slot().expect_err("there is no more");
        assert_eq!(error.kind, Kind::RateLimited);
        assert!(
            error.message.contains("vm.max_map_count is 2620"),
            "{error}"
        );
        slots.pop();
        assert_eq!(pools.taken(), 19);
        assert_eq!(pools.budget.used(), KEPT);
        slots.push(pools.slot().expect("a slot came back"));
        assert_eq!(pools.budget.used(), 0);
        drop(slots);
        assert_eq!(pools.taken(), 0);
        assert_eq!(pools.budget.used(), 20 * KEPT);
    }

    #[test]
    fn the_second_pool_is_opened_ahead_once() {
        let pools = pools(|| u64::MAX);
        let slots: Vec<_> = (0..FIRST)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        let asking: Vec<_> = slots.iter().map(Slot::is_followed).collect();
        let first = asking.iter().position(|asks| *asks);
        assert_eq!(first, Some(OPEN_AHEAD as usize - 1));
        assert_eq!(asking.iter().filter(|asks| **asks).count(), 1);
        for _ in 0..2 {
            pools.open_ahead().expect("there is room");
            assert_eq!(pools.members.read().len(), 2);
        }
        drop(slots);
        let slots: Vec<_> = (0..FIRST)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        assert!(!slots.iter().any(Slot::is_followed));
    }

    #[test]
    fn a_pool_follows_a_full_one() {
        let pools = pools(|| u64::MAX);
        assert!(pools.check_room().is_ok());
        let slots: Vec<_> = (0..=FIRST_TWO)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        let sizes: Vec<_> = pools.members.read().iter().map(|pool| pool.slots).collect();
        assert_eq!(sizes, [64, 936, 1_872]);
        drop(slots);
        assert_eq!(pools.taken(), 0);
    }
}
