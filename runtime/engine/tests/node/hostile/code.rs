//! Code that is not a guest, and code that never becomes one.

use warren_kernel::Kind;

use super::check_good;
use crate::support::{Setup, World, guest};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_is_not_a_guest_is_refused_with_name_and_reason() {
    let cases = [
        ("not WebAssembly", "(module".to_owned()),
        ("not WebAssembly", "\0asm".to_owned()),
        ("exports no 32-bit memory", r#"(module (func (export "start")))"#.to_owned()),
        ("memory64 must be enabled", r#"(module (memory (export "memory") i64 1) (func (export "start")))"#.to_owned()),
        ("exports no function called `start`", r#"(module (memory (export "memory") 1))"#.to_owned()),
        ("`start` must be a function without", r#"(module (memory (export "memory") 1) (global (export "start") i32 (i32.const 0)))"#.to_owned()),
        ("`start` must be a function without parameters or results", r#"(module (memory (export "memory") 1) (func (export "start") (param i32)))"#.to_owned()),
        ("`_initialize` must be a function without", r#"(module (memory (export "memory") 1) (func (export "start")) (func (export "_initialize") (result i32) (i32.const 0)))"#.to_owned()),
        ("`env` `puts`", r#"(module (import "env" "puts" (func)) (memory (export "memory") 1) (func (export "start")))"#.to_owned()),
        ("`warren:core/process@0.1.0` `fly`", r#"(module (import "warren:core/process@0.1.0" "fly" (func)) (memory (export "memory") 1) (func (export "start")))"#.to_owned()),
        ("cannot link its imports", r#"(module (import "warren:core/clock@0.1.0" "now" (func (result i32))) (memory (export "memory") 1) (func (export "start")))"#.to_owned()),
        ("not valid WebAssembly", r#"(module (memory (export "memory") 1) (func (export "start") (i32.add)))"#.to_owned()),
        ("exceeds the limit of 10000", r#"(module (memory (export "memory") 1) (table 20000000 funcref) (func (export "start")))"#.to_owned()),
        ("multiple memories", r#"(module (memory (export "memory") 1) (memory 1) (func (export "start")))"#.to_owned()),
        ("cannot take a snapshot of its initialized memory", r#"(module (memory (export "memory") 1) (func (export "wizer-initialize") unreachable) (func (export "start")))"#.to_owned()),
    ];
    let world = World::new(&[]);
    for (number, (reason, code)) in cases.iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, code);
        let error = world.try_start(&id).await.expect_err(code);
        assert_eq!(error.kind, Kind::Invalid, "{code}: {error}");
        assert!(error.message.contains(reason), "{code}: {error}");
        assert!(error.message.starts_with(&format!("{id}.wat")), "{error}");
    }
    world.assert_empty();
    check_good(&world).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thousands_of_unknown_imports_are_not_all_named() {
    let imports: String = (0..5_000)
        .map(|number| format!("(import \"env\" \"f{number}\" (func))"))
        .collect();
    let world = World::new(&[]);
    world.define(
        "t:many",
        &format!(r#"(module {imports} (memory (export "memory") 1) (func (export "start")))"#),
    );
    let error = world
        .try_start("t:many")
        .await
        .expect_err("nothing provides them");
    assert!(error.message.contains("`env` `f0`"), "{error}");
    assert!(error.message.contains("and more"), "{error}");
    assert!(error.message.len() < 1_000, "{}", error.message.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interpreter_without_prepare_is_refused() {
    let world = World::set_up(Setup {
        interpreter: Some(guest("", "")),
        ..Setup::default()
    });
    world.define_source("t:main", "print(1)");
    let error = world
        .try_start("t:main")
        .await
        .expect_err("it cannot be prepared");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("`prepare`"), "{error}");
    assert!(error.message.contains("t:main.lua"), "{error}");
    world.assert_empty();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_never_ends_does_not_hang_the_node() {
    let world = World::new(&[(
        "t:loop",
        guest(r#"(func (export "wizer-initialize") (loop (br 0)))"#, ""),
    )]);
    let starting = world.try_start("t:loop");
    // Other guests run meanwhile.
    let (started, ()) = tokio::join!(starting, check_good(&world));
    let error = started.expect_err("it never ends");
    assert_eq!(error.kind, Kind::Invalid);
    let details = format!("{:?}", error.details);
    assert!(details.contains("max_initialize"), "{details}");
    assert!(details.contains("10000000000"), "{details}");
    world.close().await;
}
