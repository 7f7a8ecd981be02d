//! Classes of places: how the memory of an instance is laid out.
//!
//! | class | each memory reserves | code checks bounds | ends near |
//! |---|---|---|---|
//! | fast | 4 GiB and guards | no | 10,000 processes |
//! | dense | its host's `max_memory`, rounded up | yes | a million |
//!
//! The address space of a process of the machine ends at 128 TiB, which is what
//! bounds both. A host gets the class its `max_processes` asks for.

use wasmtime::{Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Wasm may use this much of a fiber's stack. The only tested size at which no
/// C recursion of Lua (parser, patterns, metamethods, sort, pcall) trapped
/// before Lua's own limits made it an error.
const WASM_STACK: usize = 480 * KIB;

/// What an import may use when the guest has used all of its own: 160 KiB, for
/// the file access of WASI. Only touched pages cost memory.
const FIBER_STACK: usize = 640 * KIB;

/// More processes than this in one host need the dense class.
const FAST_UP_TO: usize = 4_000;

/// What kind of code an instance is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// One core instance with one memory.
    Core,
    /// A component: up to [`MAX_PARTS`] core instances.
    Component,
}

/// How many core instances a component may be made of: a guest adapted from
/// WASI has four, an interpreter linked from shared libraries fourteen. They
/// take no room of their own.
const MAX_PARTS: u32 = 64;

/// How many tables a component may have: those of its core instances, most of
/// which have none.
const MAX_TABLES: u32 = 8;

/// How many elements a table may have. Compiled C++ has a table of all its
/// functions that are called through a pointer.
const TABLE_ELEMENTS: usize = 64 * KIB;

/// How instances are laid out; one set of pools for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    reservation: u64,
    shape: Shape,
}

impl Class {
    /// The class for processes with this much memory in a host of this size.
    pub(crate) fn of(max_memory: u64, max_processes: usize, shape: Shape) -> Class {
        let steps = [64 * MIB, 256 * MIB, GIB];
        let reservation = match steps.into_iter().find(|step| max_memory <= *step) {
            Some(step) if max_processes > FAST_UP_TO => step,
            _ => 4 * GIB,
        };
        Class { reservation, shape }
    }

    /// Bytes of address space that one place takes, where it is for a core
    /// module: a memory, a heap for exceptions, and a stack.
    pub(crate) fn address_space(self) -> u64 {
        2 * (self.reservation + self.guard()) + FIBER_STACK as u64
    }

    fn guard(self) -> u64 {
        if self.is_fast() { 32 * MIB } else { 0 }
    }

    fn is_fast(self) -> bool {
        self.reservation == 4 * GIB
    }

    /// wasmtime's settings for one pool with this many places.
    pub(crate) fn config(self, places: u32) -> Config {
        let (fast, guard) = (self.is_fast(), self.guard());
        let mut config = Config::new();
        config
            .concurrency_support(false)
            .wasm_exceptions(true)
            .shared_memory(false)
            .epoch_interruption(true)
            .cranelift_opt_level(OptLevel::Speed)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(FIBER_STACK)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(32))
            .memory_init_cow(true)
            .memory_reservation(self.reservation)
            .memory_reservation_for_growth(0)
            .memory_guard_size(guard)
            .memory_may_move(false)
            .guard_before_linear_memory(fast)
            .gc_heap_reservation(self.reservation)
            .gc_heap_reservation_for_growth(0)
            .gc_heap_guard_size(guard)
            .gc_heap_may_move(false)
            .allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool(places)));
        config
    }

    fn pool(self, places: u32) -> PoolingAllocationConfig {
        let (parts, memories, tables, components) = match self.shape {
            Shape::Core => (1, 1, 1, 0),
            Shape::Component => (MAX_PARTS, 2, MAX_TABLES, places),
        };
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(places.saturating_mul(parts))
            .total_component_instances(components)
            .max_core_instances_per_component(MAX_PARTS)
            .max_memories_per_component(2)
            .max_tables_per_component(MAX_TABLES)
            // A heap for exceptions each, besides the memories.
            .total_memories(places.saturating_mul(memories + 1))
            .total_gc_heaps(places)
            .total_tables(places.saturating_mul(tables))
            .total_stacks(places)
            .table_elements(match self.shape {
                Shape::Core => 10_000,
                Shape::Component => TABLE_ELEMENTS,
            })
            .max_memory_size(usize::try_from(self.reservation).unwrap_or(usize::MAX))
            .linear_memory_keep_resident(128 * KIB)
            .table_keep_resident(16 * KIB)
            .pagemap_scan(wasmtime::Enabled::Auto);
        pool
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_processes_get_the_fast_class() {
        let fast = Class::of(64 * MIB, 100, Shape::Core);
        assert_eq!(fast.reservation, 4 * GIB);
    }

    #[test]
    fn many_processes_reserve_what_their_host_allows() {
        for (memory, reservation) in [
            (MIB, 64 * MIB),
            (64 * MIB, 64 * MIB),
            (65 * MIB, 256 * MIB),
            (2 * GIB, 4 * GIB),
        ] {
            let class = Class::of(memory, 100_000, Shape::Core);
            assert_eq!(class.reservation, reservation, "{memory}");
        }
    }

    #[test]
    fn every_class_makes_an_engine() {
        for shape in [Shape::Core, Shape::Component] {
            for processes in [10, 100_000] {
                let class = Class::of(64 * MIB, processes, shape);
                if let Err(error) = wasmtime::Engine::new(&class.config(10)) {
                    panic!("{class:?}: {error:?}");
                }
            }
        }
    }
}
