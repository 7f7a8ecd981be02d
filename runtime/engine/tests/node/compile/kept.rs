//! Compiled and prepared code, and errors, that are kept for the next process.

use super::limited;
use crate::support::{World, guest, is_alone, resident};
use warren_kernel::{Error, Kind};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_of_replaced_definitions_is_evicted() {
    if !is_alone("compile::kept::code_of_replaced_definitions_is_evicted").await {
        return;
    }
    let world = limited(|limits| limits.max_kept = 8 << 20);
    let filler = "(; 0123456789abcdef ;)".repeat(100_000);
    let run = async |number: usize| {
        let id = format!("t:{number}");
        // A different module of 2 MB each time.
        world.define(
            &id,
            &guest(&format!("(global i32 (i32.const {number})) {filler}"), ""),
        );
        world.run(&id).await;
        world.undefine(&id);
    };
    for number in 0..10 {
        run(number).await;
    }
    let before = resident();
    for number in 10..60 {
        run(number).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 60 << 20, "{} MiB", grown >> 20);
    // An evicted definition is compiled again and runs.
    run(0).await;
    world.close().await;
}

/// Data at both ends of 8 MiB takes 8 MiB of initial memory.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_counts_with_the_memory_that_it_takes() {
    if !is_alone("compile::kept::code_counts_with_the_memory_that_it_takes").await {
        return;
    }
    let world = limited(|limits| limits.max_kept = 64 << 20);
    let run = async |number: usize| {
        let id = format!("t:{number}");
        let ends = format!(
            r#"(memory (export "memory") 128) (data (i32.const 0) "{number}") (data (i32.const 8388600) "x")"#
        );
        world.define(&id, &guest(&ends, ""));
        world.run(&id).await;
    };
    for number in 0..10 {
        run(number).await;
    }
    let before = resident();
    for number in 10..50 {
        run(number).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 128 << 20, "{} MiB", grown >> 20);
    run(0).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_of_code_that_is_refused() {
    if !is_alone("compile::kept::nothing_is_kept_of_code_that_is_refused").await {
        return;
    }
    let world = World::new(&[]);
    let filler = "x".repeat(1 << 20);
    let run = async |number: usize| {
        let id = format!("t:{number}");
        world.define(&id, &format!("(module ;; {number} {filler}"));
        world.try_start(&id).await.expect_err("is no module");
        world.undefine(&id);
    };
    for number in 0..10 {
        run(number).await;
    }
    let before = resident();
    for number in 10..110 {
        run(number).await;
    }
    let grown = resident().saturating_sub(before);
    assert!(grown < 40 << 20, "{} MiB", grown >> 20);
    world.close().await;
}

/// Starts a failing definition, many times at once and one after the other. Returns
/// the number of compilations, and the error, which is the same each time.
async fn compilations_of(world: &World, id: &str) -> (u64, Error) {
    let before = world.node.compilations_begun();
    let at_once = (0..20).map(|_| world.try_start(id));
    let mut errors: Vec<_> = futures::future::join_all(at_once)
        .await
        .into_iter()
        .map(|started| started.expect_err(id))
        .collect();
    for _ in 0..20 {
        errors.push(world.try_start(id).await.expect_err(id));
    }
    let first = errors.swap_remove(0);
    assert!(errors.iter().all(|error| *error == first), "{errors:?}");
    (world.node.compilations_begun() - before, first)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn code_that_fails_is_compiled_once_for_many_spawns() {
    let world = World::new(&[]);
    let (no_result, no_sum) = ("(func (result i32))", "(func (drop (i32.add)))");
    world.define("t:bad", &guest(no_result, ""));
    let (begun, first) = compilations_of(&world, "t:bad").await;
    assert_eq!((begun, &first.kind), (1, &Kind::Invalid), "{first}");
    // The same content in a new definition.
    world.define("t:bad", &guest(no_result, ""));
    assert_eq!(compilations_of(&world, "t:bad").await, (0, first));
    // Other content is compiled.
    world.define("t:bad", &guest(no_sum, ""));
    assert_eq!(compilations_of(&world, "t:bad").await.0, 1);
    world.define("t:bad", &guest("", ""));
    world.run("t:bad").await;

    world.define_source("t:lua", "");
    world.run("t:lua").await;
    world.define_source("t:wrong", "return function(");
    let (begun, error) = compilations_of(&world, "t:wrong").await;
    assert_eq!((begun, error.kind), (1, Kind::Invalid));
    world.define_source("t:wrong", "return 1");
    world.run("t:wrong").await;
    world.close().await;
}
