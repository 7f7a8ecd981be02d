//! Where the processes of a host live: fast places first, dense ones beyond.
//!
//! ```text
//!   place   1 ............ 1,000 ............ 2,000 ...................
//!           fast           fast               dense
//!                          code for dense     nobody waits for it
//!                          places compiled    any more
//! ```
//!
//! The pools belong to all hosts of a node whose memory fits into them.

use std::collections::HashMap;
use std::sync::Arc;

use warren_kernel::{Budget, Error};

use crate::code::address_space::AddressSpace;
use crate::code::class::{Class, Shape};
use crate::code::linkers::Imports;
use crate::code::mappings::Mappings;
use crate::code::pool::{Pool, Pools, Slot};
use crate::host_limits::HostLimits;
use crate::sched::ticker::Ticker;

/// The pools of one host for one shape of code.
pub(crate) struct Sites<T: 'static> {
    /// Without bounds checks, as far as they go; absent where the host is so
    /// large that its address space is needed otherwise.
    fast: Option<Arc<Pools<T>>>,
    /// As many as it takes.
    rest: Arc<Pools<T>>,
}

/// One host's part of the engine.
pub(crate) struct Room<T: 'static> {
    core: Sites<T>,
    component: Sites<T>,
}

/// Makes rooms, whose hosts share pools.
pub(crate) struct Builder<T: 'static> {
    for_fast: &'static AddressSpace,
    ticker: Arc<Ticker>,
    mappings: Arc<Mappings>,
    /// Of the node.
    budget: Arc<Budget>,
    imports: Imports<T>,
    pools: HashMap<Class, Arc<Pools<T>>>,
}

impl<T> Builder<T> {
    /// No pools yet; fast ones will take their address space from this.
    pub(crate) fn new(
        for_fast: &'static AddressSpace,
        ticker: Arc<Ticker>,
        mappings: Arc<Mappings>,
        budget: Arc<Budget>,
        imports: Imports<T>,
    ) -> Builder<T> {
        Builder {
            for_fast,
            ticker,
            mappings,
            budget,
            imports,
            pools: HashMap::new(),
        }
    }

    /// The room of a host with these limits. Opens no pool.
    pub(crate) fn room(&mut self, limits: &HostLimits) -> Room<T> {
        Room {
            core: self.sites(limits, Shape::Core),
            component: self.sites(limits, Shape::Component),
        }
    }

    /// All pools of the rooms.
    pub(crate) fn finish(self) -> Vec<Arc<Pools<T>>> {
        self.pools.into_values().collect()
    }

    fn sites(&mut self, limits: &HostLimits, shape: Shape) -> Sites<T> {
        let dense = Class::dense(limits.max_memory, shape);
        let choice = !dense.is_fast() && Class::is_fast_first(limits.processes.max_processes);
        Sites {
            fast: choice.then(|| self.pools(Class::fast(shape))),
            rest: self.pools(dense),
        }
    }

    fn pools(&mut self, class: Class) -> Arc<Pools<T>> {
        let pools = self.pools.entry(class).or_insert_with(|| {
            let (ticker, mappings) = (Arc::clone(&self.ticker), Arc::clone(&self.mappings));
            Arc::new(Pools::new(
                class,
                self.for_fast,
                ticker,
                mappings,
                Arc::clone(&self.budget),
                self.imports,
            ))
        });
        Arc::clone(pools)
    }
}

impl<T> Room<T> {
    /// Where code of this shape runs.
    pub(crate) fn sites(&self, shape: Shape) -> &Sites<T> {
        match shape {
            Shape::Core => &self.core,
            Shape::Component => &self.component,
        }
    }
}

impl<T> Clone for Sites<T> {
    fn clone(&self) -> Self {
        Sites {
            fast: self.fast.clone(),
            rest: Arc::clone(&self.rest),
        }
    }
}

