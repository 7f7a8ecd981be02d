//! The Lua interpreter of warren: a guest that runs Lua 5.4 programs.
//!
//! It is a core module with the flat ABI of `docs/guest-abi.md`. The runtime
//! calls five exports, each in an instance of its own; `resume` in the one of `start`, or in a
//! copy of it:
//!
//! - `wizer-initialize`, once per version of this module: sets up Lua with all
//!   libraries ([`boot`]). The memory it leaves behind becomes the image that
//!   every process starts from.
//! - `prepare`, once per source: compiles it ([`program`]).
//! - `start`, once per process: loads what `prepare` has made, and runs it
//!   under the scheduler ([`scheduler`]).
//! - `resume`, as often as the process has returned to wait: goes on where it waited.
//! - `traceback`, in a copy of the memory of a process that someone looks at:
//!   says where each of its coroutines is (`inspection`).
//!
//! Values cross the process boundary through [`encode`] and [`decode`], which
//! work on the Lua stack directly. What needs no speed is written in Lua, in
//! `prelude/`.
//!
//! All of it is written against the C API of Lua. How that and Rust get along
//! is said in [`lua`].

#![cfg_attr(
    not(any(target_family = "wasm", test)),
    allow(dead_code, reason = "only the module exports what uses it")
)]

mod allocator;
mod arg;
mod argument;
mod boot;
mod bundled;
mod bytes;
mod calendar;
mod call_results;
mod callbacks;
mod calls;
mod capability;
mod channel;
mod chooser;
mod chunk;
mod codec;
mod compact;
mod context;
mod coroutine;
mod coverage;
mod crypto;
mod decode;
mod encode;
mod ending;
mod env;
mod errors;
mod events;
mod exchange;
mod exec;
mod far;
mod hash;
#[cfg(target_family = "wasm")]
mod inspection;

mod interpreter;
mod json;
mod late;
mod libc_clock;
mod line_counts;
mod logger;
mod lua;
mod mailbox;
mod marks;
mod math;
mod message;
mod metamethods;
mod metrics;
mod mistakes;
mod module;
mod object;
mod os;
mod outcome;
mod path;
mod payload;
mod prelude;
mod process;
mod program;
mod public;
mod read_only;
mod registry;
mod replacement;
mod scheduler;
mod security;
mod spawned;
mod spawner;
mod stdio;
mod streams;
mod tables;
mod tasks;
mod time;
mod timers;
mod traceback;
mod transfer;
mod uuid;
mod waiting;
mod warnings;
mod yaml;

#[cfg(test)]
mod tests;

/// The exports of the module.
#[cfg(target_family = "wasm")]
mod exports {
    use crate::{boot, inspection, program};

    #[unsafe(export_name = "wizer-initialize")]
    extern "C" fn initialize() {
        boot::state();
    }

    #[unsafe(no_mangle)]
    extern "C" fn prepare() {
        program::prepare();
    }

    #[unsafe(no_mangle)]
    extern "C" fn start() {
        program::start();
    }

    #[unsafe(no_mangle)]
    extern "C" fn resume() {
        program::resume();
    }

    /// # Safety
    /// The runtime gives a range of memory that belongs to nobody, in an instance that
    /// ends with this call.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn traceback(start: *mut u8, len: usize) -> usize {
        // SAFETY: as promised by the caller.
        unsafe { inspection::write(std::slice::from_raw_parts_mut(start, len)) }
    }
}
