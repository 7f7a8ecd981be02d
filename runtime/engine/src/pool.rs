//! Pools of places for instances, which grow while programs need them.
//!
//! Each pool is a wasmtime engine with its own pooling allocator. All pools of
//! a class share their settings and so their compiled code; each new one is
//! twice as large as the last, because the guard pages of all stacks of a pool
//! are mapped at once.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock, RwLockReadGuard};

use warren_kernel::Error;
use wasmtime::Engine;

use crate::cache::Key;
use crate::class::Class;
use crate::code::Loaded;
use crate::linkers::Linkers;
use crate::mappings::{Mappings, SMALLEST_POOL};
use crate::ticker::Ticker;

/// Places in the first pool of a class.
const FIRST: u32 = 1_000;

/// Places in the largest pool of a class.
const LARGEST: u32 = 128_000;

/// All pools of one class.
pub(crate) struct Pools {
    class: Class,
    ticker: Arc<Ticker>,
    mappings: Arc<Mappings>,
    /// Whether imports may have to ask for permission.
    asks: bool,
    members: RwLock<Vec<Arc<Pool>>>,
    /// Held while a pool is opened, so that only one is.
    opening: Mutex<()>,
}

/// One engine and its places.
pub(crate) struct Pool {
    pub(crate) engine: Engine,
    pub(crate) linkers: Linkers,
    places: u32,
    taken: AtomicU32,
    loaded: RwLock<HashMap<Key, Arc<Loaded>>>,
}

/// The right to one instance in a pool. Free again when dropped, which must
/// not be before the instance's store is.
pub(crate) struct Slot {
    pool: Arc<Pool>,
    mappings: Arc<Mappings>,
}

impl Pools {
    /// Pools of a class, none open yet.
    pub(crate) fn new(
        class: Class,
        ticker: Arc<Ticker>,
        mappings: Arc<Mappings>,
        asks: bool,
    ) -> Pools {
        Pools {
            class,
            ticker,
            mappings,
            asks,
            members: RwLock::default(),
            opening: Mutex::default(),
        }
    }

    /// A place for one instance, in a new pool where all are taken: that asks
    /// the operating system for thousands of mappings.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the operating system's setting in the way.
    pub(crate) fn slot(&self) -> Result<Slot, Error> {
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        let _opening = self.opening.lock().unwrap_or_else(PoisonError::into_inner);
        // Another may have opened one meanwhile.
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        let pool = self.open()?;
        self.members
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .push(pool);
        self.free_slot()?
            .ok_or_else(|| Error::rate_limited("all places of the machine are taken"))
    }

    /// Any open pool, to compile for; opens the first where none is.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn any(&self) -> Result<Arc<Pool>, Error> {
        if let Some(pool) = self.members().first() {
            return Ok(Arc::clone(pool));
        }
        Ok(Arc::clone(&self.slot()?.pool))
    }

    /// Places that are taken, in all pools.
    pub(crate) fn taken(&self) -> usize {
        let members = self.members();
        members
            .iter()
            .map(|pool| pool.taken.load(Ordering::Relaxed) as usize)
            .sum()
    }

    fn members(&self) -> RwLockReadGuard<'_, Vec<Arc<Pool>>> {
        self.members.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place that is free in a pool that is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn free_slot(&self) -> Result<Option<Slot>, Error> {
        let members = self.members();
        let Some(pool) = members.iter().find(|pool| pool.take()) else {
            return Ok(None);
        };
        let pool = Arc::clone(pool);
        if let Err(error) = self.mappings.take_instance() {
            pool.taken.fetch_sub(1, Ordering::Relaxed);
            return Err(error);
        }
        Ok(Some(Slot {
            pool,
            mappings: Arc::clone(&self.mappings),
        }))
    }

    fn open(&self) -> Result<Arc<Pool>, Error> {
        let last = self.members().last().map(|pool| pool.places);
        let wanted = last.map_or(FIRST, |places| places.saturating_mul(2).min(LARGEST));
        let (places, engine) = self.engine(self.mappings.affordable_places(wanted)?)?;
        let linkers = Linkers::new(&engine, self.asks).map_err(|error| {
            Error::internal(format!("the runtime's own imports do not link: {error:#}"))
        })?;
        self.mappings.pool_opened(places);
        self.ticker.add(engine.clone());
        tracing::debug!(places, class = ?self.class, "opened a pool");
        Ok(Arc::new(Pool {
            engine,
            linkers,
            places,
            taken: AtomicU32::new(0),
            loaded: RwLock::default(),
        }))
    }

    /// An engine with so many places, or as many as the operating system gives
    /// where its limits of address space (`ulimit -v`) allow no more.
    fn engine(&self, wanted: u32) -> Result<(u32, Engine), Error> {
        let mut places = wanted;
        loop {
            match Engine::new(&self.class.config(places)) {
                Ok(engine) => return Ok((places, engine)),
                Err(error) if places / 2 < SMALLEST_POOL => {
                    return Err(Error::rate_limited(format!(
                        "the operating system refuses {wanted} more places for processes, and \
                         {places} too: {error:#}"
                    )));
                }
                Err(_) => places /= 2,
            }
        }
    }
}

impl Pool {
    /// What was loaded under this key, or what `load` gives.
    pub(crate) fn loaded(
        &self,
        key: Key,
        load: impl FnOnce() -> Result<Loaded, Error>,
    ) -> Result<Arc<Loaded>, Error> {
        if let Some(code) = self
            .loaded
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&key)
        {
            return Ok(Arc::clone(code));
        }
        let code = Arc::new(load()?);
        let mut loaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(loaded.entry(key).or_insert(code)))
    }

    fn take(&self) -> bool {
        self.taken
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |taken| {
                (taken < self.places).then(|| taken + 1)
            })
            .is_ok()
    }
}

impl Slot {
    /// The pool the place is in.
    pub(crate) fn pool(&self) -> &Arc<Pool> {
        &self.pool
    }
}

impl std::fmt::Debug for Slot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Slot")
            .field("places", &self.pool.places)
            .finish_non_exhaustive()
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.mappings.free_instance();
        self.pool.taken.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::class::Shape;
    use crate::mappings::RESERVED;
    use crate::meter::Meter;
    use crate::ticker::DEFAULT_TICK;
    use std::num::NonZeroUsize;
    use warren_kernel::{Kernel, Kind};

    /// Pools of small places, under this limit of mappings.
    fn pools(limit: fn() -> u64) -> Pools {
        let meter = Arc::new(Meter::new(&Kernel::new(), NonZeroUsize::MIN));
        let ticker = Arc::new(Ticker::start(DEFAULT_TICK, meter).expect("a thread"));
        let class = Class::of(1 << 20, 100_000, Shape::Core);
        Pools::new(class, ticker, Arc::new(Mappings::limited_by(limit)), false)
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
        slots.push(pools.slot().expect("a place came back"));
        drop(slots);
        assert_eq!(pools.taken(), 0);
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
