//! The memory of one instance: its limit, and the account that is charged for it.

use std::sync::Arc;

use warren_kernel::{Charge, Process, Spent, Which};
use wasmtime::ResourceLimiter;

/// Bytes up to which a memory is not charged. The Lua interpreter begins with 896 KiB
/// from its snapshot, and an idle process touches only some pages, which are in
/// [`INSTANCE`]. A larger memory is charged as a whole: a guest grows its memory once
/// it has used all of it.
const UNCHARGED: u64 = 1 << 20;

/// Elements up to which a table is not charged: the interpreter's table is smaller.
const UNCHARGED_ELEMENTS: u64 = 10_000;

/// Bytes of an element: a pointer.
const ELEMENT: u64 = 8;

/// Bytes of an idle process with an instance: its stack, its store, the touched pages
/// of its memory, page tables. Measured for Lua; see `docs/performance.md`, row
/// memory-100k.
pub(crate) const INSTANCE: u64 = 40 << 10;

/// Bytes of a parked process beside its record: its part of the kernel, the data of its
/// store, its task.
pub(crate) const PARKED: u64 = 4 << 10;

/// Bytes of an idle host function process: its future and task.
pub(crate) const TASK: u64 = 4 << 10;

/// The account that is charged.
pub(crate) enum Payer {
    Process(Arc<Process>),
    /// That of a host, for an instance without a process.
    Host(Charge),
}

/// Refuses growth beyond the limits, and remembers the reason. Each memory may have
/// `max_memory` bytes: one of them is the heap of exceptions, which a guest still needs
/// to report that its own memory is used up. All memories are charged to the account
/// of the process, which counts everything that it holds.
pub(crate) struct Limits {
    max_memory: u64,
    refused: Option<Spent>,
    /// True if the last growth was refused.
    is_refused: bool,
    payer: Payer,
    /// True while memory is granted that the process had before it was parked.
    is_restoring: bool,
    /// Sizes of the memory before and after the last granted growth, and the bytes
    /// charged for it (`charged`), to undo them if the growth fails.
    granted: (u64, u64),
    charged: u64,
}

impl Limits {
    /// Limits each memory to this many bytes.
    pub(crate) fn new(max_memory: u64, payer: Payer) -> Limits {
        Limits {
            max_memory,
            refused: None,
            is_refused: false,
            payer,
            is_restoring: false,
            granted: (0, 0),
            charged: 0,
        }
    }

    /// Returns the limit that refused memory last: the likely reason if the guest fails
    /// for want of memory.
    pub(crate) fn refused(&self) -> Option<Spent> {
        self.refused
    }

    /// Sets whether the process gets back memory that it had before: no limit refuses that.
    pub(crate) fn set_restoring(&mut self, is_restoring: bool) {
        self.is_restoring = is_restoring;
    }

    /// Returns true if the last growth was refused.
    pub(crate) fn is_refused(&self) -> bool {
        self.is_refused
    }

    fn charge(&mut self, bytes: u64) -> Result<(), Spent> {
        self.charged = bytes;
        if bytes == 0 {
            return Ok(());
        }
        match &mut self.payer {
            Payer::Process(process) if self.is_restoring => {
                process.force_memory(bytes);
                Ok(())
            }
            Payer::Process(process) => process.grow_memory(bytes),
            Payer::Host(charge) => charge.add(bytes),
        }
    }

    fn give_back(&mut self) {
        let bytes = std::mem::take(&mut self.charged);
        if bytes > 0 {
            match &mut self.payer {
                Payer::Process(process) => process.shrink_memory(bytes),
                Payer::Host(charge) => charge.remove(bytes),
            }
        }
    }

    fn show(&self, from: u64, to: u64) {
        if let Payer::Process(process) = &self.payer {
            process.usage().change_memory(from, to);
        }
    }

