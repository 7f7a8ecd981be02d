//! Runs random guests. Each ends, or waits and can be terminated, and leaves nothing
//! behind.

mod make;

use std::cell::RefCell;

use warren_kernel::Kind;

pub(crate) use make::make;

use super::node::{block_on, end, host, none_left};
use crate::Reached;
use crate::support::{HOST, Setup, World};

/// Definitions of one world; a new world replaces it then.
const DEFINITIONS: usize = 500;

pub(crate) static MODULES: [Reached; 3] = [
    Reached::new("guests started"),
    Reached::new("guests failed"),
    Reached::new("guests returned"),
];

/// Loads and runs a core module or a component, binary or text.
pub(crate) fn modules(bytes: &[u8]) {
    if let Some(returned) = run(bytes) {
        MODULES[0].add(1);
        MODULES[if returned { 2 } else { 1 }].add(1);
    }
}

/// Defines the bytes as a guest, runs it, and checks that nothing stays. Returns true if
/// the guest returned, and `None` if it was refused.
fn run(bytes: &[u8]) -> Option<bool> {
    thread_local! {
        static WORLD: RefCell<Option<(World, usize)>> = const { RefCell::new(None) };
    }
    block_on(async {
        let (world, used) = WORLD.take().unwrap_or_else(|| (world(), 0));
        let id = format!("test:{used}");
        world.define_bytes(&id, bytes);
        let returned = match world.try_start(&id).await {
            Ok(running) => Some(end(&world, running).await),
            // The refusal must concern the guest alone.
            Err(error) => {
                assert_eq!(error.kind, Kind::Invalid, "{error}");
                None
            }
        };
        // The processes that the guest has spawned end too.
        none_left(&world).await;
        if used < DEFINITIONS {
            WORLD.set(Some((world, used + 1)));
        } else {
            world.close().await;
        }
        returned
    })
}

fn world() -> World {
    World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host())],
        ..Setup::default()
    })
}
