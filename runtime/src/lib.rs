//! Run programs as many small isolated WebAssembly processes.
//!
//! A program is an [`app::App`]: a file or directory with definitions. A
//! [`Runtime`] runs it:
//!
//! ```no_run
//! use warren::{Runtime, app::{App, AppOptions}};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let app = App::open("hello.lua", AppOptions::default())?;
//! let ended = tokio::runtime::Runtime::new()?.block_on(async {
//!     let runtime = Runtime::builder(app).start()?;
//!     let mut main = runtime.spawn_main(Vec::new()).await?;
//!     let ended = main.wait().await;
//!     runtime.shutdown(std::time::Duration::from_secs(5)).await;
//!     Ok::<_, Box<dyn std::error::Error>>(ended)
//! })?;
//! println!("{:?}", ended.outcome);
//! # Ok(())
//! # }
//! ```

mod builder;
mod requirements;
mod runtime;

pub use builder::Builder;
pub use requirements::HostRequirements;
pub use runtime::{Main, Runtime};
pub use warren_app as app;
pub use warren_engine::{
    Ended, OTHER_MAPPINGS, Requirements, Sink, StandardStreams, StartError, Stream,
    pagemap_scan_is_available, security, try_code_cache,
};
pub use warren_kernel::{Details, Error, Field, Kind, Outcome};
