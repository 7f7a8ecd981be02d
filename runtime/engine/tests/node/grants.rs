//! Grants of files and directories: calls of preview 1 in every order that a guest could
//! choose.

mod calls;
mod component;
mod component_script;
mod frame;
mod limits;
mod paths;
mod place;
mod preview1;
mod rights;
mod script;

use std::sync::atomic::{AtomicU32, Ordering};

use warren_engine::{Grants, HostLimits};

use crate::support::{HOST, Setup, World, small_host};
use script::Script;

fn world(limits: HostLimits) -> World {
    World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), limits)],
        ..Setup::default()
    })
}

/// Runs a script and returns the result of each call.
async fn run(world: &World, script: &Script, grants: Grants) -> Vec<u8> {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let id = format!("t:script{}", NUMBER.fetch_add(1, Ordering::Relaxed));
    world.define_with(&id, &script.wat(), grants);
    world.result(&id).await[3..].to_vec()
}

async fn run_alone(script: &Script, grants: Grants) -> Vec<u8> {
    let world = world(small_host());
    let results = run(&world, script, grants).await;
    world.close().await;
    results
}
