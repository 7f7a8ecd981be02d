//! Traps, calls and loops during initialization, and held results.

use std::sync::Arc;

use warren_kernel::Kind;

use super::check_good;
use crate::support::{World, bytes, error, guest, in_time};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_faulty_guest_ends_alone() {
    let world = World::new(&[]);
    for (number, (reason, code)) in faulty_guests().iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, code);
        let error = world.failure(&id).await;
        let expected = match *reason {
            "stack overflow" | "memory" | OUT_OF_MEMORY => Kind::RateLimited,
            _ => Kind::Internal,
        };
        assert_eq!(error.kind, expected, "{error}");
        assert!(
            error
                .message
                .to_lowercase()
                .contains(&reason.to_lowercase()),
            "{reason} was expected: {error}"
        );
        check_good(&world).await;
    }
    world.close().await;
}

const OUT_OF_MEMORY: &str = "max_memory = 16 MiB of host test:host";

/// Guests with a fault, each with a part of the error.
fn faulty_guests() -> [(&'static str, String); 14] {
    [
        ("unreachable", guest("", "unreachable")),
        ("stack overflow", guest("(func $f (call $f))", "(call $f)")),
        (
            "integer divide by zero",
            guest("", "(drop (i32.div_u (i32.const 1) (i32.const 0)))"),
        ),
        (
            "out of bounds memory access",
            guest("", "(drop (i32.load (i32.const -4)))"),
        ),
        (
            OUT_OF_MEMORY,
            guest(
                r#"(memory (export "memory") 1)"#,
                "(loop $l (br_if $l (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) unreachable",
            ),
        ),
        ("memory", guest(r#"(memory (export "memory") 1000)"#, "")),
        ("unreachable", guest("(func $s unreachable) (start $s)", "")),
        (
            "while the module was instantiated",
            guest(
                "(func $s (drop (call $process.pid (i32.const 0) (i32.const 9)))) (start $s)",
                "",
            ),
        ),
        (
            "unreachable",
            guest(r#"(func (export "_initialize") unreachable)"#, ""),
        ),
        (
            "more than 65536",
            guest("", "(call $random.bytes (i32.const 0) (i32.const -1))"),
        ),
        (
            "not 0 or 1",
            guest(
                "",
                "(call $stdio.write (i32.const 2) (i32.const 0) (i32.const 1))",
            ),
        ),
        (
            "not 0 to 3",
            guest(
                "",
                "(call $logger.log (i32.const 4) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const -1))",
            ),
        ),
        (
            "exited with status 3",
            guest(
                "(func $f (param i32) (if (local.get 0) (then (call $f (i32.sub (local.get 0) (i32.const 1)))) (else (call $program.exit (i32.const 3)))))",
                "(call $f (i32.const 1000))",
            ),
        ),
        ("thrown Wasm exception", guest("(tag $t) ", "(throw $t)")),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn loops_before_start_can_be_terminated() {
    let world = World::new(&[
        ("t:start", guest("(func $s (loop (br 0))) (start $s)", "")),
        (
            "t:init",
            guest(r#"(func (export "_initialize") (loop (br 0)))"#, ""),
        ),
    ]);
    for id in ["t:start", "t:init"] {
        let mut running = world.start(id).await;
        // Neither loop keeps other guests from running.
        check_good(&world).await;
        world.terminate(&running);
        assert_eq!(error(&in_time(running.wait()).await).kind, Kind::Canceled);
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn imports_work_while_a_guest_is_initialized() {
    let world = World::new(&[(
        "t:init",
        guest(
            r#"(func (export "_initialize")
                 (drop (call $process.pid (i32.const 0) (i32.const 100)))
                 (drop (call $mailbox.inbox))
                 (drop (call $mailbox.receive-one (i32.const 1) (i64.const 0) (i32.const 0) (i32.const 0))))"#,
            "(call $finish-bytes (i32.const 0) (i32.const 1))",
        ),
    )]);
    assert_eq!(world.result("t:init").await, b"{");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_held_result_is_taken_once() {
    let world = World::new(&[(
        "t:held",
        guest(
            "",
            "(if (i32.ne (call $held.take (i32.const 0) (i32.const 9)) (i32.const 0)) (then unreachable))
             ;; The PID does not fit: held, and told how long it is.
             (i32.store (i32.const 0) (call $process.pid (i32.const 0) (i32.const 3)))
             ;; Too little room again: it is kept.
             (if (i32.ne (call $held.take (i32.const 8) (i32.const 3)) (i32.load (i32.const 0))) (then unreachable))
             (if (i32.ne (call $held.take (i32.const 8) (i32.const 99)) (i32.load (i32.const 0))) (then unreachable))
             (if (i32.ne (call $held.take (i32.const 8) (i32.const 99)) (i32.const 0)) (then unreachable))
             (call $finish-bytes (i32.const 8) (i32.load (i32.const 0)))",
        ),
    )]);
    let running = world.start("t:held").await;
    let pid = running.process().text().to_string();
    let mut running = running;
    let result = bytes(&in_time(running.wait()).await);
    assert_eq!(String::from_utf8(result).unwrap(), pid);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trap_has_its_calls() {
    let world = World::new(&[]);
    let nested = "(func $inner (unreachable)) (func $outer (call $inner))";
    let mutual = "(func $a (call $b)) (func $b (call $a))";
    for (id, functions, call, stack) in [
        ("t:nested", nested, "$outer", "\tinner\n\touter\n\t"),
        (
            "t:deep",
            "(func $f (call $f))",
            "$f",
            "\tf\n\t... 63 more\n\t...",
        ),
        (
            "t:mutual",
            mutual,
            "$a",
            " calls above 31 more times\n\t...",
        ),
    ] {
        world.define(id, &guest(functions, &format!("(call {call})")));
        let error = world.failure(id).await;
        let shown = error.stack.expect("a trap has calls");
        assert!(shown.starts_with("stack traceback:\n\t"), "{shown}");
        assert!(shown.contains(stack), "{stack:?}: {shown:?}");
        assert!(!shown.contains("WASMTIME"), "{shown}");
    }
    let message = world.failure("t:nested").await.message;
    assert!(message.starts_with("the guest aborted"), "{message}");
    world.close().await;
}

/// A module without names.
const MODULE: &str = r#"(module
    (memory (export "memory") 1)
    (func unreachable)
    (func (export "price") (call 0))
    (func (export "start") (call 1)))"#;

/// A component of two modules without names. In each of them, function 1 is an exported one
/// that is on the stack.
const COMPONENT: &str = r#"(component
    (core module $inner
      (func (export "other"))
      (func (export "first") unreachable))
    (core instance $inner (instantiate $inner))
    (core module $outer
      (import "inner" "first" (func))
      (func (export "second") (call 0)))
    (core instance $outer (instantiate $outer (with "inner" (instance $inner))))
    (func (export "start") (canon lift (core func $outer "second"))))"#;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_call_without_a_name_has_that_of_its_export() {
    let world = World::new(&[]);
    let binary = |text: &str| wat::parse_str(text).unwrap();
    let in_module = "\n\tfunction 0\n\tprice\n\tstart";
    let in_component = "\n\tfirst\n\tsecond";
    for (id, code, stack) in [
        ("t:text", MODULE.into(), in_module),
        ("t:binary", binary(MODULE), in_module),
        ("t:component-text", COMPONENT.into(), in_component),
        ("t:component", binary(COMPONENT), in_component),
    ] {
        world.define_bytes(id, &code);
        let shown = world.failure(id).await.stack.expect("a trap has calls");
        assert!(shown.ends_with(stack), "{id}: {shown:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_calls_of_a_trap_follow_the_stack_that_the_guest_gave() {
    // The error `["Internal", "m", nil, nil, "at x"]`.
    let failing = guest(
        r#"(data (i32.const 0) "\c7\13\01\95\a8Internal\a1m\c0\c0\a4at x")
           (func $abort (call $program.fail (i32.const 0) (i32.const 22)) (unreachable))"#,
        "(call $abort)",
    );
    let world = World::new(&[("t:failing", failing)]);
    let error = world.failure("t:failing").await;
    assert_eq!(error.message, "m");
    let stack = error.stack.expect("a trap has calls");
    assert!(
        stack.starts_with("at x\nstack traceback:\n\tabort\n\t"),
        "{stack:?}"
    );
    world.close().await;
}

/// Traps with a module whose parts take long to look at, all of which hold nothing. Other
/// systems have no clocks of threads.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_trapped_is_charged_for_reading_debug_information() {
    let world = World::new(&[]);
    let mut module = wat::parse_str(guest("", "unreachable")).unwrap();
    module.extend([0, 1, 0].repeat(1_500_000));
    world.define_bytes("t:large", &module);
    let mut running = world.start("t:large").await;
    let process = Arc::clone(running.process());
    let error = error(&in_time(running.wait()).await);
    assert!(error.stack.is_some(), "{error}");
    // A section that is looked at in 3 ns would still make this much.
    let charged = process.usage().processor();
    assert!(charged >= 5_000_000, "{charged} ns");
    world.close().await;
}

/// Adds a custom section to a module.
fn with_section(module: &mut Vec<u8>, name: &str, content: &[u8]) {
    let length = |bytes: usize| [(bytes & 0x7f) as u8 | 0x80, (bytes >> 7) as u8];
    module.push(0);
    module.extend(length(1 + name.len() + content.len()));
    module.push(name.len() as u8);
    module.extend_from_slice(name.as_bytes());
    module.extend_from_slice(content);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn debug_information_that_is_none_leaves_the_names() {
    let world = World::new(&[]);
    for (number, byte) in [0x00, 0x01, 0x04, 0x7f, 0xff].into_iter().enumerate() {
        let text = guest("(func $inner (unreachable))", "(call $inner)");
        let mut module = wat::parse_str(text).unwrap();
        for section in ["abbrev", "info", "line", "str", "ranges"] {
            with_section(&mut module, &format!(".debug_{section}"), &[byte; 8_000]);
        }
        let id = format!("t:{number}");
        world.define_bytes(&id, &module);
        // The second time, what the module has is known.
        for _ in 0..2 {
            let stack = world.failure(&id).await.stack.unwrap();
            assert!(stack.contains("\n\tinner\n"), "{stack:?}");
        }
        check_good(&world).await;
    }
    world.close().await;
}
