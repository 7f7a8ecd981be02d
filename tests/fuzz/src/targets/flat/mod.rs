//! Calls of the flat ABI over a memory of random bytes.
//!
//! One guest is compiled once. Its arguments are the script of its calls, so an input
//! costs a spawn. The processes that it spawns run the same guest with their own
//! scripts.

mod driver;
mod script;

use std::cell::RefCell;
use std::sync::Arc;

use arbitrary::Unstructured;
use warren_app::Policies;
use warren_engine::{Sink, Stream};

use super::node::{block_on, end, host, none_left};
use crate::Reached;
use crate::support::imports::ALL as IMPORTS;
use crate::support::{HOST, Setup, World, in_time};

/// The guest, a definition that does not compile, and a missing one.
const DEFINITIONS: [&str; 4] = ["test:flat", "test:flat", "test:broken", "test:none"];
const HOSTS: [&str; 5] = [HOST, HOST, "test:small", "test:none", ""];

/// Inputs for one world.
const INPUTS: usize = 20_000;

pub(crate) static FLAT: [Reached; 14] = [
    Reached::new("guests started"),
    Reached::new("calls returned"),
    Reached::new("guests returned"),
    Reached::new("messages sent"),
    Reached::new("messages received"),
    Reached::new("processes spawned"),
    Reached::new("processes executed"),
    Reached::new("topics listened to"),
    Reached::new("context values read"),
    Reached::new("names registered"),
    Reached::new("names found"),
    Reached::new("ties made"),
    Reached::new("ends asked for"),
    Reached::new("results and errors taken"),
];

/// Imports whose effective calls the counts of `FLAT` after the first three count.
const COUNTED: [&[&str]; 11] = [
    &["send"],
    &["receive", "receive-one"],
    &["spawn"],
    &["exec"],
    &["listen"],
    &["get", "all"],
    &["register"],
    &["lookup"],
    &["monitor", "link"],
    &["cancel", "terminate"],
    &["take"],
];

/// Counted imports that return 0 if they had no effect.
const ZERO_IS_NOTHING: [&str; 4] = ["receive", "receive-one", "get", "take"];

/// Makes a script from the bytes, and runs a guest with it.
pub(crate) fn flat(bytes: &[u8]) {
    thread_local! {
        static WORLD: RefCell<Option<(World, usize)>> = const { RefCell::new(None) };
    }
    let Ok(arguments) = script::arguments(&mut Unstructured::new(bytes)) else {
        return;
    };
    block_on(async {
        let (world, used) = WORLD.take().unwrap_or_else(|| (world(), 0));
        let running = in_time(world.node.run(DEFINITIONS[0], HOST, &arguments)).await;
        let returned = end(&world, running.expect("the guest is the target's own")).await;
        FLAT[2].add(u64::from(returned));
        // The processes that the guest has spawned end too.
        none_left(&world).await;
        if used < INPUTS {
            WORLD.set(Some((world, used + 1)));
        } else {
            world.close().await;
        }
    });
}

/// Makes the bytes of a script with many calls.
pub(crate) fn make(random: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let length = random.int_in_range(1024..=4000)?;
    Ok(random.bytes(length)?.to_vec())
}

fn world() -> World {
    let small = host().max_memory(1 << 20);
    let policies = Policies::of([
        ("open", "permit (principal, action, resource);"),
        (
            "closed",
            "permit (principal, action == Action::\"process.send\", resource)
             when { context.values.hasTag(\"key\") };",
        ),
    ]);
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host()), (HOSTS[2].to_owned(), small)],
        authorizer: Some(Arc::new(policies.expect("they compile"))),
        sink: Some(Box::new(Tells)),
        ..Setup::default()
    });
    world.define(DEFINITIONS[0], &driver::text());
    world.define(DEFINITIONS[2], "(module");
    world
}

/// Counts the calls that guests report.
struct Tells;

impl Sink for Tells {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        for told in bytes.split(|byte| *byte == b'\n').filter_map(driver::told) {
            if told.call == driver::calls() {
                FLAT[0].add(1);
            } else if told.call < driver::calls() {
                FLAT[1].add(1);
            }
            let Some(import) = IMPORTS.get(told.call) else {
                continue;
            };
            let did =
                told.status > 0 || (told.status == 0 && !ZERO_IS_NOTHING.contains(&import.name));
            let counts = COUNTED
                .iter()
                .position(|names| names.contains(&import.name));
            if let Some(place) = counts.filter(|_| did) {
                FLAT[3 + place].add(1);
            }
        }
    }
}
