//! A process never sees what an earlier process in its slot has written, whatever
//! code it runs.

use crate::support::{HOST, Setup, World, bytes, guest, in_time, small_host};

/// The slots of the first pool of a class: every later process gets a slot in which
/// another has died.
const SLOTS: usize = 1_000;

/// Waits for a message, so that all processes live at once.
const WAIT: &str = "(drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 0) (i32.const 0)))";

/// A guest that fills everything it can reach with a secret: its memory, also after
/// growing, a table, a global, frames of its stack, and the heap of exceptions.
fn writer() -> String {
    guest(
        r#"(memory (export "memory") 2 6)
           (table $t 100 1000 funcref)
           (global $g (mut i64) (i64.const 0))
           (tag $secret (param i64 i64))
           (elem declare func $x)
           (func $x)
           (func $deep (param $left i32) (param $a i64) (param $b i64) (result i64)
             (if (result i64) (local.get $left)
               (then
                 (i64.xor (local.get $a)
                   (call $deep (i32.sub (local.get $left) (i32.const 1)) (local.get $b) (local.get $a))))
               (else (local.get $b))))"#,
        &format!(
            "(local $n i32) (local $a i64) (local $b i64)
             (if (i32.ne (memory.grow (i32.const 4)) (i32.const 2)) (then unreachable))
             (memory.fill (i32.const 0) (i32.const 0xa5) (i32.const 393216))
             (if (i32.ne (table.grow $t (ref.func $x) (i32.const 900)) (i32.const 100)) (then unreachable))
             (table.fill $t (i32.const 0) (ref.func $x) (i32.const 1000))
             (global.set $g (call $deep (i32.const 2000) (i64.const 0xa5a5a5a5a5a5a5a5) (i64.const 0x5ec2e75ec2e75ec2)))
             (loop $throw
               (block $caught (result i64 i64)
                 (try_table (catch $secret $caught)
                   (throw $secret (i64.const 0xa5a5a5a5a5a5a5a5) (i64.const 0xa5a5a5a5a5a5a5a5)))
                 unreachable)
               (local.set $a) (local.set $b)
               (br_if $throw (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 500))))
             {WAIT}"
        ),
    )
}

/// A guest that searches everything it can reach for bytes that its module does not
/// define. Its memory has `pages` at first and one number, at `address`; its table
/// has `elements` of 1,000 elements at first.
fn reader(items: &str, pages: u32, address: u32, number: u32, elements: u32) -> String {
    // No snapshot can be taken of a module that grows a table.
    let grow = if elements == 1_000 {
        String::new()
    } else {
        format!(
            "(if (i32.ne (table.grow $t (ref.null func) (i32.const {})) (i32.const {elements})) (then unreachable))",
            1_000 - elements
        )
    };
    let locals = "(local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)";
    let any = (1..=16)
        .map(|local| format!("(i64.or (local.get {local})"))
        .collect::<String>();
    guest(
        &format!(
            r#"(memory (export "memory") {pages} 6)
               (table $t {elements} 1000 funcref)
               (global $g (mut i64) (i64.const 0))
               {items}
               (func $zero (param $from i32) (param $to i32)
                 (loop $scan
                   (if (i64.ne (i64.load (local.get $from)) (i64.const 0)) (then unreachable))
                   (br_if $scan
                     (i32.lt_u
                       (local.tee $from (i32.add (local.get $from) (i32.const 8)))
                       (local.get $to)))))
               (func $null (param $from i32) (param $to i32)
                 (loop $scan
                   (if (i32.eqz (ref.is_null (table.get $t (local.get $from)))) (then unreachable))
                   (br_if $scan
                     (i32.lt_u
                       (local.tee $from (i32.add (local.get $from) (i32.const 1)))
                       (local.get $to)))))
               ;; Frames with locals that nobody has set, as deep as the writer's.
               (func $deep (param $left i32) {locals}
                 (if (i64.ne {any} (i64.const 0) {closing} (i64.const 0)) (then unreachable))
                 (if (local.get $left)
                   (then (call $deep (i32.sub (local.get $left) (i32.const 1))))))"#,
            closing = ")".repeat(16),
        ),
        &format!(
            "(if (i32.ne (i32.load (i32.const {address})) (i32.const {number})) (then unreachable))
             (i32.store (i32.const {address}) (i32.const 0))
             (call $zero (i32.const 0) (i32.const {old}))
             (if (i32.ne (memory.grow (i32.const {more})) (i32.const {pages})) (then unreachable))
             (call $zero (i32.const {old}) (i32.const 393216))
             (call $null (i32.const 0) (i32.const {elements}))
             {grow}
             (call $null (i32.const 0) (i32.const 1000))
             (if (i64.ne (global.get $g) (i64.const 0)) (then unreachable))
             (call $deep (i32.const 500))
             {WAIT}",
            old = pages * 65536,
            more = 6 - pages,
        ),
    )
}

/// Runs `SLOTS` processes of a definition at once, to their end.
async fn fill(world: &World, id: &str) {
    let mut running = Vec::new();
    for _ in 0..SLOTS {
        running.push(world.start(id).await);
    }
    assert_eq!(world.node.slots_taken(), SLOTS);
    for running in &running {
        world.send(running, "t", b"\x90");
    }
    for mut running in running {
        assert_eq!(bytes(&in_time(running.wait()).await), b"");
    }
    in_time(world.idle()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reused_slot_holds_nothing_of_a_dead_process() {
    // Memory above and below the size that is kept for the next process; plain
    // data, and a snapshot.
    let data = reader(
        r#"(data (i32.const 70000) "data")"#,
        3,
        70_000,
        0x6174_6164,
        500,
    );
    let snapshot = reader(
        r#"(func (export "wizer-initialize") (i32.store (i32.const 4096) (i32.const 7)))"#,
        1,
        4_096,
        7,
        1_000,
    );
    // Both classes of slots.
    for max_processes in [SLOTS, 10 * SLOTS] {
        let host = small_host()
            .max_memory(1 << 20)
            .max_processes(max_processes);
        let world = World::set_up(Setup {
            hosts: vec![(HOST.to_owned(), host)],
            ..Setup::default()
        });
        world.define("t:writer", &writer());
        world.define("t:data", &data);
        world.define("t:snapshot", &snapshot);
        for next in ["t:data", "t:snapshot"] {
            fill(&world, "t:writer").await;
            fill(&world, next).await;
        }
        world.close().await;
    }
}
