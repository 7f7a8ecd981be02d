//! Pools of places for instances, which grow while programs need them.
//!
//! Each pool is a wasmtime engine with its own pooling allocator. All pools of
//! a class share their settings and so their compiled code; each new one is
//! twice as large as the last, because the guard pages of all stacks of a pool
//! are mapped at once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard};

use warren_kernel::{Budget, Error};
use wasmtime::Engine;

use crate::code::address_space::{AddressSpace, Reserved};
use crate::code::class::Class;
use crate::code::linkers::{Imports, Linkers};
use crate::code::loaded::Loaded;
use crate::code::mappings::{Mappings, SMALLEST_POOL};
use crate::sched::ticker::Ticker;

/// Places in the first pool of a class.
const FIRST: u32 = 1_000;

/// Places in the largest pool of a class.
const LARGEST: u32 = 128_000;

/// Pools of fast places where dense ones would do, with [`FIRST`] places each.
const FAST_TO_SPARE: usize = 2;

/// Bytes that stay with a place whose instance has ended, counted to the node until
/// it has another: pages are kept for it, up to 128 KiB (`Class::config`), of which
/// small guests have touched a part.
const KEPT: u64 = 64 << 10;

/// All pools of one class.
pub(crate) struct Pools<T: 'static> {
    class: Class,
    /// Where fast places take their address space from.
    for_fast: &'static AddressSpace,
    ticker: Arc<Ticker>,
    mappings: Arc<Mappings>,
    /// Of the node.
    budget: Arc<Budget>,
    imports: Imports<T>,
    members: RwLock<Vec<Arc<Pool<T>>>>,
    /// Held while a pool is opened, so that only one is.
    opening: Mutex<()>,
    /// Whether no more address space is to be had for places to spare.
    spent: AtomicBool,
}

/// One engine and its places.
pub(crate) struct Pool<T: 'static> {
    pub(crate) engine: Engine,
    pub(crate) linkers: Linkers<T>,
    class: Class,
    places: u32,
    taken: AtomicU32,
    /// Places that are free and were taken before.
    kept: AtomicU32,
    is_last_fast: bool,
    /// By the number of the artifact.
    loaded: RwLock<Vec<Option<Arc<Loaded<T>>>>>,
    /// Of fast places.
    _address_space: Option<Reserved>,
}

/// The right to one instance in a pool. Free again when dropped, which must
/// not be before the instance's store is.
pub(crate) struct Slot<T: 'static> {
    pool: Arc<Pool<T>>,
    budget: Arc<Budget>,
    mappings: Arc<Mappings>,
}

impl<T> Pools<T> {
    /// Pools of a class, none open yet.
    pub(crate) fn new(
        class: Class,
        for_fast: &'static AddressSpace,
        ticker: Arc<Ticker>,
        mappings: Arc<Mappings>,
        budget: Arc<Budget>,
        imports: Imports<T>,
    ) -> Pools<T> {
        Pools {
            class,
            for_fast,
            ticker,
            mappings,
            budget,
            imports,
            members: RwLock::default(),
            opening: Mutex::default(),
            spent: AtomicBool::new(false),
        }
    }

    /// A place for one instance, in a new pool where all are taken: that asks
    /// the operating system for thousands of mappings.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the operating system's setting in the way.
    pub(crate) fn slot(&self) -> Result<Slot<T>, Error> {
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        let _opening = self.opening();
        // Another may have opened one meanwhile.
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        self.open()?;
        self.free_slot()?
            .ok_or_else(|| Error::rate_limited("all places of the machine are taken"))
    }

    /// The same where places of another class would do: none where all that are
    /// to spare are taken, or where the address space for more is not to be had.
    ///
    /// # Errors
    ///
    /// `RateLimited`, where no class has room for one more.
    pub(crate) fn slot_to_spare(&self) -> Result<Option<Slot<T>>, Error> {
        let _opening = self.opening();
        if let Some(slot) = self.free_slot()? {
            return Ok(Some(slot));
        }
        if self.open_to_spare()?.is_none() {
            return Ok(None);
        }
        self.free_slot()
    }

