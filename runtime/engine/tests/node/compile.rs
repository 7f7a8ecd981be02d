//! Compiling and preparing: refusals, limits, and what is kept afterwards.

use std::time::Duration;

use crate::support::{HOST, Setup, World, guest, in_time, is_alone, resident, small_host};
use warren_engine::{CompileLimits, HostLimits};
use warren_kernel::{Details, Error, Field, Kind};

fn limited(limits: impl FnOnce(&mut CompileLimits)) -> World {
    let mut compile = CompileLimits::default();
    limits(&mut compile);
    World::set_up(Setup {
        compile,
        ..Setup::default()
    })
}

/// Returns the error for which a definition is not started.
async fn refusal(world: &World, id: &str, code: &str) -> Error {
    world.define(id, code);
    let error = world.try_start(id).await.expect_err(id);
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    assert!(error.message.contains(id), "{error}");
    error
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn modules_that_would_compile_for_minutes_are_refused() {
    let world = World::set_up(Setup::default());
    let body = |text: String| format!("(func {text})");
    let nested = |open: &str, close: &str, depth: usize| {
        body(format!("{}{}", open.repeat(depth), close.repeat(depth)))
    };
    let wide = format!("(param {0}) (result {0})", "i64 ".repeat(300));
    let operands = "i64.const 0 ".repeat(300);
    let changing = "(local.set $n (i32.add (local.get $n) (i32.const 1)))";
    let cases = [
        body("(loop (br_if 0 (i32.const 0)))".repeat(10_000)),
        // Nested loops: fewer of them, and in a smaller function.
        nested("loop ", "end ", 2_000),
        // Fewer still, with variables.
        body(format!(
            "(local {}) {}{}",
            "i32 ".repeat(64),
            "loop local.get 0 br_if 0 ".repeat(350),
            "end ".repeat(350)
        )),
        // Each result of a block is a variable of the compiler.
        body("(drop (block (result i64) (i64.const 1)))".repeat(20_000)),
        // Ways that meet, one after the other and around each other.
        body(format!(
            "(local $n i32) {}",
            format!("(if (local.get $n) (then {changing}))").repeat(25_000)
        )),
        nested("i32.const 0 if ", "else end ", 6_000),
        format!(
            "(type $none (func)) (table 1 funcref) {}",
            body("(call_indirect (type $none) (i32.const 0))".repeat(13_000))
        ),
        // A call of two bytes with many operands.
        format!(
            "(func $wide {wide} unreachable) (func {wide} {operands} {})",
            "call $wide ".repeat(1_000)
        ),
    ];
    for (number, function) in cases.iter().enumerate() {
        let error = refusal(&world, &format!("t:{number}"), &guest(function, "")).await;
        assert!(
            error.message.contains("max_function_state"),
            "{number}: {error}"
        );
    }
    let blocks = body("(block)".repeat(200_001));
    let error = refusal(&world, "t:blocks", &guest(&blocks, "")).await;
    assert!(error.message.contains("max_blocks"), "{error}");
    let calls = format!("(func $f {})", "(call $f)".repeat(100_001));
    let error = refusal(&world, "t:calls", &guest(&calls, "")).await;
    assert!(error.message.contains("max_calls"), "{error}");
    let types = format!("(type (func (param {})))", "i32 ".repeat(1_000)).repeat(1_001);
    let error = refusal(&world, "t:types", &guest(&types, "")).await;
    assert!(error.message.contains("max_type_values"), "{error}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_error_quotes_only_the_start_of_a_long_line() {
    let world = World::set_up(Setup::default());
    let long = "x".repeat(90_000);
    let cases = [
        format!("(module {long}"),
        "(".repeat(100_000),
        guest(&format!(r#"(import "{long}" "{long}" (func))"#), ""),
        format!(r#"(component (import "{long}" (func)))"#),
        guest("(func (drop (f32.add (i64.const 0) (i64.const 0))))", ""),
    ];
    for (number, code) in cases.iter().enumerate() {
        let error = refusal(&world, &format!("t:{number}"), code).await;
        assert!(error.message.len() < 5_000, "{number}: {error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_limit_holds_though_the_code_is_in_the_cache() {
    let cache = tempfile::tempdir().unwrap();
    let starts_within = async |max_functions| {
        let mut compile = CompileLimits::default();
        compile.max_functions = max_functions;
        let world = World::set_up(Setup {
            cache: Some(cache.path().to_owned()),
            compile,
            ..Setup::default()
        });
        world.define("t:module", &guest(&"(func)".repeat(100), ""));
        let started = world.try_start("t:module").await;
        world.close().await;
        started.map(drop)
    };
    starts_within(1_000).await.unwrap();
    let error = starts_within(50).await.unwrap_err();
    assert!(error.message.contains("max_functions"), "{error}");
    starts_within(1_000).await.unwrap();
}

fn details(error: &Error) -> Vec<(&'static str, Field)> {
    match &error.details {
        Some(Details::Fields(fields)) => fields.clone(),
        other => panic!("no fields: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_limit_of_a_module_is_named() {
    let world = limited(|limits| {
        limits.max_source = 6_000_000;
        limits.max_functions = 100;
        limits.max_function = 1_000_000;
        limits.max_function_state = 10_000;
        limits.max_state = 30_000;
        limits.max_items = 200;
        limits.max_parts = 5;
    });
    let many = |one: &str, count: usize| one.repeat(count);
    let cases = [
        ("max_source", guest(&many("(; ;)", 1_500_000), "")),
        ("max_functions", guest(&many("(func)", 101), "")),
        (
            "max_function",
            guest("", &many("(drop (i64.const 0x123456789abcdef))", 100_000)),
        ),
        (
            "max_function_state",
            guest(
                &format!(
                    "(func (local {}) {} {})",
                    many("i32 ", 50),
                    many("(block ", 250),
                    many(")", 250)
                ),
                "",
            ),
        ),
        (
            "max_state",
            guest(
                &many(
                    &format!(
                        "(func (local {}) {} {})",
                        many("i32 ", 50),
                        many("(block ", 150),
                        many(")", 150)
                    ),
                    5,
                ),
                "",
            ),
        ),
        (
            "max_items",
            guest(&many("(global i32 (i32.const 0))", 201), ""),
        ),
        ("max_items", guest(&many("(data (i32.const 0))", 201), "")),
        (
            "max_function_state",
            guest(&format!("(func {})", many("(loop)", 100)), ""),
        ),
        (
            "max_tag_parameters",
            guest(&format!("(tag (param {}))", many("i32 ", 9)), ""),
        ),
        (
            "max_parts",
            format!("(component {})", many("(core module)", 5)),
        ),
    ];
    for (number, (limit, code)) in cases.iter().enumerate() {
        let error = refusal(&world, &format!("t:{number}"), code).await;
        assert!(error.message.contains(limit), "{error}");
        let fields = details(&error);
        assert!(
            fields.contains(&("limit", Field::Text((*limit).into()))),
            "{fields:?}"
        );
        assert!(
            fields.iter().any(|(name, _)| *name == "value"),
            "{fields:?}"
        );
    }
    // A module within all limits runs.
    world.define("t:good", &guest("", ""));
    world.run("t:good").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_million_functions_are_refused_before_they_are_compiled() {
    let world = World::new(&[]);
    // Given as bytes: as text it would exceed the limit of a source.
    let mut module = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x03".to_vec();
    let leb = |mut n: usize| {
        let mut bytes = Vec::new();
        while n >= 128 {
            bytes.push((n % 128) as u8 | 128);
            n /= 128;
        }
        bytes.push(n as u8);
        bytes
    };
    const MANY: usize = 1_000_000;
    let count = leb(MANY);
    module.extend(leb(count.len() + MANY));
    module.extend(&count);
    module.extend(std::iter::repeat_n(0, MANY));
    module.push(10);
    module.extend(leb(count.len() + 3 * MANY));
    module.extend(&count);
    module.extend(std::iter::repeat_n([2, 0, 0x0b], MANY).flatten());
    world.define_bytes("t:many", &module);
    let error = world.try_start("t:many").await.expect_err("too many");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(
        error
            .message
            .contains("1000000 functions, more than max_functions"),
        "{error}"
    );
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn unneeded_wasm_proposals_are_refused() {
    let world = World::new(&[]);
    let cases = [
        ("gc", guest("(type (struct (field i32)))", "")),
        (
            "gc",
            guest(
                "(type (array i8)) (func (drop (array.new_default 0 (i32.const 9))))",
                "",
            ),
        ),
        ("", guest("(func (drop (ref.i31 (i32.const 1))))", "")),
        (
            "",
            guest(
                "(type $t (func)) (func (param (ref $t)) (call_ref $t (local.get 0)))",
                "",
            ),
        ),
        ("tail call", guest("(func $f) (func (return_call $f))", "")),
        (
            "multi",
            guest(
                r#"(memory (export "memory") 1) (memory 1) (func (drop (i32.load 1 (i32.const 0))))"#,
                "",
            ),
        ),
        (
            "memory64",
            r#"(module (memory (export "memory") i64 1) (func (export "start")))"#.to_owned(),
        ),
        (
            "relaxed",
            guest(
                "(func (param v128) (drop (i32x4.relaxed_trunc_f32x4_s (local.get 0))))",
                "",
            ),
        ),
        (
            "page size",
            r#"(module (memory (export "memory") 1 (pagesize 1)) (func (export "start")))"#
                .to_owned(),
        ),
        (
            "wide",
            guest(
                "(func (drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 2)))))",
                "",
            )
            .replace(
                "(drop (drop (i64.mul_wide_u (i64.const 1) (i64.const 2))))",
                "(i64.mul_wide_u (i64.const 1) (i64.const 2)) drop drop",
            ),
        ),
        (
            "thread",
            r#"(module (memory (export "memory") 1 1 shared) (func (export "start")))"#.to_owned(),
        ),
        ("stack", guest("(type $f (func)) (type $c (cont $f))", "")),
        (
            "thread",
            guest("(func (drop (i32.atomic.load (i32.const 0))))", ""),
        ),
        // Places that could hold references to exceptions.
        ("a table", guest("(table 9 exnref)", "")),
        (
            "a global",
            guest("(global (mut exnref) (ref.null exn))", ""),
        ),
        (
            "an exception with a reference",
            guest("(tag (param exnref))", ""),
        ),
        (
            "an exception with a reference",
            guest("(tag (param externref))", ""),
        ),
        (
            "",
            "(component (core type (func)) (type (stream u8)))".to_owned(),
        ),
    ];
    for (number, (said, code)) in cases.iter().enumerate() {
        let error = refusal(&world, &format!("t:{number}"), code).await;
        assert!(error.message.contains(said), "{said}: {error}");
    }
    // Exceptions themselves are supported.
    world.define("t:throws", &guest("(tag $t (param i32))", "(block $b (result i32) (try_table (catch $t $b) (throw $t (i32.const 1))) (i32.const 2)) drop"));
    crate::support::bytes(&world.run("t:throws").await);
    world.close().await;
}

/// An interpreter whose preparation takes as long as its source is long.
fn slow_interpreter() -> String {
    guest(r#"(func (export "prepare") (loop (br 0)))"#, "")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn endless_preparing_is_invalid() {
    let mut compile = CompileLimits::default();
    compile.max_prepare = Duration::from_millis(50);
    let world = World::set_up(Setup {
        compile,
        interpreter: Some(slow_interpreter()),
        ..Setup::default()
    });
    world.define_source("t:slow", "");
    let error = world.try_start("t:slow").await.expect_err("never ends");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(error.message.contains("max_prepare"), "{error}");
    assert!(details(&error).contains(&("value", Field::Number(50))));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_host_that_compiles_leaves_the_others_a_turn() {
    const OTHER: &str = "test:other";
    let mut compile = CompileLimits::default();
    // A source that takes longer to prepare than the whole test.
    compile.max_prepare = Duration::from_secs(600);
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
            (OTHER.to_owned(), HostLimits { ..small_host() }),
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
async fn code_of_replaced_definitions_is_evicted() {
    if !is_alone("compile::code_of_replaced_definitions_is_evicted").await {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_kept_of_code_that_is_refused() {
    if !is_alone("compile::nothing_is_kept_of_code_that_is_refused").await {
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