    fn grant(&mut self, granted: Result<(), Spent>) -> bool {
        self.refused = granted.err().or(self.refused);
        self.is_refused = granted.is_err();
        granted.is_ok()
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let (current, desired) = (current as u64, desired as u64);
        let granted = if desired > self.max_memory && !self.is_restoring {
            Err(Spent {
                which: Which::Process,
                limit: self.max_memory,
            })
        } else {
            self.charge(beyond(desired, UNCHARGED) - beyond(current, UNCHARGED))
        };
        if granted.is_ok() {
            self.granted = (current, desired);
            self.show(current, desired);
        }
        Ok(self.grant(granted))
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        let (from, to) = std::mem::take(&mut self.granted);
        self.show(to, from);
        self.give_back();
        tracing::debug!(%error, "a granted growth of memory failed");
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The pool bounds every table; see `Class`.
        let bytes = |elements| ELEMENT * beyond(elements as u64, UNCHARGED_ELEMENTS);
        let granted = self.charge(bytes(desired) - bytes(current));
        Ok(self.grant(granted))
    }

    fn table_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        self.give_back();
        tracing::debug!(%error, "a granted growth of a table failed");
        Ok(())
    }
}

/// Returns a size if it is larger than `small`, or 0.
fn beyond(size: u64, small: u64) -> u64 {
    if size > small { size } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::{HostConfig, Kernel, MemoryLimits, Spawn};

    const MIB: usize = 1 << 20;

    #[test]
    fn a_memory_is_charged_as_a_whole_once_it_has_grown() {
        let kernel = Kernel::within(8 << 20);
        let limits = MemoryLimits {
            process: 6 << 20,
            total: None,
        };
        let host = kernel
            .add_host_within("a:b", HostConfig::default(), limits)
            .expect("it is new");
        let place = host.reserve().expect("there is room");
        let process = kernel.spawn(place, Spawn::default()).expect("it starts");
        let process = process.process;
        let idle = process.footprint();
        let mut limits = Limits::new(64 << 20, Payer::Process(Arc::clone(&process)));
        let mut grow = |from, to| limits.memory_growing(from, to, None).expect("no trap");
        assert!(grow(0, 896 << 10));
        assert!(grow(0, 0));
        assert_eq!(process.footprint(), idle);
        assert!(grow(896 << 10, MIB));
        assert_eq!(process.footprint(), idle);
        assert!(grow(MIB, 2 * MIB));
        assert_eq!(process.footprint() - idle, 2 << 20);
        assert!(grow(2 * MIB, 4 * MIB));
        assert!(!grow(4 * MIB, 7 * MIB));
        assert_eq!(process.footprint() - idle, 4 << 20);
        assert!(grow(4 * MIB, 5 * MIB));
        let failed = limits.memory_grow_failed(wasmtime::format_err!("no pages"));
        failed.expect("no trap");
        assert_eq!(process.footprint() - idle, 4 << 20);
        assert_eq!(process.usage().memory(), 4 << 20);
        let refused = limits.refused().expect("it was refused");
        assert_eq!((refused.which, refused.limit), (Which::Process, 6 << 20));
        let table = |limits: &mut Limits, from, to| limits.table_growing(from, to, None);
        assert!(table(&mut limits, 0, 10_000).expect("no trap"));
        assert_eq!(process.footprint() - idle, 4 << 20);
        assert!(table(&mut limits, 10_000, 20_000).expect("no trap"));
        assert_eq!(process.footprint() - idle, (4 << 20) + 160_000);
        process.release_memory();
        assert_eq!(process.footprint(), idle);
    }

    #[test]
    fn an_instance_without_a_process_is_charged_to_its_host() {
        let kernel = Kernel::within(8 << 20);
        let limits = MemoryLimits {
            process: u64::MAX,
            total: Some(4 << 20),
        };
        let host = kernel
            .add_host_within("a:b", HostConfig::default(), limits)
            .expect("it is new");
        let charge = Charge::new(Arc::clone(host.budget()));
        let mut limits = Limits::new(64 << 20, Payer::Host(charge));
        assert!(limits.memory_growing(0, 3 * MIB, None).expect("no trap"));
        assert!(!limits.memory_growing(0, 2 * MIB, None).expect("no trap"));
        assert_eq!(host.budget().used(), 3 << 20);
        let refused = limits.refused().expect("it was refused");
        assert_eq!(refused.which, Which::Host);
        drop(limits);
        assert_eq!(host.budget().used(), 0);
    }
}
