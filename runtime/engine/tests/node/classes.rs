//! Processes in slots of both classes: the first in fast slots, the others in dense
//! ones.

use crate::support::{HOST, Setup, World, bytes, guest, in_time};
use warren_engine::HostLimits;

/// A node with one host of the default limits: its first 2,000 slots are fast.
fn world() -> World {
    let limits = HostLimits::default();
    World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), limits)],
        ..Setup::default()
    })
}

const FAST_SLOTS: usize = 2_000;

/// Splits a received message: twelve bytes of numbers at 1024, the sender at 1036,
/// then the topic and the payload.
const RECEIVE: &str = r#"
    (global $length (mut i32) (i32.const 0))
    (func $receive
      (global.set $length (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1)
        (i32.const 1024) (i32.const 1000))))
    (func $sender-length (result i32) (i32.load (i32.const 1028)))
    (func $payload (result i32)
      (i32.add (i32.const 1036) (i32.add (call $sender-length) (i32.load (i32.const 1032)))))
    (func $payload-length (result i32)
      (i32.sub (i32.add (i32.const 1024) (global.get $length)) (call $payload)))"#;

/// A guest that sends the payload of each message back to its sender.
fn echo() -> String {
    guest(
        &format!(r#"{RECEIVE} (data (i32.const 0) "answer")"#),
        "(loop $again
           (call $receive)
           (if (call $process.send (i32.const 1036) (call $sender-length) (i32.const 0) (i32.const 6)
                 (call $payload) (call $payload-length)) (then unreachable))
           (br $again))",
    )
}

/// A guest that sends its argument to the process with the name `echo`, and returns
/// the payload of the answer.
fn asker() -> String {
    guest(
        &format!(r#"{RECEIVE} (data (i32.const 0) "echoquestion")"#),
        "(local $length i32)
         (local.set $length (call $program.arguments (i32.const 64) (i32.const 100)))
         (if (call $process.send (i32.const 0) (i32.const 4) (i32.const 4) (i32.const 8)
               (i32.const 64) (local.get $length)) (then unreachable))
         (call $receive)
         (call $finish-bytes (call $payload) (call $payload-length))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_of_both_classes_talk() {
    let world = world();
    world.define("t:echo", &echo());
    world.define("t:asker", &asker());
    let question = b"\x91\xa5hello";
    let mut fast = world.start("t:echo").await;
    world
        .node
        .kernel()
        .register("echo", fast.process())
        .unwrap();
    assert_eq!(bytes(&world.run_with("t:asker", question).await), question);
    let compiled = world.node.compiled();
    assert_eq!(compiled, 2, "both for fast slots alone");

    let mut others = Vec::new();
    for _ in 1..FAST_SLOTS {
        others.push(world.start("t:echo").await);
    }
    // From a dense slot to a fast one.
    assert_eq!(bytes(&world.run_with("t:asker", question).await), question);
    assert!(world.node.compiled() > compiled, "for dense slots too");

    // From a fast slot to a dense one.
    let dense = world.start("t:echo").await;
    world.terminate(&fast);
    in_time(fast.wait()).await;
    world
        .node
        .kernel()
        .register("echo", dense.process())
        .unwrap();
    assert_eq!(bytes(&world.run_with("t:asker", question).await), question);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_for_dense_slots_is_ready_before_they_are_needed() {
    let world = world();
    world.define("t:echo", &echo());
    let mut all = Vec::new();
    for _ in 0..FAST_SLOTS {
        all.push(world.start("t:echo").await);
    }
    in_time(async {
        while world.node.compiled() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_in_a_dense_slot_gets_code_for_it() {
    let world = world();
    world.define("t:echo", &echo());
    world.define(
        "t:old",
        &guest(
            r#"(data (i32.const 0) "t:new\90")"#,
            "(drop (call $process.upgrade (i32.const 0) (i32.const 5) (i32.const 5) (i32.const 1)))",
        ),
    );
    world.define(
        "t:new",
        &guest(
            r#"(data (i32.const 0) "new")"#,
            "(call $finish-bytes (i32.const 0) (i32.const 3))",
        ),
    );
    let mut all = Vec::new();
    for _ in 0..FAST_SLOTS {
        all.push(world.start("t:echo").await);
    }
    assert_eq!(world.result("t:old").await, b"new");
    world.close().await;
}
