//! Many processes, at once and one after the other: none leaves anything behind,
//! and none sees anything of an earlier one.

use std::sync::Arc;
use std::time::Duration;

use crate::support::{HOST, Setup, World, bytes, guest, in_time, is_alone, resident, small_host};
use warren_engine::HostLimits;
use warren_kernel::{Counts, Depth, Kind};

/// A guest that starts `count` processes of `t:child` one after the other, each linked and
/// monitored, and reads its end. Most return. Of sixteen, one traps, one waits
/// until it is terminated, one is the callee of an exec. At last the guest waits
/// for a message.
fn spawner(count: u32) -> String {
    let items = format!(
        r#"(data (i32.const 0) "t:child{HOST}")
           (data (i32.const 32) "\91\00\91\01\91\02")
           (data (i32.const 48) "done\n")
           (func $hear (param $subscription i32)
             (if (i32.le_s (call $mailbox.receive-one (local.get $subscription)
                   (i64.const -1) (i32.const 1024) (i32.const 1000)) (i32.const 0)) (then unreachable)))
           (func $spawn (param $how i32) (result i32)
             (local $length i32)
             (local.set $length (call $process.spawn (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 9)
               (i32.add (i32.const 32) (i32.shl (local.get $how) (i32.const 1))) (i32.const 2)
               (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))
             (if (i32.lt_s (local.get $length) (i32.const 0)) (then unreachable))
             (local.get $length))
           (func $exec
             (call $hear (call $process.exec (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 9)
               (i32.const 32) (i32.const 2) (i32.const 0) (i32.const 0))))
           (func $fail (param $how i32)
             (local $length i32)
             (local.set $length (call $spawn (local.get $how)))
             (if (i32.eq (local.get $how) (i32.const 2))
               (then (if (call $process.terminate (i32.const 256) (local.get $length)) (then unreachable))))
             ;; LINK_DOWN, EXIT
             (call $hear (call $mailbox.events))
             (call $hear (call $mailbox.events)))"#
    );
    guest(
        &items,
        &format!(
            "(local $n i32) (local $kind i32)
             (call $process.set-options (i32.const 1))
             (loop $more
               (local.set $kind (i32.and (local.get $n) (i32.const 15)))
               (if (i32.eq (local.get $kind) (i32.const 15)) (then (call $exec))
                 (else (if (i32.ge_u (local.get $kind) (i32.const 13))
                   (then (call $fail (i32.sub (local.get $kind) (i32.const 12))))
                   (else (drop (call $spawn (i32.const 0))) (call $hear (call $mailbox.events))))))
               (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const {count}))))
             (call $stdio.write (i32.const 0) (i32.const 48) (i32.const 5))
             (call $hear (call $mailbox.inbox))"
        ),
    )
}

/// A guest that registers a name, listens, sends itself a message that it never
/// reads, and ends as its argument says.
fn child() -> String {
    guest(
        "",
        "(local $length i32)
         (drop (call $program.arguments (i32.const 0) (i32.const 8)))
         ;; The text of its PID without the brace is a name nobody else has.
         (local.set $length (call $process.pid (i32.const 16) (i32.const 64)))
         (if (call $registry.register (i32.const 17) (i32.sub (local.get $length) (i32.const 1))
               (i32.const 0) (i32.const -1)) (then unreachable))
         (drop (call $mailbox.listen (i32.const 17) (i32.const 5)))
         (if (call $process.send (i32.const 17) (i32.sub (local.get $length) (i32.const 1))
               (i32.const 17) (i32.const 5) (i32.const 0) (i32.const 2)) (then unreachable))
         (if (i32.eq (i32.load8_u (i32.const 1)) (i32.const 1)) (then unreachable))
         (if (i32.eq (i32.load8_u (i32.const 1)) (i32.const 2))
           (then (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 0) (i32.const 0)))))
         (call $finish-bytes (i32.const 0) (i32.const 2))",
    )
}

/// Far more time than a million processes take.
const HALF_AN_HOUR: Duration = Duration::from_secs(1_800);

/// Runs two spawners at once. After both have read every end, nothing is tied to
/// them, and soon only their own tasks are left. After their end no task is left.
async fn churn(world: &mut World, spawner: &str) {
    let mut running = [world.start(spawner).await, world.start(spawner).await];
    for _ in 0..running.len() {
        assert_eq!(world.line_within(HALF_AN_HOUR).await, "done");
    }
    in_time(tasks(world, running.len())).await;
    for spawner in &mut running {
        let process = Arc::clone(spawner.process());
        assert_eq!(process.counts(), Counts::default());
        assert_eq!(process.depth(), Depth::default());
        world.send(spawner, "end", b"\x90");
        assert_eq!(bytes(&in_time(spawner.wait()).await), b"");
    }
    in_time(tasks(world, 0)).await;
    world.assert_empty();
}

/// Waits until at most this many tasks are alive.
async fn tasks(world: &World, count: usize) {
    while world.node.tasks() > count {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_million_processes() {
    if !is_alone("churn::nothing_is_left_of_a_million_processes").await {
        return;
    }
    let mut world = World::new(&[
        ("t:child", child()),
        ("t:first", spawner(50_000)),
        ("t:others", spawner(450_000)),
    ]);
    churn(&mut world, "t:first").await;
    let after_first = resident();
    churn(&mut world, "t:others").await;
    let after_all = resident();
    let allowed = after_first + after_first / 20 + (8 << 20);
    assert!(
        after_all <= allowed,
        "{after_first} bytes after 100,000 processes grew to {after_all}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pools_grow_beyond_the_first() {
    const COUNT: usize = 3_000;
    let host = HostLimits::default()
        .max_processes(COUNT)
        .max_memory(1 << 20);
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host)],
        ..Setup::default()
    });
    // A guest that answers each message with one more byte, until the message is
    // empty.
    world.define(
        "t:parked",
        &guest(
            "",
            "(call $finish-bytes (i32.const 1024)
               (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
        ),
    );
    let mut running = Vec::new();
    for _ in 0..COUNT {
        running.push(world.start("t:parked").await);
    }
    assert_eq!(world.node.slots_taken(), COUNT);
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
    // The code is compiled once for all pools of each class.
    assert_eq!(world.node.compiled(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memory_tables_and_globals_begin_anew() {
    // A guest that checks that all memory, tables and globals are as the module
    // defines them, then overwrites them.
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
    // A host whose slots are all fast, and one that also has dense slots.
    for max_processes in [1_000, 10_000] {
        let host = small_host().max_processes(max_processes);
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
