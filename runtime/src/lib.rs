//! Run programs as many small isolated WebAssembly processes, from Rust.
//!
//! ```toml
//! [dependencies]
//! warren = { package = "warren-runtime", path = "warren/runtime" }
//! tokio = { version = "1", features = ["full"] }
//! ```
//!
//! A process in Lua, and a message to it:
//!
//! ```
//! use std::time::Duration;
//! use warren::Runtime;
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
//!     let greeter = warren::Spawn::of("app:greeter").arguments("hello");
//!     let process = runtime.spawn(greeter).await?;
//!     process.send("name", "world")?;
//!     let greeting: String = process.result().await?;
//!     assert_eq!(greeting, "hello, world");
//!
//!     runtime.shutdown(Duration::from_secs(5)).await;
//!     Ok(())
//! }
//! ```
//!
//! - [`Runtime::builder`]: definitions in memory ([`Builder::lua`],
//!   [`Builder::wasm`]) or a program on disk ([`Builder::app`]), hosts with
//!   limits, where output and log go.
//! - [`Runtime::spawn`] and [`Runtime::exec`] start processes; a [`Spawn`] says
//!   with what. A [`Handle`] sends, waits, cancels and terminates.
//! - [`Runtime::spawn_native`] and [`Builder::native`] make a Rust function a
//!   process among the others; it acts through its [`Context`].
//! - Values are of any type that serde knows; [`values`] says how they are
//!   written. A [`CallError`] says why a call failed.
//!
//! A runtime and all it gives out are `Send + Sync`, every future is `Send`, there
//! are no globals, and any number of runtimes live side by side. What happens when
//! a future or a handle is dropped stands beside each of them. Lifecycle, limits,
//! threads, shutdown, upgrades and errors are the subject of the guide,
//! `docs/embedding.md`.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod builder;
mod bundled;
mod definitions;
mod error;
mod handle;
pub mod introspection;
mod metrics;
mod mistakes;
pub mod native;
mod reload;
pub mod requirements;
mod runtime;
mod services;
mod spawn;

pub use builder::Builder;
pub use error::{CallError, StartError, error_as_value, error_details, error_of_value};
pub use handle::{Ended, Exit, Handle, Monitor, result_of};
pub use introspection::Inspector;
pub use metrics::METRICS_CONTENT_TYPE;
pub use mistakes::Mistake;
pub use native::Context;
pub use reload::{RefusedFile, ReloadError, Reloaded};
pub use runtime::Runtime;
pub use services::ServiceError;
pub use spawn::Spawn;
pub use values::Value;
pub use warren_app as app;
pub use warren_engine::{
    Code, CompileLimits, DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL, Definition, FileLimits, Grants,
    HostLimits, Level, LogRecord, NodeError, PathGrant, Sink, Source, StandardStreams, Stream,
    record_time, security,
};
pub use warren_kernel::{
    Details, Error, Event, Field, HostConfig, Kind, Outcome, QueueLimits, Timestamp, Trace,
    TraceId, text,
};
pub use warren_values as values;

/// The examples of the guide, compiled and run as tests.
#[cfg(doctest)]
#[doc = include_str!("../../docs/embedding.md")]
pub struct Guide;

/// The examples of the operator's page.
#[cfg(doctest)]
#[doc = include_str!("../../docs/operating.md")]
pub struct Operating;
