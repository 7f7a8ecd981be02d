//! The slots for the processes of a host: fast ones first, dense ones beyond.
//!
//! ```text
//!   slot    1 ............ 1,001 .............. 2,001 ..............
//!           fast           fast                 dense
//!                          code for dense       that code is ready
//!                          slots is compiled
//! ```
//!
//! All hosts of a node whose memory limits lead to the same class share its pools.

use std::collections::HashMap;
use std::sync::Arc;

use warren_kernel::{Budget, Error};

use crate::code::address_space::AddressSpace;
use crate::code::class::{Class, Shape};
use crate::code::linkers::Imports;
use crate::code::mappings::Mappings;
use crate::code::pool::{Pool, Pools, Slot};
use crate::host_limits::HostLimits;
use crate::sched::ticker::Engines;

/// The pools of one host for one shape of code.
pub(crate) struct Slots<T: 'static> {
    /// Pools without bounds checks, used first. Absent if the host is so large that
    /// dense slots need the address space, or if `rest` is fast itself.
    fast: Option<Arc<Pools<T>>>,
    /// Pools of all further slots, opened while the machine has room.
    rest: Arc<Pools<T>>,
}

/// The slots of one host for both shapes of code.
pub(crate) struct HostSlots<T: 'static> {
    core: Slots<T>,
    component: Slots<T>,
}

/// Makes the slots of all hosts of a node, which share pools.
pub(crate) struct SlotsBuilder<T: 'static> {
    for_fast: &'static AddressSpace,
    ticked: Engines,
    mappings: Arc<Mappings>,
    /// Memory of the node.
    budget: Arc<Budget>,
    imports: Imports<T>,
    pools: HashMap<Class, Arc<Pools<T>>>,
}

impl<T> SlotsBuilder<T> {
    /// Makes a builder without pools. Fast pools will take their address space from
    /// `for_fast`.
    pub(crate) fn new(
        for_fast: &'static AddressSpace,
        ticked: Engines,
        mappings: Arc<Mappings>,
        budget: Arc<Budget>,
        imports: Imports<T>,
    ) -> SlotsBuilder<T> {
        SlotsBuilder {
            for_fast,
            ticked,
            mappings,
            budget,
            imports,
            pools: HashMap::new(),
        }
    }

    /// Returns the slots of a host with these limits. Opens no pool.
    pub(crate) fn of_host(&mut self, limits: &HostLimits) -> HostSlots<T> {
        HostSlots {
            core: self.of_shape(limits, Shape::Core),
            component: self.of_shape(limits, Shape::Component),
        }
    }

    /// Returns the number of slots that are taken in all pools of all hosts.
    pub(crate) fn taken(&self) -> usize {
        self.pools.values().map(|pools| pools.taken()).sum()
    }

    fn of_shape(&mut self, limits: &HostLimits, shape: Shape) -> Slots<T> {
        let dense = Class::dense(limits.max_memory, shape);
        let choice = !dense.is_fast() && Class::is_fast_first(limits.max_processes);
        Slots {
            fast: choice.then(|| self.pools(Class::fast(shape))),
            rest: self.pools(dense),
        }
    }

    fn pools(&mut self, class: Class) -> Arc<Pools<T>> {
        let pools = self.pools.entry(class).or_insert_with(|| {
            let (ticked, mappings) = (self.ticked.clone(), Arc::clone(&self.mappings));
            Arc::new(Pools::new(
                class,
                self.for_fast,
                ticked,
                mappings,
                Arc::clone(&self.budget),
                self.imports.clone(),
            ))
        });
        Arc::clone(pools)
    }
}

impl<T> HostSlots<T> {
    /// Returns the slots for code of this shape.
    pub(crate) fn of(&self, shape: Shape) -> &Slots<T> {
        match shape {
            Shape::Core => &self.core,
            Shape::Component => &self.component,
        }
    }
}

impl<T> Clone for Slots<T> {
    fn clone(&self) -> Self {
        Slots {
            fast: self.fast.clone(),
            rest: Arc::clone(&self.rest),
        }
    }
}

