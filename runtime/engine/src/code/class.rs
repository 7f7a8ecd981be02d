//! Classes of slots: the layouts of an instance's memory.
//!
//! | class | each memory reserves | code checks bounds | most slots |
//! |---|---|---|---|
//! | fast | 4 GiB and guards | no | about 16,000 |
//! | dense | its host's `max_memory`, rounded up | yes | about a million |
//!
//! The 128 TiB of address space of an operating system process bound both. So the
//! first slots of a node are fast, and further ones dense; see
//! [`Slots`](crate::code::slots::Slots).

use wasmtime::{
    Config, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, WasmBacktraceDetails,
};

const KIB: usize = 1024;
const MIB: u64 = 1024 * 1024;
const GIB: u64 = 1024 * MIB;

/// Bytes of a fiber's stack for wasm. At smaller tested sizes C recursion of Lua
/// (parser, patterns, metamethods, sort, pcall) trapped before Lua's own limits made
/// it an error.
pub(crate) const WASM_STACK: usize = 480 * KIB;

/// Bytes of a fiber's stack. The 160 KiB beyond [`WASM_STACK`] are for imports: the
/// file access of WASI needs them. Only touched pages cost memory.
const FIBER_STACK: usize = 640 * KIB;

/// Most calls of a stack that are captured.
pub(crate) const CALLS: usize = 64;

/// Most processes of a host that gets fast slots. A larger host needs the address
/// space for its processes: even its first slots are dense.
const FAST_UP_TO: usize = 400_000;

/// The kind of code that an instance is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Shape {
    /// One core instance with one memory.
    Core,
    /// A component: up to [`MAX_PARTS`] core instances.
    Component,
}

/// Most core instances of a component: a guest adapted from WASI has four, an
/// interpreter linked from shared libraries fourteen. They need no memory besides
/// the component's own.
const MAX_PARTS: u32 = 64;

/// Most tables of a component. Most of its core instances have none.
const MAX_TABLES: u32 = 8;

/// Most elements of a component's table. Compiled C++ has a table of all functions
/// that it calls through a pointer.
const TABLE_ELEMENTS: usize = 64 * KIB;

/// A layout of instances; each class has pools of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Class {
    reservation: u64,
    shape: Shape,
}

impl Class {
    /// Returns the class without bounds checks.
    pub(crate) fn fast(shape: Shape) -> Class {
        Class {
            reservation: 4 * GIB,
            shape,
        }
    }

    /// Returns the class with the least address space for processes with this much
    /// memory. Above 1 GiB that is the fast class.
    pub(crate) fn dense(max_memory: u64, shape: Shape) -> Class {
        let steps = [64 * MIB, 256 * MIB, GIB, 4 * GIB];
        let reservation = steps.into_iter().find(|step| max_memory <= *step);
        Class {
            reservation: reservation.unwrap_or(4 * GIB),
            shape,
        }
    }

    /// Returns true if a host of this many processes gets fast slots although its
    /// memory would fit into dense ones.
    pub(crate) fn is_fast_first(max_processes: usize) -> bool {
        max_processes <= FAST_UP_TO
    }

    /// Returns the bytes of address space that one slot takes: its memories, a heap
    /// for exceptions among them, and a stack.
    pub(crate) fn address_space(self) -> u64 {
        u64::from(self.memories()) * (self.reservation + self.guard()) + FIBER_STACK as u64
    }

    /// Returns the number of memories of one slot: one, or two for a component, and a
    /// heap for exceptions.
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

    /// Returns the number of the class in the record of a parked process: the MiB that each
    /// memory reserves.
    pub(crate) fn number(self) -> u16 {
        u16::try_from(self.reservation / MIB).unwrap_or(u16::MAX)
    }

    /// Returns wasmtime's settings for one pool with this many slots.
    pub(crate) fn config(self, slots: u32) -> Config {
        let (fast, guard) = (self.is_fast(), self.guard());
        let mut config = Config::new();
        only_needed_proposals(&mut config);
        config
            .shared_memory(false)
            .epoch_interruption(true)
            .cranelift_opt_level(OptLevel::Speed)
            .max_wasm_stack(WASM_STACK)
            .async_stack_size(FIBER_STACK)
            .wasm_backtrace_max_frames(std::num::NonZeroUsize::new(CALLS))
            .wasm_backtrace_details(WasmBacktraceDetails::Disable)
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
            .allocation_strategy(InstanceAllocationStrategy::Pooling(self.pool(slots)));
        config
    }

    fn pool(self, slots: u32) -> PoolingAllocationConfig {
        let (parts, tables, components) = match self.shape {
            Shape::Core => (1, 1, 0),
            Shape::Component => (MAX_PARTS, MAX_TABLES, slots),
        };
        let mut pool = PoolingAllocationConfig::new();
        pool.total_core_instances(slots.saturating_mul(parts))
            .total_component_instances(components)
            .max_core_instances_per_component(MAX_PARTS)
            .max_memories_per_component(2)
            .max_tables_per_component(MAX_TABLES)
            .total_memories(slots.saturating_mul(self.memories()))
            .total_gc_heaps(slots)
            .total_tables(slots.saturating_mul(tables))
            .total_stacks(slots)
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

/// Switches off all proposals that no guest is compiled to today: their work for
/// the runtime was not tried against any limit. A heap of 64 MiB under the collector
/// of the GC proposal made all other processes wait for 148 ms.
///
/// Exceptions stay: C, C++ and so the Lua interpreter unwind by them. They live in a
/// heap of their own, which [`bounds`](crate::code::bounds) keeps small.
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
