//! Many processes, at once and one after the other: nothing is left of them,
//! and nothing of one is seen by the next.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

mod support;

use support::{HOST, Setup, World, bytes, guest, in_time, resident, small_host};
use warren_engine::HostLimits;
use warren_kernel::{HostConfig, Kind};

/// Spawns so many of `t:child`, each monitored and named, and waits for each
/// one's EXIT.
fn spawner(count: u32) -> String {
    guest(
        &format!(r#"(data (i32.const 0) "t:child{HOST}\90")"#),
        &format!(
            "(local $n i32) (local $events i32)
             (local.set $events (call $mailbox.events))
             (loop $more
               (if (i32.lt_s (call $process.spawn (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 9) (i32.const 16) (i32.const 1)
                     (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)) (i32.const 0)) (then unreachable))
               (drop (call $mailbox.receive-one (local.get $events) (i64.const -1) (i32.const 1024) (i32.const 1000)))
               (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {count}))))"
        ),
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_twenty_thousand_processes() {
    let child = guest(
        r#"(data (i32.const 0) "child\91\07")"#,
        "(if (call $registry.register (i32.const 0) (i32.const 5) (i32.const 0) (i32.const -1)) (then unreachable))
         (drop (call $mailbox.listen (i32.const 0) (i32.const 5)))
         (if (call $process.send (i32.const 0) (i32.const 5) (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 2)) (then unreachable))
         (call $program.finish (i32.const 5) (i32.const 2))",
    );
    let world = World::new(&[
        ("t:child", child),
        ("t:five", spawner(5_000)),
        ("t:fifteen", spawner(15_000)),
    ]);
    world.result("t:five").await;
    let after_five = resident();
    world.result("t:fifteen").await;
    let after_twenty = resident();
    world.assert_empty();
    let allowed = after_five + after_five / 20 + (8 << 20);
    assert!(
        after_twenty <= allowed,
        "{after_five} bytes grew to {after_twenty}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_grow_beyond_the_first() {
    const COUNT: usize = 3_000;
    let host = HostLimits {
        processes: HostConfig {
            max_processes: COUNT,
            ..HostConfig::default()
        },
        max_memory: 1 << 20,
    };
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host)],
        ..Setup::default()
    });
    // Answers each message with one byte more than it had, until it has none.
    world.define(
        "t:parked",
        &guest(
            "",
            "(call $program.finish (i32.const 1024)
               (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
        ),
    );
    let mut running = Vec::new();
    for _ in 0..COUNT {
        running.push(world.start("t:parked").await);
    }
    assert_eq!(world.node.places_taken(), COUNT);
    let error = world
        .try_start("t:parked")
        .await
        .expect_err("the host is full");
    assert_eq!(error.kind, Kind::RateLimited);
    for running in &running {
        world.send(running, "t", b"\x90");
    }
    for mut running in running {
        assert!(bytes(&in_time(running.wait()).await).ends_with(b"t\x90"));
    }
    in_time(world.idle()).await;
    world.assert_empty();
    // Compiled once for all pools.
    assert_eq!(world.node.compiled(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_tables_and_globals_begin_anew() {
    // Looks for anything that is not as the module says, then fills all of it.
    let guest = guest(
        r#"(memory (export "memory") 4 100)
           (table $t 100 1000 funcref)
           (global $g (mut i64) (i64.const 7))
           (data (i32.const 70000) "data")
           (elem declare func $x)
           (func $x)"#,
        "(local $i i32)
         (if (i64.ne (global.get $g) (i64.const 7)) (then unreachable))
         (global.set $g (i64.const 0x5ec2e7))
         (if (i32.ne (i32.load (i32.const 70000)) (i32.const 0x61746164)) (then unreachable))
         (i32.store (i32.const 70000) (i32.const 0))
         (if (i32.ne (memory.size) (i32.const 4)) (then unreachable))
         (if (i32.ne (memory.grow (i32.const 60)) (i32.const 4)) (then unreachable))
         (local.set $i (i32.const 0))
         (loop $scan
           (if (i64.ne (i64.load (local.get $i)) (i64.const 0)) (then unreachable))
           (br_if $scan (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 8))) (i32.const 4194304))))
         (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 4194304))
         (if (i32.ne (table.size $t) (i32.const 100)) (then unreachable))
         (if (i32.ne (table.grow $t (ref.null func) (i32.const 900)) (i32.const 100)) (then unreachable))
         (local.set $i (i32.const 0))
         (loop $tables
           (if (i32.eqz (ref.is_null (table.get $t (local.get $i)))) (then unreachable))
           (br_if $tables (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 1000))))
         (table.fill $t (i32.const 0) (ref.func $x) (i32.const 1000))",
    );
    // Small and large pages of what is kept resident, in both classes.
    for max_processes in [1_000, 10_000] {
        let mut host = small_host();
        host.processes.max_processes = max_processes;
        let world = World::set_up(Setup {
            hosts: vec![(HOST.to_owned(), host)],
            ..Setup::default()
        });
        world.define("t:writer", &guest);
        for _ in 0..200 {
            assert_eq!(world.result("t:writer").await, b"");
        }
        world.close().await;
    }
}