impl<T> Slots<T> {
    /// Takes a free slot of a pool that is already open, if there is one.
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
        self.rest.free_slot()
    }

    /// Takes a free slot of a pool that is already open, one of this class if there is.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn free_slot_of(&self, class: Class) -> Result<Option<Slot<T>>, Error> {
        if self.rest.class() == class
            && let Some(slot) = self.rest.free_slot()?
        {
            return Ok(Some(slot));
        }
        self.free_slot()
    }

    /// Checks that the machine has room for one more pool, as [`Slots::slot`] does.
    ///
    /// # Errors
    ///
    /// As for [`Pools::check_room`].
    pub(crate) fn check_room(&self) -> Result<(), Error> {
        self.rest.check_room()
    }

    /// Takes a slot; opens a new pool if all slots are taken. Opening a pool asks
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

    /// Returns the pool of the first slots, to compile for it; opens it if none is
    /// open.
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

    /// Opens the second pool, unless it is open.
    ///
    /// # Errors
    ///
    /// As for [`Pools::slot`].
    pub(crate) fn open_ahead(&self) -> Result<(), Error> {
        match &self.fast {
            Some(fast) => fast.open_spare_ahead(),
            None => self.rest.open_ahead(),
        }
    }

    /// Returns the pools whose code will be needed soon, if `slot` is in the last
    /// fast pool.
    pub(crate) fn next_after(&self, slot: &Slot<T>) -> Option<&Arc<Pools<T>>> {
        (self.fast.is_some() && slot.pool().is_last_fast()).then_some(&self.rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIB: u64 = 1 << 40;

    fn of_host(max_memory: u64, max_processes: usize, space: &'static AddressSpace) -> Slots<()> {
        let limits = HostLimits::default()
            .max_memory(max_memory)
            .max_processes(max_processes);
        let ticked = Engines::default();
        let mappings = Arc::new(Mappings::limited_by(|| u64::MAX));
        let budget = Arc::new(Budget::of_runtime(u64::MAX));
        let mut builder = SlotsBuilder::new(space, ticked, mappings, budget, Imports::none());
        builder.of_host(&limits).core
    }

    fn is_fast(slot: &Slot<()>) -> bool {
        slot.pool().class().is_fast()
    }

    #[test]
    fn the_first_places_are_fast_and_the_others_dense() {
        static SPACE: AddressSpace = AddressSpace::new(64 * TIB);
        let all = of_host(64 << 20, 100_000, &SPACE);
        let slots: Vec<_> = (0..2_001)
            .map(|_| all.slot().expect("there is room"))
            .collect();
        assert!(slots[..2_000].iter().all(is_fast));
        assert!(!is_fast(&slots[2_000]));
        // Reported while half of the fast slots are left.
        assert!(all.next_after(&slots[999]).is_none());
        assert!(all.next_after(&slots[1_000]).is_some());
        assert!(all.next_after(&slots[2_000]).is_none());
        drop(slots);
        assert!(is_fast(&all.slot().expect("there is room")));
    }

    #[test]
    fn address_space_that_other_nodes_took_is_missing() {
        static SPACE: AddressSpace = AddressSpace::new(16 * TIB);
        // Some 16 TiB.
        let first = of_host(64 << 20, 100_000, &SPACE);
        let slots: Vec<_> = (0..2_000)
            .map(|_| first.slot().expect("there is room"))
            .collect();
        assert!(slots.iter().all(is_fast));
        let second = of_host(64 << 20, 100_000, &SPACE);
        assert!(!second.first().expect("opens").class().is_fast());
        assert!(!is_fast(&second.slot().expect("there is room")));
        drop((first, slots));
        // A node that was refused address space keeps to dense slots: its code is
        // compiled for them.
        assert!(!is_fast(&second.slot().expect("there is room")));
        let third = of_host(64 << 20, 100_000, &SPACE);
        assert!(is_fast(&third.slot().expect("there is room")));
    }

    #[test]
    fn a_host_of_very_many_processes_has_dense_places_only() {
        static SPACE: AddressSpace = AddressSpace::new(64 * TIB);
        let all = of_host(64 << 20, 1_000_000, &SPACE);
        assert!(!is_fast(&all.slot().expect("there is room")));
        assert!(!all.first().expect("is open").class().is_fast());
    }

    #[test]
    fn memory_that_only_a_fast_place_has_room_for_gets_one() {
        static SPACE: AddressSpace = AddressSpace::new(0);
        let all = of_host(2 << 30, 1_000_000, &SPACE);
        assert!(is_fast(&all.slot().expect("there is room")));
    }
}
