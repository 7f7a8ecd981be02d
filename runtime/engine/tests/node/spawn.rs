//! The ties of a process to its spawner, and the values it inherits.

use crate::support::child::{CHILD, FINISH_WITH_EVENT, event, names, spawn};
use crate::support::{HOST, Setup, World, encoded, escaped, field, guest, in_time, parked};
use rmpv::Value;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn name_and_place_are_free_when_exit_is_readable() {
    let child = guest(
        r#"(data (i32.const 0) "n")"#,
        "(if (call $registry.register (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1)) (then unreachable))",
    );
    // A guest in a host of two processes. It spawns a child that takes a name,
    // waits for the child's EXIT, takes the name itself, and repeats.
    let parent = guest(
        &format!(r#"{} (data (i32.const 64) "n")"#, names()),
        &format!(
            "(local $pid i32) (local $n i32) (local $events i32)
             (local.set $events (call $mailbox.events))
             (loop $again
               {}
               (drop (call $mailbox.receive-one (local.get $events) (i64.const -1) (i32.const 4096) (i32.const 8192)))
               (if (call $registry.register (i32.const 64) (i32.const 1) (i32.const 0) (i32.const -1)) (then unreachable))
               (if (i32.ne (call $registry.unregister (i32.const 64) (i32.const 1)) (i32.const 1)) (then unreachable))
               (br_if $again (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 2000))))",
            spawn(1)
        ),
    );
    let host = crate::support::small_host().max_processes(2);
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host)],
        ..Setup::default()
    });
    world.define("t:child", &child);
    world.define("t:parent", &parent);
    assert_eq!(world.result("t:parent").await, b"");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exec_yields_the_outcome_and_ends_with_its_caller() {
    let exec = format!(
        "(call $process.exec {CHILD} (i32.const 32) (i32.const 1) (i32.const 0) (i32.const 0))"
    );
    let waits = guest(
        &names(),
        &format!(
            "(call $finish-bytes (i32.const 4096)
               (call $mailbox.receive-one {exec} (i64.const -1) (i32.const 4096) (i32.const 8192)))"
        ),
    );
    let leaves = guest(
        &names(),
        &format!(
            "(drop {exec})
             (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 4096) (i32.const 100)))"
        ),
    );
    let world = World::new(&[("t:waits", waits.clone())]);
    let seven = guest(
        r#"(data (i32.const 0) "\07")"#,
        "(call $program.finish (i32.const 0) (i32.const 1))",
    );
    world.define("t:child", &seven);
    let outcome = event(&world.result("t:waits").await);
    assert_eq!(field(&outcome, "value").as_i64(), Some(7));
    world.close().await;

    let world = World::new(&[("t:waits", waits), ("t:child", guest("", "unreachable"))]);
    let outcome = event(&world.result("t:waits").await);
    assert!(
        field(&outcome, "error")
            .as_str()
            .unwrap()
            .contains("unreachable")
    );
    world.close().await;

    let mut world = World::new(&[("t:leaves", leaves), ("t:child", parked())]);
    let mut caller = world.start("t:leaves").await;
    world.expect_line("ready").await;
    assert_eq!(world.node.kernel().live(), 2);
    world.send(&caller, "end", b"\x90");
    in_time(caller.wait()).await;
    // This callee ends only with its caller.
    in_time(world.idle()).await;
    world.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_end_of_a_watched_child_is_told_however_early_it_comes() {
    let watches = guest(
        &names(),
        &format!(
            "(local $pid i32)
             {}
             ;; The number of the subscription precedes the PID.
             (if (i32.ne (i32.load8_u (i32.const 2052)) (i32.const 123)) (then unreachable))
             (call $finish-bytes (i32.const 4096)
               (call $mailbox.receive-one (i32.load (i32.const 2048)) (i64.const -1)
                 (i32.const 4096) (i32.const 8192)))",
            spawn(4)
        ),
    );
    let world = World::new(&[
        ("t:watches", watches),
        ("t:child", guest("", "unreachable")),
    ]);
    for _ in 0..100 {
        let outcome = event(&world.result("t:watches").await);
        let error = field(&outcome, "error").as_str().unwrap();
        assert!(error.contains("unreachable"), "{error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_watched_spawn_that_fails_gives_its_subscription_back() {
    // The process takes the name `n`, fails twice to start a child of that name, and has
    // room for the one subscription of a child without a name.
    let named = format!(
        "(if (i32.ge_s (i32.const 0) (call $process.spawn {CHILD} (i32.const 32) (i32.const 1)
           (i32.const 4) (i32.const 256) (i32.const 8) (i32.const 2048) (i32.const 256)))
         (then) (else unreachable))"
    );
    let parent = guest(
        &format!(r#"{} (data (i32.const 256) "\81\a4name\a1n")"#, names()),
        &format!(
            "(local $pid i32)
             (drop (call $registry.register (i32.const 263) (i32.const 1) (i32.const 0) (i32.const -1)))
             {named} {named} {}",
            spawn(4)
        ),
    );
    let host = crate::support::small_host().max_execs(1);
    let world = World::set_up(Setup {
        hosts: vec![(HOST.to_owned(), host)],
        ..Setup::default()
    });
    world.define("t:child", &guest("", ""));
    world.define("t:parent", &parent);
    assert_eq!(world.result("t:parent").await, b"");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_linked_failure_is_an_end_or_an_event() {
    let child = guest("", "unreachable");
    let dies = guest(
        &names(),
        &format!(
            "(local $pid i32) {}
             (drop (call $mailbox.receive (i32.const 0) (i32.const 0) (i64.const -1) (i32.const 0) (i32.const 0)))",
            spawn(2)
        ),
    );
    let traps = guest(
        &names(),
        &format!(
            "(local $pid i32)
             (call $process.set-options (i32.const 1))
             (if (i32.ne (call $process.get-options) (i32.const 1)) (then unreachable))
             {}
             {FINISH_WITH_EVENT}",
            spawn(2)
        ),
    );
    let world = World::new(&[("t:child", child), ("t:dies", dies), ("t:traps", traps)]);
    let error = world.failure("t:dies").await;
    assert!(
        error.message.starts_with("linked process failed: "),
        "{error}"
    );
    let down = event(&world.result("t:traps").await);
    assert_eq!(field(&down, "kind").as_str(), Some("pid.link.down"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn context_actor_and_scope_are_inherited() {
    let options = inherited_options();
    let parent = guest(
        &format!(
            r#"{} (data (i32.const 256) "{}")"#,
            names(),
            escaped(&options)
        ),
        &format!(
            "(drop (call $process.spawn {CHILD} (i32.const 32) (i32.const 1) (i32.const 0)
               (i32.const 256) (i32.const {}) (i32.const 2048) (i32.const 256)))",
            options.len()
        ),
    );
    // A guest that passes everything on to a grandchild by a plain spawn.
    let child = guest(
        &names().replace("t:child", "t:grand"),
        &format!(
            "(local $pid i32) {}
             (drop (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 4096) (i32.const 100)))",
            spawn(0)
        ),
    );
    // A guest that prints its context, actor, scope and frame, which are short
    // MessagePack values.
    let grand = guest(
        r#"(data (i32.const 0) "tenant\n") (func $print (param i32 i32)
             (call $stdio.write (i32.const 0) (local.get 0) (local.get 1))
             (call $stdio.write (i32.const 0) (i32.const 6) (i32.const 1)))"#,
        "(if (i32.ne (call $context.get (i32.const 0) (i32.const 6) (i32.const 100) (i32.const 100)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 100)) (i32.const 7)) (then unreachable))
         (if (call $context.get (i32.const 0) (i32.const 3) (i32.const 100) (i32.const 100)) (then unreachable))
         (call $print (i32.const 1000) (call $process.frame-id (i32.const 1000) (i32.const 100)))
         (call $print (i32.const 1000) (call $security.actor (i32.const 1000) (i32.const 100)))
         (call $print (i32.const 1000) (call $security.scope (i32.const 1000) (i32.const 100)))",
    );
    // A process with an actor needs an authorizer that permits the spawn.
    let (mut world, _) = crate::permissions::judged_world();
    for (id, guest) in [("t:parent", parent), ("t:child", child), ("t:grand", grand)] {
        world.define(id, &guest);
    }
    world.run("t:parent").await;
    world.expect_line("t:parent#1").await;
    let actor = world.line().await;
    assert!(
        actor.contains("ada") && actor.contains("role") && actor.contains("admin"),
        "{actor}"
    );
    let scope = world.line().await;
    assert!(scope.contains("policies"), "{scope}");
    world.close().await;
}