    /// The first pool, to compile for; opens it where none is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn first(&self) -> Result<Arc<Pool<T>>, Error> {
        let _opening = self.opening();
        let first = self.members().first().map(Arc::clone);
        first.map_or_else(|| self.open(), Ok)
    }

    /// The same where pools of another class would do; see
    /// [`Pools::slot_to_spare`].
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn first_to_spare(&self) -> Result<Option<Arc<Pool<T>>>, Error> {
        let _opening = self.opening();
        let first = self.members().first().map(Arc::clone);
        first.map_or_else(|| self.open_to_spare(), |pool| Ok(Some(pool)))
    }

    /// Places that are taken, in all pools.
    pub(crate) fn taken(&self) -> usize {
        let members = self.members();
        members
            .iter()
            .map(|pool| pool.taken.load(Ordering::Relaxed) as usize)
            .sum()
    }

    fn members(&self) -> RwLockReadGuard<'_, Vec<Arc<Pool<T>>>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place that is free in a pool that is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn free_slot(&self) -> Result<Option<Slot<T>>, Error> {
        let members = self.members();
        let Some(pool) = members.iter().find(|pool| pool.take()) else {
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
        }))
    }

    fn opening(&self) -> MutexGuard<'_, ()> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens one more pool. For who holds `opening`.
    fn open(&self) -> Result<Arc<Pool<T>>, Error> {
        let last = self.members().last().map(|pool| pool.places);
        let wanted = last.map_or(FIRST, |places| places.saturating_mul(2).min(LARGEST));
        let (places, engine) = self.engine(self.mappings.affordable_places(wanted)?)?;
        // No choice: taken into account where there is any left.
        let bytes = self.class.address_space() * u64::from(places);
        let reserved = self.class.is_fast().then(|| self.for_fast.reserve(bytes));
        self.add(engine, places, reserved.flatten())
    }

    /// Opens one more pool, if it may be and can be. For who holds `opening`.
    fn open_to_spare(&self) -> Result<Option<Arc<Pool<T>>>, Error> {
        if self.members().len() >= FAST_TO_SPARE || self.spent.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let places = self.mappings.affordable_places(FIRST)?;
        let bytes = self.class.address_space() * u64::from(places);
        let Some(address_space) = self.for_fast.reserve(bytes) else {
            tracing::debug!("no address space for more fast places: dense ones it is");
            self.spent.store(true, Ordering::Relaxed);
            return Ok(None);
        };
        match Engine::new(&self.class.config(places)) {
            Ok(engine) => self.add(engine, places, Some(address_space)).map(Some),
            Err(error) => {
                tracing::debug!("fast places are refused, dense ones it is: {error:#}");
                self.spent.store(true, Ordering::Relaxed);
                Ok(None)
            }
        }
    }

    fn add(
        &self,
        engine: Engine,
        places: u32,
        address_space: Option<Reserved>,
    ) -> Result<Arc<Pool<T>>, Error> {
        let linkers = Linkers::new(&engine, self.imports).map_err(|error| {
            Error::internal(format!("the runtime's own imports do not link: {error:#}"))
        })?;
        self.mappings.pool_opened(places);
        self.ticker.add(engine.clone());
        tracing::debug!(places, class = ?self.class, "opened a pool");
        let mut members = self.members.write().unwrap_or_else(PoisonError::into_inner);
        let pool = Arc::new(Pool {
            engine,
            linkers,
            class: self.class,
            places,
            taken: AtomicU32::new(0),
            kept: AtomicU32::new(0),
            is_last_fast: self.class.is_fast() && members.len() + 1 >= FAST_TO_SPARE,
            loaded: RwLock::default(),
            _address_space: address_space,
        });
        members.push(Arc::clone(&pool));
        Ok(pool)
    }

    /// An engine with so many places. Where the limits of address space (`ulimit
    /// -v`) allow no more than that, one of at most half the size that there is room
    /// for: threads, compiled code and snapshots need some too.
    fn engine(&self, wanted: u32) -> Result<(u32, Engine), Error> {
        let mut places = wanted;
        loop {
            match Engine::new(&self.class.config(places)) {
                Ok(engine) if places == wanted || places / 2 < SMALLEST_POOL => {
                    return Ok((places, engine));
                }
                Ok(all_there_is) => {
                    drop(all_there_is);
                    places /= 2;
                    let engine = Engine::new(&self.class.config(places));
                    return engine
                        .map(|engine| (places, engine))
                        .map_err(|error| refused(wanted, places, &error));
                }
                Err(error) if places / 2 < SMALLEST_POOL => {
                    return Err(refused(wanted, places, &error));
                }
                Err(_) => places /= 2,
            }
        }
    }
}

fn refused(wanted: u32, places: u32, error: &wasmtime::Error) -> Error {
    Error::rate_limited(format!(
        "the operating system refuses {wanted} more places for processes, and {places} too: \
         {error:#}"
    ))
}

