//! The operations whose instructions the regression guard counts: one operation
//! many times, on one thread and independent of time, so that two runs of
//! different length differ by the operations alone.

use std::num::NonZeroUsize;
use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use clap::ValueEnum;

use crate::guests::{Arguments, arguments};
use crate::node::{BenchNode, Setup};
use crate::payload::Payload;

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Operation {
    /// 64 bytes there and back between two flat guests.
    FlatRoundTrip,
    /// A round trip in which each send is judged, by a known answer.
    FlatJudgedRoundTrip,
    /// A round trip between two guests on the Rust SDK, without judging.
    RustRoundTrip,
    /// A round trip between two Lua processes.
    LuaRoundTrip,
    /// A call of a Lua server by a Lua process.
    LuaCall,
    /// A flat guest that does nothing, from its spawn to the news of its exit.
    FlatSpawn,
    /// A Lua process, from its spawn to the news of its exit.
    LuaSpawn,
    /// A table encoded and decoded by a Lua process.
    LuaValues,
}

/// Longer than any run: no guest is preempted.
const NEVER: Duration = Duration::from_secs(24 * 60 * 60);

impl Operation {
    /// Runs the operation `times` times, with compiled code kept in the directory
    /// `cache`.
    ///
    /// # Errors
    /// A guest fails.
    pub(crate) fn run(self, times: u32, cache: &Path) -> Result<()> {
        let setup = Setup {
            workers: Some(NonZeroUsize::MIN),
            tick: NEVER,
            judged: self == Operation::FlatJudgedRoundTrip,
            // Dense slots only: valgrind has no address space for others.
            max_processes: 1_000_000,
            park_after: None,
        };
        let node = BenchNode::set_up(cache, setup)?;
        let message = |echo| arguments(times, echo).encoded(&Payload::Bytes64.encoded());
        match self {
            Operation::FlatRoundTrip | Operation::FlatJudgedRoundTrip => {
                node.run("bench:flat/ping", &message("bench:flat/echo"))
            }
            Operation::RustRoundTrip => node.run("bench:rust/ping", &message("bench:rust/echo")),
            Operation::LuaRoundTrip => node.run("bench:ping.lua", &message("bench:echo.lua")),
            Operation::LuaCall => node.run("bench:calls.lua", &message("bench:called.lua")),
            Operation::FlatSpawn => {
                node.run("bench:flat/spawner", &arguments(times, "bench:flat/empty"))
            }
            Operation::LuaSpawn => {
                node.run("bench:spawner.lua", &arguments(times, "bench:empty.lua"))
            }
            Operation::LuaValues => node.run("bench:values.lua", &Arguments::new().number(times)),
        }?;
        Ok(())
    }
}
