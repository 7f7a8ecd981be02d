//! Preparing sources, which a guest does itself.

use std::time::Duration;

use super::details;
use crate::support::{HOST, Setup, World, guest, in_time, small_host};
use warren_engine::CompileLimits;
use warren_kernel::{Field, Kind};

/// An interpreter whose preparation takes as long as its source is long.
fn slow_interpreter() -> String {
    guest(r#"(func (export "prepare") (loop (br 0)))"#, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_preparing_is_invalid() {
    let compile = CompileLimits::default().max_prepare(Duration::from_millis(50));
    let world = World::set_up(Setup {
        compile,
        interpreter: Some(slow_interpreter()),
        ..Setup::default()
    });
    world.define_source("t:slow", "");
    let error = world.try_start("t:slow").await.expect_err("never ends");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("max_prepare"), "{error}");
    assert!(details(&error).contains(&("value", Field::Number(50_000_000))));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_compiles_leaves_the_others_a_turn() {
    const OTHER: &str = "test:other";
    // A source that takes longer to prepare than the whole test.
    let compile = CompileLimits::default().max_prepare(Duration::from_secs(600));
    let world = World::set_up(Setup {
        compile,
        interpreter: Some(guest(
            r#"(data (i32.const 0) "ok")
               (func (export "prepare")
                 ;; The name is the first byte after a length of four.
                 (drop (call $program.code (i32.const 64) (i32.const 100)))
                 (if (i32.eq (i32.load8_u (i32.const 70)) (i32.const 115)) (then (loop (br 0))))
                 (call $program.prepared (i32.const 0) (i32.const 2)))"#,
            "",
        )),
        hosts: vec![
            (HOST.to_owned(), small_host()),
            (OTHER.to_owned(), small_host()),
        ],
        ..Setup::default()
    });
    let slow: Vec<_> = (0..20)
        .map(|number| {
            let id = format!("t:slow{number}");
            world.define_source(&id, &number.to_string());
            let node = std::sync::Arc::clone(&world.node);
            tokio::spawn(async move { node.run(&id, HOST, &[]).await.map(drop) })
        })
        .collect();
    world.define_source("t:quick", "");
    let mut quick = in_time(world.node.run("t:quick", OTHER, &[]))
        .await
        .expect("is let in");
    in_time(quick.wait()).await;
    for slow in slow {
        slow.abort();
    }
    in_time(world.idle()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preparation_that_lacked_memory_is_tried_again() {
    // An interpreter that grows beyond the memory limit of the host, and fails.
    let interpreter = guest(
        r#"(func (export "prepare")
             (drop (memory.grow (i32.const 10000)))
             (call $program.fail (i32.const 0) (i32.const 0)))"#,
        "",
    );
    let world = World::set_up(Setup {
        interpreter: Some(interpreter),
        ..Setup::default()
    });
    world.define_source("t:large", "");
    world.try_start("t:large").await.expect_err("it fails");
    let before = world.node.compilations_begun();
    for _ in 0..3 {
        world.try_start("t:large").await.expect_err("it fails");
    }
    assert_eq!(world.node.compilations_begun() - before, 3);
    world.close().await;
}

/// An interpreter that asks for so many pages of memory to prepare a source, and then does
/// this. `$say` tells that it has no memory, `$fail` that it has failed, and `$refuse` that the
/// source is wrong.
fn greedy_interpreter(pages: u32, then: &str) -> String {
    guest(
        &format!(
            r#"(data (i32.const 0) "\c7\1f\01\92\abOutOfMemory\b1not enough memory")
               (data (i32.const 64) "\c7\1c\01\92\a8Internal\b1not enough memory")
               (data (i32.const 128) "\c7\0b\01\92\a7Invalid\a1m")
               (func $say (call $program.fail (i32.const 0) (i32.const 34)))
               (func $fail (call $program.fail (i32.const 64) (i32.const 31)))
               (func $refuse (call $program.fail (i32.const 128) (i32.const 14)))
               (func (export "prepare") (drop (memory.grow (i32.const {pages}))) {then})"#
        ),
        "",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_preparation_without_memory_is_an_error_at_the_limit() {
    const TIGHT: &str = "test:tight";
    for (pages, host, limit, value) in [
        (10_000, HOST, "max_memory", 16 << 20),
        (200, TIGHT, "max_memory_total", 8 << 20),
    ] {
        for then in [
            "(call $say)",
            "(call $say) unreachable",
            "unreachable",
            "(call $fail)",
        ] {
            let world = World::set_up(Setup {
                interpreter: Some(greedy_interpreter(pages, then)),
                hosts: vec![
                    (HOST.to_owned(), small_host()),
                    (TIGHT.to_owned(), small_host().max_memory_total(8 << 20)),
                ],
                ..Setup::default()
            });
            world.define_source("t:large", "");
            let started = in_time(world.node.run("t:large", host, &[])).await;
            let error = started.expect_err("there is no memory");
            assert_eq!(error.kind, Kind::RateLimited, "{then}: {error}");
            // A host may have memory later; a process has no more than it may have.
            assert_eq!(error.retryable, Some(host == TIGHT), "{then}: {error}");
            assert!(error.message.starts_with("t:large.lua: "), "{error}");
            assert!(error.message.contains(limit), "{error}");
            let fields = [
                ("limit", Field::Text(limit.into())),
                ("value", Field::Number(value)),
                ("host", Field::Text(host.into())),
            ];
            assert_eq!(details(&error), fields, "{then}");
            world.close().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refused_growth_is_no_excuse_for_every_failure_of_a_preparation() {
    for (then, kind) in [
        // It got memory after that.
        (
            "(drop (memory.grow (i32.const 1))) (call $fail)",
            Kind::Internal,
        ),
        ("(call $refuse)", Kind::Invalid),
    ] {
        let world = World::set_up(Setup {
            interpreter: Some(greedy_interpreter(10_000, then)),
            ..Setup::default()
        });
        world.define_source("t:wrong", "");
        let error = world.try_start("t:wrong").await.expect_err("it fails");
        assert_eq!(error.kind, kind, "{then}: {error}");
        assert_eq!(error.retryable, Some(false), "{then}: {error}");
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_beyond_a_limit_of_its_interpreter_is_refused_with_the_limit() {
    // The error `["Invalid", "m", nil, {limit: "max_x", value: 7}]`.
    let interpreter = guest(
        r#"(data (i32.const 0)
             "\c7\20\01\94\a7Invalid\a1m\c0\82\a5limit\a5max_x\a5value\07")
           (func (export "prepare") (call $program.fail (i32.const 0) (i32.const 35)))"#,
        "",
    );
    let world = World::set_up(Setup {
        interpreter: Some(interpreter),
        ..Setup::default()
    });
    world.define_source("t:deep", "");
    let error = world.try_start("t:deep").await.expect_err("it is refused");
    assert_eq!((&error.kind, &*error.message), (&Kind::Invalid, "m"));
    let fields = [
        ("limit", Field::Text("max_x".into())),
        ("value", Field::Number(7)),
        ("host", Field::Text(HOST.into())),
    ];
    assert_eq!(details(&error), fields);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_of_a_preparation_that_was_refused_no_memory_is_invalid() {
    let world = World::set_up(Setup {
        interpreter: Some(greedy_interpreter(1, "unreachable")),
        ..Setup::default()
    });
    world.define_source("t:large", "");
    let error = world.try_start("t:large").await.expect_err("it traps");
    assert_eq!((&error.kind, &error.details), (&Kind::Invalid, &None));
    world.close().await;
}
