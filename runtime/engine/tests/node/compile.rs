//! Compiling and preparing: refusals, limits, and what is kept afterwards.

mod bounds;
mod kept;
mod preparing;

use crate::support::{Setup, World};
use warren_engine::CompileLimits;
use warren_kernel::{Details, Error, Field, Kind};

fn limited(limits: impl FnOnce(&mut CompileLimits)) -> World {
    let mut compile = CompileLimits::default();
    limits(&mut compile);
    World::set_up(Setup {
        compile,
        ..Setup::default()
    })
}

/// Returns the error for which a definition is not started.
async fn refusal(world: &World, id: &str, code: &str) -> Error {
    world.define(id, code);
    let error = world.try_start(id).await.expect_err(id);
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    assert!(error.message.contains(id), "{error}");
    error
}

fn details(error: &Error) -> Vec<(&'static str, Field)> {
    match &error.details {
        Some(Details::Fields(fields)) => fields.clone(),
        other => panic!("no fields: {other:?}"),
    }
}
