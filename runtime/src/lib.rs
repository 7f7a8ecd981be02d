//! Run programs as many small isolated WebAssembly processes, from Rust.
//!
//! ```toml
//! [dependencies]
//! warren = { package = "warren-runtime", version = "0.1" }
//! tokio = { version = "1", features = ["full"] }
//! ```
//!
//! A process in Lua, and a message to it:
//!
//! ```
//! use std::time::Duration;
//! use warren::{Runtime, Spawn};
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let greeter = "return function(greeting)
//!         local name = process.listen('name'):receive()
//!         return greeting .. ', ' .. name
//!     end";
//!     # let cache = std::env::temp_dir().join("warren-doctest-cache");
//!     let runtime = Runtime::builder()
//!         .lua("app:greeter", greeter)
//!         .cache(cache) // compiled code, kept between runs
//!         .start()?;
//!
//!     let process = runtime.spawn(Spawn::new("app:greeter").arg("hello")).await?;
//!     process.send("name", "world")?;
//!     let greeting: String = process.result().await?;
//!     assert_eq!(greeting, "hello, world");
//!
//!     runtime.shutdown(Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! # Programs and processes
//!
//! - [`Runtime::builder`] takes definitions in memory ([`Builder::lua`],
//!   [`Builder::wasm`], [`Builder::native`]), a program on disk ([`Builder::app`]), or both,
//!   hosts with limits, and the places for output and log.
//! - [`Runtime::spawn`] and [`Runtime::exec`] start a process of a definition; a [`Spawn`]
//!   says with which arguments, in which host, under which name. [`Runtime::prepare`]
//!   compiles and checks code without a process.
//! - A [`Handle`] sends, waits, cancels and terminates. It may be dropped: the process
//!   goes on.
//! - A Rust function is a process, too: [`Runtime::spawn_native`] and [`Builder::native`]
//!   give it a [`Context`].
//! - [`Runtime::serve`] opens the program's listeners: each HTTP request is a process.
//! - [`Runtime::inspector`] looks at processes, queues and stacks, and
//!   [`Runtime::metrics`] counts.
//!
//! # Values
//!
//! Arguments, messages and results are of any type that serde knows. `arg` adds one
//! argument and `args` those of a tuple or list; a message of a tuple has as many values.
//! [`values`] has the encoding, and [`Value`] is for data of any shape.
//!
//! # Limits
//!
//! [`HostLimits`] bounds processes, their memory, processor time, queues, files and logs,
//! for each host; [`CompileLimits`] bounds code. At a limit, a call is refused or a process
//! ends, and [`CallError::limit`] says which limit it was.
//!
//! # Errors
//!
//! [`StartError`] says why no runtime starts. [`CallError`] distinguishes a call that was
//! refused from a process that failed; both carry the structured [`Error`](struct@Error)
//! that guests see. Decide on its [`Kind`] and details: messages are for people.
//! [`values::Error`] is an error as a value within a message; [`error_as_value`] and
//! [`error_of_value`] convert between both.
//!
//! # Threads
//!
//! Guests run on threads of the runtime, one for each core ([`Builder::workers`]), and are
//! preempted. Rust functions that are processes, and work that blocks, run on the tokio
//! runtime that calls [`Builder::start`]. A runtime and all that it gives out are
//! `Send + Sync`, every future is `Send`, there are no globals, and any number of runtimes
//! live side by side. What happens when a future or a handle is dropped stands beside each
//! of them. All of this is tested on Linux x86-64 alone.
//!
//! # Crates
//!
//! Types of the crates beneath are parts of this one: an example with `warren_engine`,
//! `warren_kernel`, `warren_app` or `warren_values` works with `warren`, [`warren::app`](app)
//! and [`warren::values`](values) in their places.
//!
//! The guide, `docs/embedding.md` in the repository, goes through all of this with
//! further examples.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod apply;
mod builder;
mod bundled;
#[cfg(feature = "cluster")]
pub mod cluster;
mod consumers;
mod coverage;
mod definitions;
mod error;
mod handle;
pub mod introspection;
mod limits;
mod metrics;
mod mistakes;
pub mod native;
mod own_directories;
mod reload;
pub mod requirements;
mod runtime;
mod services;
mod spawn;
mod web;
mod web_metrics;

pub use apply::{Action, Applied, ApplyError, Change, Object, Plan, Planned, Step};
pub use builder::Builder;
pub use coverage::{Coverage, CoveredFile};
pub use error::{
    CallError, StartError, error_as_value, error_details, error_limit, error_of_value,
};
pub use handle::{Ended, Exit, Handle, Monitor, result_of};
pub use introspection::Inspector;
pub use metrics::METRICS_CONTENT_TYPE;
pub use mistakes::Mistake;
pub use native::Context;
pub use reload::{RefusedFile, ReloadError, Reloaded};
pub use runtime::Runtime;
pub use services::ServiceError;
pub use spawn::Spawn;
pub use values::{Limit, Pid, ToArgs, Value};
#[doc(inline)]
pub use warren_app as app;
pub use warren_capabilities::server::{Bound, ListenError};
pub use warren_capabilities::{
    BackedUp, BackupError, Connecting, DataError, QueueError, Resolver, Resolving, TokenStoreError,
    VolumeError, back_up,
};
pub use warren_engine::capability;
pub use warren_engine::{
    Code, CompileLimits, DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL, DEFAULT_PARK_AFTER, Definition,
    Grants, HostLimits, Level, LogRecord, MAX_TRACE_STATE, NodeError, PathGrant, Sink, Source,
    StandardStreams, Stream, TraceContext, Uses, record_time, security,
};
pub use warren_kernel::{
    Details, Error, Event, Field, Kind, Outcome, Timestamp, Trace, TraceId, text,
};
#[doc(inline)]
pub use warren_values as values;

/// The examples of the guide, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Guide;

/// The examples of the operator's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/operating.md")]
pub struct Operating;
