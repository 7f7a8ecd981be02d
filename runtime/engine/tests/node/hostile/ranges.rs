//! Ranges outside the guest's memory.

use warren_kernel::Kind;

use super::check_good;
use crate::support::imports::{self, pair};
use crate::support::{World, guest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_outside_the_memory_are_refused_by_name() {
    let world = World::new(&[]);
    let beyond = [
        pair(65_530, 100),
        pair(u32::MAX, 1),
        pair(0, u32::MAX - 1),
        pair(65_537, 0),
    ];
    let mut tried = 0;
    for import in imports::ALL {
        for (position, parameter) in import.parameters.chars().enumerate() {
            if !"sbow".contains(parameter) {
                continue;
            }
            for range in &beyond {
                let mut parameters = import.harmless();
                parameters[position] = range.clone();
                let id = format!("t:{tried}");
                world.define(&id, &guest("", &import.call(&parameters)));
                let error = world.failure(&id).await;
                assert_eq!(error.kind, Kind::Internal);
                let what = import.identifier();
                let said = ["outside the guest's memory", "more than"];
                assert!(
                    said.iter().any(|said| error.message.contains(said)),
                    "{what} {range}: {error}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_not_written_outside_the_memory() {
    let world = World::new(&[]);
    let calls = [
        "(drop (call $process.pid (i32.const 65530) (i32.const 100)))",
        "(drop (call $process.pid (i32.const -1) (i32.const -1)))",
        "(drop (call $program.arguments (i32.const 65536) (i32.const 1)))",
        "(drop (call $context.all (i32.const -2) (i32.const 8)))",
        "(call $random.bytes (i32.const 65530) (i32.const 8))",
        // The result is held, and then fetched to an address outside.
        "(drop (call $process.pid (i32.const 0) (i32.const 0)))
         (drop (call $held.take (i32.const 65530) (i32.const 100)))",
    ];
    for (number, call) in calls.iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, &guest("", call));
        let error = world.failure(&id).await;
        assert!(
            error.message.contains("outside the guest's memory"),
            "{call}: {error}"
        );
    }
    check_good(&world).await;
    world.close().await;
}
