//! Changes of a running runtime.

mod definitions;
mod hosts;
mod program;
mod races;
mod random;
mod rules;
mod services;

use std::time::Duration;

use warren::{Applied, ApplyError, Change, Handle, Kind, Plan, Runtime, Spawn};

use crate::setup::{builder, in_time, returns};

/// A process that waits for the message `go` and returns its value.
const WAITS: &str = "return function() return (process.listen('go'):receive()) end";

async fn exec(runtime: &Runtime, id: &str) -> i64 {
    in_time(runtime.exec(Spawn::new(id))).await.unwrap()
}

async fn kind(runtime: &Runtime, spawn: impl Into<Spawn>) -> Kind {
    let spawned = in_time(runtime.spawn(spawn)).await;
    spawned.unwrap_err().kind().clone()
}

/// Applies a change, and waits until its effects are there.
async fn apply(runtime: &Runtime, change: Change) -> Plan {
    let applied = applied(runtime, change).await;
    let plan = applied.plan.clone();
    in_time(applied.settled()).await.unwrap();
    plan
}

async fn applied(runtime: &Runtime, change: Change) -> Applied {
    in_time(runtime.apply(change)).await.unwrap()
}

async fn refused(runtime: &Runtime, change: Change) -> ApplyError {
    let version = runtime.version();
    let error = in_time(runtime.apply(change)).await.unwrap_err();
    assert_eq!(runtime.version(), version, "nothing has changed");
    error
}

/// Returns the lines of a plan.
fn lines(plan: &Plan) -> Vec<String> {
    plan.steps.iter().map(ToString::to_string).collect()
}

async fn result(handle: &Handle) -> i64 {
    in_time(handle.result()).await.unwrap()
}

fn start() -> Runtime {
    builder().start().unwrap()
}

const GRACE: Duration = Duration::from_secs(60);