/// Options of a spawn: a context, an actor, a scope, a name and a message.
fn inherited_options() -> Vec<u8> {
    encoded(&Value::Map(vec![
        (
            "context".into(),
            Value::Map(vec![("tenant".into(), 7.into())]),
        ),
        (
            "actor".into(),
            Value::Map(vec![
                ("id".into(), "ada".into()),
                (
                    "meta".into(),
                    Value::Map(vec![("role".into(), "admin".into())]),
                ),
            ]),
        ),
        (
            "scope".into(),
            Value::Map(vec![("policies".into(), Value::Array(vec!["p".into()]))]),
        ),
        ("name".into(), "child".into()),
        (
            "messages".into(),
            Value::Array(vec![Value::Array(vec![
                "hello".into(),
                Value::Array(vec![1.into()]),
            ])]),
        ),
    ]))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn arguments_and_context_are_limited_like_messages() {
    let big = format!(
        "(drop (call $process.spawn {CHILD} (i32.const 1024) (i32.const 1100000) (i32.const 0)
           (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))"
    );
    let finish = "(call $finish-bytes (i32.const 4096) (call $held.take (i32.const 4096) (i32.const 60000)))";
    let memory = r#"(memory (export "memory") 40)"#;
    let world = World::new(&[
        ("t:child", guest("", "")),
        (
            "t:arguments",
            guest(&format!("{memory} {}", names()), &format!("{big} {finish}")),
        ),
    ]);
    let error = world.result("t:arguments").await;
    let text = String::from_utf8_lossy(&error);
    assert!(
        text.contains("Invalid") && text.contains("max_message"),
        "{text}"
    );

    // Options with one context value of 1.1 million bytes: {"context": {"a": bin}}.
    let mut options = b"\x81\xa7context\x81\xa1a\xc6".to_vec();
    options.extend_from_slice(&1_100_000_u32.to_be_bytes());
    let len = options.len() + 1_100_000;
    let call = format!(
        "(drop (call $process.spawn {CHILD} (i32.const 32) (i32.const 1) (i32.const 0)
           (i32.const 1024) (i32.const {len}) (i32.const 0) (i32.const 0)))"
    );
    world.define(
        "t:context",
        &guest(
            &format!(
                r#"{memory} {} (data (i32.const 1024) "{}")"#,
                names(),
                escaped(&options)
            ),
            &format!("{call} {finish}"),
        ),
    );
    let error = world.result("t:context").await;
    let text = String::from_utf8_lossy(&error);
    assert!(
        text.contains("Invalid") && text.contains("max_message"),
        "{text}"
    );
    world.close().await;
}
