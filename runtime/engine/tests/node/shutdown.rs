//! The end of all processes.

use std::time::{Duration, Instant};

use tokio::time::timeout;
use warren_kernel::Kind;

use crate::support::child::{names, spawn};
use crate::support::{PATIENCE, World, bytes, error, guest, in_time, parked};

/// Asks all processes to end, and terminates those that live on after the grace.
async fn shut_down(world: &World, grace: Duration) {
    let node = &world.node;
    node.ask_to_end(node.now().after(grace), |_| true);
    let _ = timeout(grace, node.none_left()).await;
    node.terminate_all(std::time::Duration::from_secs(60)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_waits_for_processes_that_read_events() {
    let polite = guest(
        r#"(data (i32.const 0) "ready\nbye\n")"#,
        "(local $events i32)
         (local.set $events (call $mailbox.events))
         (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (drop (call $mailbox.receive-one (local.get $events) (i64.const -1) (i32.const 4096) (i32.const 8192)))
         (call $stdio.write (i32.const 0) (i32.const 6) (i32.const 4))
         (call $finish-bytes (i32.const 0) (i32.const 1))",
    );
    let mut world = World::new(&[("t:polite", polite), ("t:parked", parked())]);
    let mut polite = world.start("t:polite").await;
    let mut parked = world.start("t:parked").await;
    for _ in 0..2 {
        world.expect_line("ready").await;
    }
    let began = Instant::now();
    in_time(shut_down(&world, PATIENCE)).await;
    assert!(
        began.elapsed() < PATIENCE / 2,
        "nobody used all of the grace"
    );
    assert_eq!(bytes(&in_time(polite.wait()).await), b"r");
    assert_eq!(error(&in_time(parked.wait()).await).kind, Kind::Canceled);
    world.expect_line("bye").await;
    world.assert_empty();
    let error = world.try_start("t:parked").await.expect_err("it is over");
    assert_eq!(error.kind, Kind::Unavailable);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_terminates_processes_that_ignore_it_after_the_grace() {
    let deaf = guest(
        r#"(data (i32.const 0) "ready\n")"#,
        "(drop (call $mailbox.events))
         (call $stdio.write (i32.const 0) (i32.const 0) (i32.const 6))
         (loop (br 0))",
    );
    let mut world = World::new(&[("t:deaf", deaf)]);
    let mut deaf = world.start("t:deaf").await;
    world.expect_line("ready").await;
    in_time(shut_down(&world, Duration::from_millis(50))).await;
    assert_eq!(error(&in_time(deaf.wait()).await).kind, Kind::Canceled);
    world.assert_empty();
}

/// A guest that spawns `t:child` without end, also during the shutdown.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_outruns_processes_that_spawn() {
    for _ in 0..20 {
        let spawner = guest(
            &format!(r#"{} (data (i32.const 64) "ready\n")"#, names()),
            &format!(
                "(local $pid i32)
                 (call $stdio.write (i32.const 0) (i32.const 64) (i32.const 6))
                 (loop {} (br 0))",
                spawn(0).replace("unreachable", "")
            ),
        );
        let mut world = World::new(&[("t:spawner", spawner), ("t:child", guest("", ""))]);
        for _ in 0..3 {
            world.start("t:spawner").await;
        }
        for _ in 0..3 {
            world.expect_line("ready").await;
        }
        in_time(world.node.terminate_all(std::time::Duration::from_secs(60))).await;
        world.assert_empty();
    }
}
