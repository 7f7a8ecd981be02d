//! `wasi:clocks`. In virtual time the clocks and the pollables are those of the node.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Monotonic, Process};
use wasmtime::component::{HasSelf, Linker, Resource};
use wasmtime_wasi::async_trait;
use wasmtime_wasi::clocks::WasiClocksView;
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::{self, Instant};
use wasmtime_wasi::p2::bindings::clocks::wall_clock::{self, Datetime};
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};

use crate::guest::Guest;
use crate::guest::asleep::Asleep;
use crate::guest::shared::Shared;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    wall_clock::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)?;
    monotonic_clock::add_to_linker::<Guest, HasSelf<Guest>>(linker, |guest| guest)
}

impl wall_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<Datetime> {
        let Some(clock) = self.shared.timers.virtual_clock() else {
            return wall_clock::Host::now(&mut self.clocks());
        };
        let wall = clock.moment().wall.0.unsigned_abs();
        let wall = Duration::from_nanos(wall);
        Ok(Datetime {
            seconds: wall.as_secs(),
            nanoseconds: wall.subsec_nanos(),
        })
    }

    fn resolution(&mut self) -> wasmtime::Result<Datetime> {
        wall_clock::Host::resolution(&mut self.clocks())
    }
}

impl monotonic_clock::Host for Guest {
    fn now(&mut self) -> wasmtime::Result<Instant> {
        match self.shared.timers.virtual_clock() {
            None => monotonic_clock::Host::now(&mut self.clocks()),
            Some(clock) => Ok(clock.monotonic().0),
        }
    }

    fn resolution(&mut self) -> wasmtime::Result<Instant> {
        monotonic_clock::Host::resolution(&mut self.clocks())
    }

    fn subscribe_instant(&mut self, when: Instant) -> wasmtime::Result<Resource<DynPollable>> {
        match self.shared.timers.virtual_clock() {
            None => monotonic_clock::Host::subscribe_instant(&mut self.clocks(), when),
            Some(_) => self.deadline(when),
        }
    }

    fn subscribe_duration(
        &mut self,
        duration: monotonic_clock::Duration,
    ) -> wasmtime::Result<Resource<DynPollable>> {
        match self.shared.timers.virtual_clock() {
            None => monotonic_clock::Host::subscribe_duration(&mut self.clocks(), duration),
            Some(clock) => {
                let when = clock.monotonic().0.saturating_add(duration);
                self.deadline(when)
            }
        }
    }
}

impl Guest {
    /// Makes a pollable for a time of the virtual clock.
    fn deadline(&mut self, when: Instant) -> wasmtime::Result<Resource<DynPollable>> {
        let deadline = Deadline {
            shared: Arc::clone(&self.shared),
            process: self.process().ok().cloned(),
            at: Monotonic(when),
        };
        let clocks = self.clocks();
        let deadline = clocks.table.push(deadline)?;
        subscribe(clocks.table, deadline)
    }
}

/// A time of the virtual clock.
struct Deadline {
    shared: Arc<Shared>,
    process: Option<Arc<Process>>,
    at: Monotonic,
}

#[async_trait]
impl Pollable for Deadline {
    async fn ready(&mut self) {
        let mut left = self.left();
        if left == 0 {
            // A guest that polls in a loop lets others go on.
            return tokio::task::yield_now().await;
        }
        let _asleep = self.process.clone().map(Asleep::new);
        while left > 0 {
            self.shared.sleep(Duration::from_nanos(left)).await;
            left = self.left();
        }
    }
}

impl Deadline {
    fn left(&self) -> u64 {
        self.at.0.saturating_sub(self.shared.monotonic().0)
    }
}
