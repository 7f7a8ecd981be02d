//! Write warren processes in Rust.
//!
//! A process is a small WebAssembly instance of its own: it shares no memory
//! with others, blocks while it waits, and communicates only by messages.
//!
//! ```no_run
//! use warren_guest::{Args, Error, inbox, send};
//!
//! #[warren_guest::main]
//! fn main(args: Args) -> Result<u64, Error> {
//!     let (greeting, count): (String, u64) = args.get()?;
//!     for _ in 0..count {
//!         let message = inbox().recv()?;
//!         let name: String = message.get()?;
//!         if let Some(from) = message.from() {
//!             send(from, "reply", format!("{greeting}, {name}"))?;
//!         }
//!     }
//!     Ok(count)
//! }
//! ```
//!
//! - [`send`], [`inbox`], [`listen`], [`events`], [`Select`]: messages.
//! - [`spawn`], [`Spawn`], [`exec`], [`upgrade`]: processes.
//! - [`monitor`], [`link`], [`cancel`], [`stop`], [`terminate`]: ties between processes, and
//!   their ends.
//! - [`call`]: operations of the runtime and of its embedder, such as `hash.sha256`; [`store`]:
//!   values under keys; [`http`]: requests to granted origins.
//! - [`names`], [`ctx`], [`identity`], [`time`], [`random`]: the rest of the
//!   process API.
//! - [`server`] and [`supervisor`]: processes that answer, and processes that
//!   keep others running.
//!
//! A call that a limit refuses, and a process that a limit ends, fail with an [`Error`] whose
//! [`limit`](Error::limit) says which.
//!
//! Values are of any type that serde knows. The crate `log` writes to the
//! program's log, with file and line. A panic ends the process with an error
//! that has its message and place.
//!
//! # The standard library
//!
//! On `wasm32-wasip1`, for which `warren build` builds, the standard library works:
//! `println!`, `std::time`, `std::thread::sleep`, and `std::env` and `std::fs` for what was
//! granted. A text of `print!` without a line end waits for
//! [`flush`](std::io::Write::flush). There are no threads and no sockets.
//!
//! `wasm32-unknown-unknown` makes smaller guests, and its standard library knows of no
//! runtime. There, `println!` prints nothing and `std::time` panics, with an error that names
//! what to use: [`println!`], [`eprintln!`] and [`time`] of this crate work on both targets.
//! `#[macro_use] extern crate warren_guest;` in the root of a crate puts these macros in the
//! place of the standard ones in all its modules.
//!
//! # The layer beneath
//!
//! Without the feature `sdk` (a default), only [`raw`] is left: the imports of
//! the flat ABI as `docs/guest-abi.md` defines them, and above them one module
//! per interface, which only turns numbers into slices and statuses into
//! results. Interpreters build on it. Every call that yields bytes puts them
//! into a [`Buffer`] of the caller's, so that a guest in steady state allocates
//! nothing; values stay encoded.
//!
//! # Tests
//!
//! On targets other than WebAssembly the crate needs the feature `mock`, which
//! answers the imports itself.

#[cfg(not(any(target_family = "wasm", feature = "mock")))]
compile_error!("warren-guest runs in a WebAssembly guest; elsewhere it needs the feature `mock`");

#[cfg(target_family = "wasm")]
#[doc(hidden)]
pub mod abi;
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
#[path = "mock/abi.rs"]
#[doc(hidden)]
pub mod abi;
#[cfg(all(not(target_family = "wasm"), feature = "mock"))]
pub mod mock;

mod absent;
mod buffer;

// Documented as parts of `raw`.
#[doc(hidden)]
pub mod capability;
#[doc(hidden)]
pub mod clock;
#[doc(hidden)]
pub mod context;
#[doc(hidden)]
pub mod logger;
#[doc(hidden)]
pub mod mailbox;
#[doc(hidden)]
pub mod process;
#[doc(hidden)]
pub mod program;
pub mod random;
#[doc(hidden)]
pub mod registry;
#[doc(hidden)]
pub mod security;
pub mod stdio;

#[doc(hidden)]
pub use buffer::{Buffer, Failure};
#[doc(hidden)]
pub use warren_values::msgpack;
#[doc(inline)]
pub use warren_values::{Error, kind};

/// The layer of the flat ABI: slices for ranges, results for statuses, and
/// values that stay encoded.
pub mod raw {
    #[doc(inline)]
    pub use crate::{
        Buffer, Failure, abi, capability, clock, context, logger, mailbox, msgpack, process,
        program, registry, security,
    };
}

#[cfg(feature = "sdk")]
mod sdk;
#[cfg(feature = "sdk")]
pub use sdk::*;
/// Makes `main` the process's code.
///
/// `main` takes [`Args`] or nothing, and returns nothing or a `Result`: its
/// value is the process's result, its error the error the process ends with.
///
/// ```no_run
/// #[warren_guest::main]
/// fn main() -> Result<&'static str, warren_guest::Error> {
///     Ok("done")
/// }
/// ```
#[cfg(feature = "sdk")]
pub use warren_guest_macros::main;
/// Makes a [`Server`](server::Server) the process's code, which holds no stack between two
/// messages: it is entered for what has come, and returns. A server that waits for long is
/// parked.
///
/// `serve` takes [`Args`] or nothing, and returns a `Result` of the server. An error ends the
/// process.
///
/// ```no_run
/// use warren_guest::server::{Caller, Next, Server};
/// use warren_guest::{Args, Error};
///
/// struct Counter(i64);
///
/// impl Server for Counter {
///     type Request = i64;
///     type Reply = i64;
///
///     fn call(&mut self, number: i64, caller: Caller<i64>) -> Result<Next, Error> {
///         self.0 += number;
///         caller.reply(&self.0)?;
///         Ok(Next::Continue)
///     }
/// }
///
/// #[warren_guest::serve]
/// fn serve(args: Args) -> Result<Counter, Error> {
///     Ok(Counter(args.get()?))
/// }
/// ```
#[cfg(feature = "sdk")]
pub use warren_guest_macros::serve;
#[cfg(feature = "sdk")]
pub use {log, serde};
