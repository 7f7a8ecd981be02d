//! Components as guests, together with core modules.

use crate::support::component::component;
use crate::support::{HOST, World, bytes, decoded, error, field, guest, in_time};
use warren_kernel::{Kind, Outcome};

/// A component that waits for a message and sends its payload back under the topic
/// `re`.
fn answerer() -> String {
    component(
        r#"(data (i32.const 0) "re")"#,
        ";; receive-one(inbox, no deadline) -> 64: present, subscription, sender?, topic, payload
         (call $receive-one (call $inbox) (i32.const 0) (i64.const 0) (i32.const 64))
         (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
         (call $send (i32.load (i32.const 76)) (i32.load (i32.const 80)) (i32.const 0) (i32.const 2)
           (i32.load (i32.const 92)) (i32.load (i32.const 96)) (i32.const 128))
         (if (i32.load8_u (i32.const 128)) (then unreachable))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_and_a_core_module_talk() {
    let caller = guest(
        &format!(r#"(data (i32.const 0) "t:answerer{HOST}\90") (data (i32.const 32) "ask\91\07")"#),
        "(local $pid i32)
         (local.set $pid (call $process.spawn (i32.const 0) (i32.const 10) (i32.const 10) (i32.const 9)
           (i32.const 19) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))
         (if (call $process.send (i32.const 256) (local.get $pid) (i32.const 32) (i32.const 3) (i32.const 35) (i32.const 2)) (then unreachable))
         (call $finish-bytes (i32.const 1024)
           (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
    );
    let world = World::new(&[("t:answerer", answerer()), ("t:caller", caller)]);
    for _ in 0..3 {
        let record = world.result("t:caller").await;
        assert!(record.ends_with(b"re\x91\x07"), "{record:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_is_executed() {
    let callee = component(
        "",
        "(call $arguments (i32.const 64))
         (call $finish (i32.const 1) (i32.load (i32.const 64)) (i32.load (i32.const 68)))",
    );
    let caller = guest(
        &format!(r#"(data (i32.const 0) "t:callee{HOST}\92\01\a2hi")"#),
        "(call $finish-bytes (i32.const 1024)
           (call $mailbox.receive-one
             (call $process.exec (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 9) (i32.const 17) (i32.const 5) (i32.const 0) (i32.const 0))
             (i64.const -1) (i32.const 1024) (i32.const 1000)))",
    );
    let world = World::new(&[("t:callee", callee), ("t:caller", caller)]);
    let record = world.result("t:caller").await;
    let payload = &record[12 + "@exec".len()..];
    let outcome = decoded(payload).as_array().unwrap()[0].clone();
    assert_eq!(
        field(&outcome, "value").as_array().unwrap()[1].as_str(),
        Some("hi")
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_is_upgraded_from_core_to_component_and_back() {
    let first = guest(
        r#"(data (i32.const 0) "t:second\90name")"#,
        "(if (call $registry.register (i32.const 9) (i32.const 4) (i32.const 0) (i32.const -1)) (then unreachable))
         (drop (call $process.upgrade (i32.const 0) (i32.const 8) (i32.const 8) (i32.const 1)))",
    );
    let second = component(
        r#"(data (i32.const 0) "t:third\90")"#,
        "(call $upgrade (i32.const 1) (i32.const 0) (i32.const 7) (i32.const 7) (i32.const 1) (i32.const 64))",
    );
    let third = guest(
        "",
        "(call $finish-bytes (i32.const 1024)
           (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
    );
    let world = World::new(&[("t:first", first), ("t:second", second), ("t:third", third)]);
    let mut running = world.start("t:first").await;
    let pid = running.process().text().to_string();
    world.send(&running, "kept", b"\x90");
    let record = bytes(&in_time(running.wait()).await);
    assert!(record.ends_with(b"kept\x90"), "{record:?}");
    assert_eq!(running.process().text().to_string(), pid);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_reach_a_component_as_values() {
    let upgrader = component(
        r#"(data (i32.const 0) "t:none\90")"#,
        "(call $upgrade (i32.const 1) (i32.const 0) (i32.const 6) (i32.const 6) (i32.const 1) (i32.const 64))
         ;; The kind of the error.
         (call $finish-bytes (i32.load (i32.const 64)) (i32.load (i32.const 68)))",
    );
    let world = World::new(&[("t:upgrader", upgrader)]);
    assert_eq!(world.result("t:upgrader").await, b"NotFound");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_call_of_a_component_is_visible_to_introspection() {
    let refused = component(
        r#"(data (i32.const 0) "nobody\90")"#,
        "(call $send (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 6) (i32.const 6) (i32.const 1) (i32.const 128))
         (call $receive-one (call $inbox) (i32.const 0) (i64.const 0) (i32.const 64))",
    );
    let world = World::new(&[("t:refused", refused)]);
    let running = world.start("t:refused").await;
    let error = in_time(async {
        loop {
            let view = running.process().view(1).expect("it lives");
            if let Some(error) = view.last_error {
                return error;
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(error.kind, Kind::NotFound);
    let counted = world.node.reading().refused;
    assert!(counted.contains(&("NotFound", 1)), "{counted:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn components_that_are_not_guests_are_refused_by_name() {
    let cases = [
        (
            r#"(component (import "warren:process/fly@0.1.0" (instance (export "up" (func))))
                 (core module $m (func (export "start"))) (core instance $m (instantiate $m))
                 (func (export "start") (canon lift (core func $m "start"))))"#,
            "warren:process/fly@0.1.0",
        ),
        (
            r#"(component (import "warren:process/mailbox@0.1.0" (instance (export "peek" (func))))
                 (core module $m (func (export "start"))) (core instance $m (instantiate $m))
                 (func (export "start") (canon lift (core func $m "start"))))"#,
            "peek",
        ),
        (
            r#"(component (import "wasi:http/types@0.2.0" (instance (export "fetch" (func))))
                 (core module $m (func (export "start"))) (core instance $m (instantiate $m))
                 (func (export "start") (canon lift (core func $m "start"))))"#,
            "wasi:http/types@0.2.0",
        ),
        ("(component)", "exports no function called `start`"),
    ];
    let world = World::new(&[]);
    for (number, (code, reason)) in cases.iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, code);
        let error = world.try_start(&id).await.expect_err(code);
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains(reason), "{error}");
        assert!(error.message.contains(&id), "{error}");
    }
    world.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_command_of_wasi_runs_and_tells_its_success() {
    let command = |result: u32| {
        format!(
            r#"(component
                 (core module $m (func (export "run") (result i32) (i32.const {result})))
                 (core instance $m (instantiate $m))
                 (func $run (result (result)) (canon lift (core func $m "run")))
                 (instance $exported (export "run" (func $run)))
                 (export "wasi:cli/run@0.2.0" (instance $exported)))"#
        )
    };
    let world = World::new(&[("t:well", command(0)), ("t:badly", command(1))]);
    let end = world.run("t:well").await;
    assert!(matches!(&*end.outcome, Outcome::Returned(None)), "{end:?}");
    let end = world.run("t:badly").await;
    assert_eq!(end.status, Some(1));
    assert_eq!(error(&end).message, "exited with status 1");
    world.close().await;
}

/// A component with `count` core instances in addition to its own, each of a module
/// with these items.
fn of_parts(count: usize, items: &str) -> String {
    let parts = "(core instance (instantiate $part))".repeat(count);
    format!(
        r#"(component
             (core module $part {items})
             {parts}
             (core module $main (func (export "start")))
             (core instance $main (instantiate $main))
             (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn component_instances_memories_and_tables_are_limited() {
    let world = World::new(&[]);
    // (part, the most that is allowed, one more)
    let cases = [
        ("core instances", of_parts(63, ""), of_parts(64, "")),
        (
            "tables",
            of_parts(8, "(table 1 funcref)"),
            of_parts(9, "(table 1 funcref)"),
        ),
        (
            "table elements",
            of_parts(1, "(table 65536 funcref)"),
            of_parts(1, "(table 65537 funcref)"),
        ),
        (
            "memories",
            of_parts(2, "(memory 1)"),
            of_parts(3, "(memory 1)"),
        ),
    ];
    for (what, allowed, refused) in cases {
        world.define(what, &allowed);
        let ended = world.run(what).await;
        assert_eq!(*ended.outcome, Outcome::Returned(None), "{what}");
        let id = format!("too many {what}");
        world.define(&id, &refused);
        let error = world.try_start(&id).await.expect_err(what);
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        // The error names the definition and the limit.
        let limit = what.split(' ').next_back().expect("a word");
        assert!(error.message.contains(&id), "{error}");
        assert!(error.message.contains(limit), "{what}: {error}");
    }
    world.close().await;
}

/// A component that calls one function of the imports of `wasi:cli` in its `start`.
/// The function is lowered as `$call`.
fn wasi(import: &str, ty: &str, start: &str) -> String {
    let (interface, function) = import.split_once('#').expect("an interface and a function");
    format!(
        r#"(component
  (import "{interface}" (instance $wasi (export "{function}" (func {ty}))))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $call (canon lower (func $wasi "{function}") (memory $m) (realloc (core func $realloc))))
  (core module $main
    (import "m" "memory" (memory 1))
    {start})
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m)) (export "call" (func $call))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wasi_imports_of_every_command_link_and_reach_nothing() {
    let world = World::new(&[
        (
            "t:random",
            wasi(
                "wasi:random/random@0.2.3#get-random-u64",
                "(result u64)",
                r#"(import "m" "call" (func $call (result i64)))
                   (func (export "start") (if (i64.eq (call $call) (call $call)) (then unreachable)))"#,
            ),
        ),
        (
            "t:variables",
            wasi(
                "wasi:cli/environment@0.2.3#get-environment",
                "(result (list (tuple string string)))",
                r#"(import "m" "call" (func $call (param i32)))
                   (func (export "start")
                     (call $call (i32.const 64))
                     (if (i32.load (i32.const 68)) (then unreachable)))"#,
            ),
        ),
        (
            "t:exit",
            wasi(
                "wasi:cli/exit@0.2.3#exit",
                r#"(param "status" (result))"#,
                r#"(import "m" "call" (func $call (param i32)))
                   (func (export "start") (call $call (i32.const 1)) unreachable)"#,
            ),
        ),
        (
            "t:status",
            wasi(
                "wasi:cli/exit@0.2.12#exit-with-code",
                r#"(param "status-code" u8)"#,
                r#"(import "m" "call" (func $call (param i32)))
                   (func (export "start") (call $call (i32.const 7)) unreachable)"#,
            ),
        ),
    ]);
    for id in ["t:random", "t:variables"] {
        let ended = world.run(id).await;
        assert_eq!(*ended.outcome, Outcome::Returned(None), "{id}");
    }
    for (id, status) in [("t:exit", "status 1"), ("t:status", "status 7")] {
        let error = world.failure(id).await;
        assert!(error.message.contains(status), "{error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_bytes_come_in_pieces() {
    let bytes = |len: u32| {
        wasi(
            "wasi:random/random@0.2.3#get-random-bytes",
            r#"(param "len" u64) (result (list u8))"#,
            &format!(
                r#"(import "m" "call" (func $call (param i64 i32)))
                   (func (export "start") (call $call (i64.const {len}) (i32.const 64)))"#
            ),
        )
    };
    let world = World::new(&[("t:few", bytes(1_000)), ("t:many", bytes(1 << 20))]);
    assert_eq!(world.result("t:few").await, b"");
    let error = world.failure("t:many").await;
    assert!(error.message.contains("exceeds limit 65536"), "{error}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_component_ends_alone() {
    let world = World::new(&[
        ("t:trap", component("", "unreachable")),
        ("t:deep", component("(func $f (call $f))", "(call $f)")),
        // Passes a pointer outside the memory to the canonical ABI.
        (
            "t:range",
            component(
                "",
                "(call $write (i32.const 0) (i32.const -8) (i32.const 100))",
            ),
        ),
        (
            "t:level",
            component(
                "",
                "(call $log (i32.const 9) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
            ),
        ),
        ("t:busy", component("", "(loop (br 0))")),
        ("t:answerer", answerer()),
    ]);
    for (id, kind, reason) in [
        ("t:trap", Kind::Internal, "unreachable"),
        ("t:deep", Kind::RateLimited, "stack overflow"),
        ("t:range", Kind::Internal, "out of bounds"),
        ("t:level", Kind::Internal, ""),
    ] {
        let error = world.failure(id).await;
        assert_eq!(error.kind, kind, "{id}: {error}");
        assert!(error.message.contains(reason), "{id}: {error}");
    }
    let mut busy = world.start("t:busy").await;
    world.terminate(&busy);
    in_time(busy.wait()).await;
    world.close().await;
}

/// A component that reads its PID. The runtime calls its allocator for that, which
/// has this body.
fn allocates_by(allocator: &str) -> String {
    format!(
        r#"(component
  (import "warren:process/process@0.1.0" (instance $process (export "pid" (func (result string)))))
  (core module $memory
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) {allocator}))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $pid (canon lower (func $process "pid") (memory $m) (realloc (core func $realloc))))
  (core module $main
    (import "m" "pid" (func $pid (param i32)))
    (func (export "start") (call $pid (i32.const 64))))
  (core instance $main (instantiate $main (with "m" (instance (export "pid" (func $pid))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_allocator_that_fails_ends_its_component_with_the_reason() {
    let world = World::new(&[("t:good", allocates_by("(i32.const 1024)"))]);
    let ended = world.run("t:good").await;
    assert_eq!(*ended.outcome, Outcome::Returned(None));
    for (id, allocator, reason) in [
        ("t:trap", "unreachable", "unreachable"),
        (
            "t:null",
            "(i32.const -8)",
            "realloc return: beyond end of memory",
        ),
    ] {
        world.define(id, &allocates_by(allocator));
        let error = world.failure(id).await;
        assert_eq!(error.kind, Kind::Internal, "{id}: {error}");
        assert!(error.message.contains(reason), "{id}: {error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_allocator_that_never_returns_can_be_terminated() {
    let world = World::new(&[
        ("t:loop", allocates_by("(loop (br 0)) unreachable")),
        ("t:good", allocates_by("(i32.const 1024)")),
    ]);
    let mut stuck = world.start("t:loop").await;
    let ended = world.run("t:good").await;
    assert_eq!(*ended.outcome, Outcome::Returned(None), "others run");
    world.terminate(&stuck);
    assert_eq!(error(&in_time(stuck.wait()).await).kind, Kind::Canceled);
    world.close().await;
}
