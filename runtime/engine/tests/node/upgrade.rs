//! New code for a running process.

use crate::support::{World, bytes, guest, in_time};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upgrade_keeps_messages_and_gains_no_grants() {
    use warren_engine::Grants;
    let granted = Grants {
        env: vec![("SECRET".into(), "x".into())],
        ..Grants::default()
    };
    let environ = r#"(import "wasi_snapshot_preview1" "environ_sizes_get" (func $environ (param i32 i32) (result i32)))"#;
    let module = |items: &str, start: &str| {
        guest(items, start).replacen("(module ", &format!("(module {environ} "), 1)
    };
    let world = World::new(&[]);
    // The first definition has no grants. The second has grants, but runs after an
    // upgrade. The third time it is started anew.
    world.define(
        "t:first",
        &guest(r#"(data (i32.const 0) "t:second") (data (i32.const 32) "\90")"#, "(drop (call $process.upgrade (i32.const 0) (i32.const 8) (i32.const 32) (i32.const 1)))"),
    );
    world.define_with(
        "t:second",
        &module(
            r#"(data (i32.const 32) "\91\01")"#,
            "(drop (call $environ (i32.const 64) (i32.const 68)))
             (if (i32.load (i32.const 64)) (then unreachable))
             ;; Without arguments it was upgraded to from `t:first`.
             (if (i32.eq (call $program.arguments (i32.const 128) (i32.const 64)) (i32.const 1))
               (then (drop (call $process.upgrade (i32.const 0) (i32.const -1) (i32.const 32) (i32.const 2)))))
             (call $finish-bytes (i32.const 1024)
               (call $mailbox.receive-one (call $mailbox.inbox) (i64.const -1) (i32.const 1024) (i32.const 1000)))",
        ),
        granted.clone(),
    );
    let mut running = world.start("t:first").await;
    world.send(&running, "kept", b"\x90");
    let record = bytes(&in_time(running.wait()).await);
    assert!(record.ends_with(b"kept\x90"), "{record:?}");
    // Started directly, it has its grants.
    world.define_with(
        "t:granted",
        &module(
            "",
            "(drop (call $environ (i32.const 64) (i32.const 68)))
             (if (i32.ne (i32.load (i32.const 64)) (i32.const 1)) (then unreachable))",
        ),
        granted,
    );
    assert_eq!(world.result("t:granted").await, b"");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failed_upgrade_changes_nothing() {
    let world = World::new(&[(
        "t:first",
        guest(
            r#"(data (i32.const 0) "t:broken") (data (i32.const 32) "\90")"#,
            "(local $n i32)
             (local.set $n (call $process.upgrade (i32.const 0) (i32.const 8) (i32.const 32) (i32.const 1)))
             (drop (call $held.take (i32.const 1024) (i32.const 4096)))
             (call $finish-bytes (i32.const 1024) (i32.sub (i32.const 0) (local.get $n)))",
        ),
    )]);
    let text = String::from_utf8_lossy(&world.result("t:first").await).into_owned();
    assert!(text.contains("NotFound"), "{text}");
    world.define("t:broken", "(module");
    let text = String::from_utf8_lossy(&world.result("t:first").await).into_owned();
    assert!(
        text.contains("Invalid") && text.contains("t:broken.wat"),
        "{text}"
    );
    world.close().await;
}
