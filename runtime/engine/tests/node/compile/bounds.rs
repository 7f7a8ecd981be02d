//! Modules that are refused before they are compiled.

use super::{details, limited, refusal};
use crate::support::{Setup, World, guest};
use warren_engine::CompileLimits;
use warren_kernel::{Field, Kind};

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
        let compile = CompileLimits::default().max_functions(max_functions);
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