impl<T> Pool<T> {
    /// How its places are laid out.
    pub(crate) fn class(&self) -> Class {
        self.class
    }

    /// Whether its places are fast, and those that follow may not be.
    pub(crate) fn is_last_fast(&self) -> bool {
        self.is_last_fast
    }

    /// The code of this artifact, if it is loaded.
    pub(crate) fn loaded(&self, artifact: usize) -> Option<Arc<Loaded<T>>> {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.get(artifact)?.clone()
    }

    /// Whether the code of this artifact is loaded.
    pub(crate) fn has_loaded(&self, artifact: usize) -> bool {
        let loaded = self.loaded.read().unwrap_or_else(PoisonError::into_inner);
        loaded.get(artifact).is_some_and(Option::is_some)
    }

    /// Keeps the code of an artifact.
    pub(crate) fn keep(&self, artifact: usize, code: Loaded<T>) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        if loaded.len() <= artifact {
            loaded.resize_with(artifact + 1, || None);
        }
        loaded[artifact].get_or_insert_with(|| Arc::new(code));
    }

    /// Whether one of the places that were taken before is taken again, as far as
    /// their number goes.
    fn take_kept(&self) -> bool {
        self.kept
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |kept| {
                kept.checked_sub(1)
            })
            .is_ok()
    }

    fn take(&self) -> bool {
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.places).then(|| taken + 1)
            })
            .is_ok()
    }
}

impl<T> Slot<T> {
    /// The pool the place is in.
    pub(crate) fn pool(&self) -> &Arc<Pool<T>> {
        &self.pool
    }
}

impl<T> std::fmt::Debug for Pool<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pool")
            .field("places", &self.places)
            .finish_non_exhaustive()
    }
}

impl<T> std::fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("places", &self.pool.places)
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

/// A pool as compiled code knows it, whatever runs there.
pub(crate) trait Forget: Send + Sync + std::fmt::Debug {
    /// Drops the code of an artifact that is gone.
    fn forget(&self, artifact: usize);
}

impl<T> Forget for Pool<T> {
    fn forget(&self, artifact: usize) {
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        let forgotten = loaded.get_mut(artifact).and_then(Option::take);
        // Unmapping it takes a while.
        drop(loaded);
        drop(forgotten);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::code::address_space::FOR_FAST_PLACES;
    use crate::code::class::Shape;
    use crate::code::mappings::RESERVED;
    use crate::sched::meter::Meter;
    use crate::sched::ticker::DEFAULT_TICK;
    use std::num::NonZeroUsize;
    use warren_kernel::{Kernel, Kind};

    /// Pools of small places, under this limit of mappings.
    fn pools(limit: fn() -> u64) -> Pools<()> {
        let meter = Arc::new(Meter::new(&Kernel::new(), NonZeroUsize::MIN));
        let ticker = Arc::new(Ticker::start(DEFAULT_TICK, meter).expect("a thread"));
        let class = Class::dense(1 << 20, Shape::Core);
        let budget = Arc::new(Budget::of_runtime(u64::MAX));
        let mappings = Arc::new(Mappings::limited_by(limit));
        Pools::new(
            class,
            &FOR_FAST_PLACES,
            ticker,
            mappings,
            budget,
            Imports::none(),
        )
    }

    #[test]
    fn the_machines_limit_makes_pools_smaller_and_then_refuses() {
        // Six mappings for each of twenty places.
        let pools = pools(|| RESERVED + 120);
        let mut slots: Vec<_> = (0..20)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        assert_eq!(pools.taken(), 20);
        let error = pools.slot().expect_err("there is no more");
        assert_eq!(error.kind, Kind::RateLimited);
        assert!(
            error.message.contains("vm.max_map_count is 2620"),
            "{error}"
        );
        slots.pop();
        assert_eq!(pools.taken(), 19);
        assert_eq!(pools.budget.used(), KEPT);
        slots.push(pools.slot().expect("a place came back"));
        assert_eq!(pools.budget.used(), 0);
        drop(slots);
        assert_eq!(pools.taken(), 0);
        assert_eq!(pools.budget.used(), 20 * KEPT);
    }

    #[test]
    fn a_pool_follows_a_full_one() {
        let pools = pools(|| u64::MAX);
        let slots: Vec<_> = (0..=FIRST)
            .map(|_| pools.slot().expect("there is room"))
            .collect();
        let places: Vec<_> = pools.members().iter().map(|pool| pool.places).collect();
        assert_eq!(places, [FIRST, 2 * FIRST]);
        drop(slots);
        assert_eq!(pools.taken(), 0);
    }
}