impl<T> Sites<T> {
    /// A place that is free in a pool that is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn free_slot(&self) -> Result<Option<Slot<T>>, Error> {
        if let Some(fast) = &self.fast
            && let Some(slot) = fast.free_slot()?
        {
            return Ok(Some(slot));
        }
        // Before the first fast pool is open there is no other.
        self.rest.free_slot()
    }

    /// A place for one instance, in a new pool where all are taken: that asks
    /// the operating system for thousands of mappings.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn slot(&self) -> Result<Slot<T>, Error> {
        if let Some(slot) = self.free_slot()? {
            return Ok(slot);
        }
        if let Some(fast) = &self.fast
            && let Some(slot) = fast.slot_to_spare()?
        {
            return Ok(slot);
        }
        self.rest.slot()
    }

    /// The pool where the first places are, to compile for; opens it where none
    /// is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn first(&self) -> Result<Arc<Pool<T>>, Error> {
        if let Some(fast) = &self.fast
            && let Some(pool) = fast.first_to_spare()?
        {
            return Ok(pool);
        }
        self.rest.first()
    }

    /// The pools whose code will be needed soon, where this was one of the last
    /// fast places.
    pub(crate) fn next_after(&self, slot: &Slot<T>) -> Option<&Arc<Pools<T>>> {
        (self.fast.is_some() && slot.pool().is_last_fast()).then_some(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sched::meter::Meter;
    use crate::sched::ticker::DEFAULT_TICK;
    use std::num::NonZeroUsize;
    use warren_kernel::Kernel;

    const TIB: u64 = 1 << 40;

    fn sites(max_memory: u64, max_processes: usize, space: &'static AddressSpace) -> Sites<()> {
        let mut limits = HostLimits {
            max_memory,
            ..HostLimits::default()
        };
        limits.processes.max_processes = max_processes;
        let meter = Arc::new(Meter::new(&Kernel::new(), NonZeroUsize::MIN));
        let ticker = Arc::new(Ticker::start(DEFAULT_TICK, meter).expect("a thread"));
        let mappings = Arc::new(Mappings::limited_by(|| u64::MAX));
        let budget = Arc::new(Budget::of_runtime(u64::MAX));
        let mut builder = Builder::new(space, ticker, mappings, budget, Imports::none());
        builder.room(&limits).core
    }

    fn is_fast(slot: &Slot<()>) -> bool {
        slot.pool().class().is_fast()
    }

    #[test]
    fn the_first_places_are_fast_and_the_others_dense() {
        static SPACE: AddressSpace = AddressSpace::new(64 * TIB);
        let sites = sites(64 << 20, 100_000, &SPACE);
        let slots: Vec<_> = (0..2_001)
            .map(|_| sites.slot().expect("there is room"))
            .collect();
        assert!(slots[..2_000].iter().all(is_fast));
        assert!(!is_fast(&slots[2_000]));
        // Said when half of the fast ones are left.
        assert!(sites.next_after(&slots[999]).is_none());
        assert!(sites.next_after(&slots[1_000]).is_some());
        assert!(sites.next_after(&slots[2_000]).is_none());
        drop(slots);
        assert!(is_fast(&sites.slot().expect("there is room")));
    }

    #[test]
    fn what_other_nodes_took_of_the_address_space_is_missing() {
        static SPACE: AddressSpace = AddressSpace::new(20 * TIB);
        // Some 16 TiB.
        let first = sites(64 << 20, 100_000, &SPACE);
        let slots: Vec<_> = (0..2_000)
            .map(|_| first.slot().expect("there is room"))
            .collect();
        assert!(slots.iter().all(is_fast));
        let second = sites(64 << 20, 100_000, &SPACE);
        assert!(!second.first().expect("opens").class().is_fast());
        assert!(!is_fast(&second.slot().expect("there is room")));
        drop((first, slots));
        // What a node has found out stays: its places are compiled for.
        assert!(!is_fast(&second.slot().expect("there is room")));
        let third = sites(64 << 20, 100_000, &SPACE);
        assert!(is_fast(&third.slot().expect("there is room")));
    }

    #[test]
    fn a_host_of_very_many_processes_has_dense_places_only() {
        static SPACE: AddressSpace = AddressSpace::new(64 * TIB);
        let sites = sites(64 << 20, 1_000_000, &SPACE);
        assert!(!is_fast(&sites.slot().expect("there is room")));
        assert!(!sites.first().expect("is open").class().is_fast());
    }

    #[test]
    fn memory_that_only_a_fast_place_has_room_for_gets_one() {
        static SPACE: AddressSpace = AddressSpace::new(0);
        let sites = sites(2 << 30, 1_000_000, &SPACE);
        assert!(is_fast(&sites.slot().expect("there is room")));
    }
}
