//! Classes of places: how the memory of an instance is laid out.
//!
//! | class | each memory reserves | code checks bounds | ends near |
//! |---|---|---|---|
//! | fast | 4 GiB and guards | no | 10,000 processes |
//! | dense | its host's `max_memory`, rounded up | yes | a million |
//!
//! The address space of a process of the machine ends at 128 TiB, which is what
//! bounds both. So the first places of a node are fast, and those beyond dense;
//! see [`Sites`](crate::code::sites::Sites).

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

/// A host of more processes than this needs the address space for them: even
/// its first places are dense.
const FAST_UP_TO: usize = 400_000;

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
    /// The class without bounds checks.
    pub(crate) fn fast(shape: Shape) -> Class {
        Class {
            reservation: 4 * GIB,
            shape,
        }
    }

    /// The class with the least address space for processes with this much
    /// memory. From 1 GiB on that is the fast one.
    pub(crate) fn dense(max_memory: u64, shape: Shape) -> Class {
        let steps = [64 * MIB, 256 * MIB, GIB, 4 * GIB];
        let reservation = steps.into_iter().find(|step| max_memory <= *step);
        Class {
            reservation: reservation.unwrap_or(4 * GIB),
            shape,
        }
    }

    /// Whether a host of so many processes has fast places where its memory
    /// would fit into dense ones.
    pub(crate) fn is_fast_first(max_processes: usize) -> bool {
        max_processes <= FAST_UP_TO
    }

    /// Bytes of address space that one place takes: its memories, a heap for
    /// exceptions among them, and a stack.
    pub(crate) fn address_space(self) -> u64 {
        u64::from(self.memories()) * (self.reservation + self.guard()) + FIBER_STACK as u64
    }

    /// Memories of one place: one, or what a component may have, and a heap for
    /// exceptions.
    fn memories(self) -> u32 {
        match self.shape {
            Shape::Core => 2,
            Shape::Component => 3,
        }
    }

    fn guard(self) -> u64 {
        if self.is_fast() { 32 * MIB } else { 0 }
    }

    pub(crate) fn is_fast(self) -> bool {
        self.reservation == 4 * GIB
    }

    /// wasmtime's settings for one pool with this many places.
    pub(crate) fn config(self, places: u32) -> Config {
        let (fast, guard) = (self.is_fast(), self.guard());
        let mut config = Config::new();
        only_needed_proposals(&mut config);
        config
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
        let (parts, tables, components) = match self.shape {
            Shape::Core => (1, 1, 0),
            Shape::Component => (MAX_PARTS, MAX_TABLES, places),
        };
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(places.saturating_mul(parts))
            .total_component_instances(components)
            .max_core_instances_per_component(MAX_PARTS)
            .max_memories_per_component(2)
            .max_tables_per_component(MAX_TABLES)
            .total_memories(places.saturating_mul(self.memories()))
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

/// Leaves on what guests are compiled to today, and nothing else: what nobody needs
/// is work for the host that no limit was tried on. A heap of 64 MiB under the
/// collector of the GC proposal kept all others waiting for 148 ms.
///
/// Exceptions stay: C and C++ unwind by them, and the Lua interpreter with them.
/// They live in a heap of their own; see [`bounds`](crate::code::bounds) for what keeps
/// that small.
pub(crate) fn only_needed_proposals(config: &mut Config) {
    config
        .concurrency_support(false)
        .wasm_exceptions(true)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_tail_call(false)
        .wasm_multi_memory(false)
        .wasm_memory64(false)
        .wasm_relaxed_simd(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_stack_switching(false);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dense_class_reserves_what_a_host_allows() {
        for (memory, reservation) in [
            (MIB, 64 * MIB),
            (64 * MIB, 64 * MIB),
            (65 * MIB, 256 * MIB),
            (GIB, GIB),
            (2 * GIB, 4 * GIB),
        ] {
            let class = Class::dense(memory, Shape::Core);
            assert_eq!(class.reservation, reservation, "{memory}");
            assert_eq!(class.is_fast(), reservation == 4 * GIB);
        }
    }

    #[test]
    fn every_class_makes_an_engine() {
        for shape in [Shape::Core, Shape::Component] {
            for class in [Class::fast(shape), Class::dense(64 * MIB, shape)] {
                if let Err(error) = wasmtime::Engine::new(&class.config(10)) {
                    panic!("{class:?}: {error:?}");
                }
            }
        }
    }
}
