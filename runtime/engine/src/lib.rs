//! Runs warren processes as WebAssembly instances.
//!
//! A [`Node`] holds everything the processes of one program share. It resolves
//! definitions ([`Definitions`]) to code, keeps compiled code in files, and
//! runs each process as one wasmtime store on one fiber in one task:
//!
//! ```text
//! Node ─ Kernel              PIDs, mailboxes, links, names     (warren-kernel)
//!      ├ Programs            definitions, compiled and prepared
//!      ├ Sites, per host     ─ Pools, per class ─ Pool: wasmtime engine, linkers,
//!      │                                                places
//!      ├ Scheduler           worker threads
//!      ├ Ticker              preemption, every 250 us
//!      ├ Watch               the machine's memory
//!      ├ Timers              deadlines of those that wait
//!      ├ Log                 records on their way to the hook or `tracing`
//!      └ Output              standard streams
//!
//! Task ─ Drive ── polls ──> instance (store, fiber) ── imports ──> flat ┐
//!        timers, jobs  <──────── Control ────────────         component ┴> Guest
//! ```
//!
//! `Guest` has every operation of the process API once; `flat` and `component`
//! translate their calling conventions to it. What an operation needs a permission
//! for, it asks [`security`] before it has any effect.

mod address_space;
mod bounds;
mod cache;
mod class;
mod code;
mod codec;
mod compile_threads;
mod component;
mod control;
mod definition;
mod disk;
mod drive;
mod excerpt;
mod file_size;
mod files;
mod flat;
mod grant;
mod guest;
mod image;
mod instance;
mod limits;
mod linkers;
mod log;
mod mappings;
mod memory;
mod meter;
mod native;
mod node;
mod operand;
mod output;
mod pool;
mod program;
mod punctual;
mod requirements;
mod scheduler;
pub mod security;
mod sites;
mod stacks;
mod task;
mod thread_clock;
mod ticker;
mod timers;
mod traces;
mod wasi;

pub use bounds::CompileLimits;
pub use cache::CacheError;
pub use definition::{Code, Definition, Definitions, Grants, Source};
pub use disk::DEFAULT_MAX_DISK;
pub use files::{FileLimits, FilesInUse, MAX_FILES_OF_PROCESS};
pub use grant::PathGrant;
pub use guest::{Level, LogHook, LogRecord};
pub use log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL, record_time};
pub use memory::{MachineMemory, SystemMemory, default_max_memory};
pub use meter::Reading;
pub use native::{Native, NativeCode, NativeFuture, Tied};
pub use node::{
    DEFAULT_MAX_MEMORY, Ended, HostLimits, Node, NodeConfig, Running, Start, StartError,
};
pub use output::{Sink, StandardStreams, Stream};
pub use requirements::{OTHER_MAPPINGS, Requirements, pagemap_scan_is_available, try_code_cache};
pub use ticker::DEFAULT_TICK;
