//! Runs warren processes as WebAssembly instances.
//!
//! A [`Node`] holds everything the processes of one program share. It resolves
//! definitions ([`Definitions`]) to code, keeps compiled code in files, and
//! runs each process as one wasmtime store on one fiber in one task:
//!
//! ```text
//! Node ─ Programs            definitions, compiled and prepared
//!      ├ Slots, per host     ─ Pools, per class ─ Pool: wasmtime engine, linkers,
//!      │                                                slots
//!      ├ Scheduler           worker threads
//!      ├ Watch               the machine's memory
//!      └ Shared              what running guests use:
//!         ├ Kernel           PIDs, mailboxes, links, names     (warren-kernel)
//!         ├ Ticker           preemption, every 250 us
//!         ├ Timers           deadlines of those that wait
//!         ├ Capabilities     services that guests call
//!         ├ Log              records on their way to the hook or `tracing`
//!         └ Output           standard streams
//!
//! Task ─ Drive ── polls ──> instance (store, fiber) ── imports ──> flat ┐
//!        timers, jobs  <──────── Control ────────────         component ┴> Guest
//! ```
//!
//! `Guest` has every operation of the process API once; `flat` and `component`
//! translate their calling conventions to it. An operation that needs a permission
//! asks [`security`] before it has any effect.
//!
//! Modules use those of their own layer and of the layers below it:
//!
//! ```text
//! node    spawns, tasks, instances, host function processes, the embedder's calls
//! abi     flat ABI, WIT and WASI: translation to the operations of `guest`
//! guest   the operations of the process API, and what guests share
//! code    compiled code, and the pools where instances live
//! sched   worker threads, preemption, processor time, deadlines
//!         (beside them: log, output, files, blocking work, memory, security, codec)
//! ```
//!
//! A guest reaches the node above it through the trait `NodeForGuests`.

mod abi;
mod blocking;
mod cached;
pub mod capability;
mod code;
mod codec;
mod disk;
mod endpoint;
mod environment;
mod file_size;
mod files;
mod guest;
mod host_limits;
mod limits;
mod log;
mod lookups;
mod memory;
mod node;
mod operand;
mod origin;
mod output;
pub mod remote;
mod requirements;
mod sched;
pub mod security;
mod setters;
mod trace_context;
mod traces;

pub use code::bounds::CompileLimits;
pub use code::cache::CacheError;
pub use code::definition::{Code, Definition, Definitions, Files, Grants, Source};
pub use code::grant::PathGrant;
pub use code::native_code::NativeCode;
pub use code::uses::Uses;
pub use disk::DEFAULT_MAX_DISK;
pub use files::{FilesInUse, MAX_FILES_OF_PROCESS};
pub use guest::{Gate, ProcessEnd, Start};
pub use host_limits::{DEFAULT_HOST, DEFAULT_MAX_MEMORY, HostLimits};
pub use log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL, Level, LogHook, LogRecord, record_time};
pub use memory::{MachineMemory, SystemMemory, default_max_memory};
pub use node::native::{Ending, Native, NativeFuture};
pub use node::{
    Busy, DEFAULT_PARK_AFTER, MAX_REFUSED, Membership, Node, NodeConfig, NodeError, Prepared,
    Published, Reload, Running, Time, Unprepared,
};
pub use output::{Sink, StandardStreams, Stream};
pub use requirements::{OTHER_MAPPINGS, Requirements, pagemap_scan_is_available, try_code_cache};
pub use sched::meter::Reading;
pub use sched::ticker::DEFAULT_TICK;
pub use trace_context::{MAX_TRACE_STATE, TraceContext};
