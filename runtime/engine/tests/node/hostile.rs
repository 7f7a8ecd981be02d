//! Guests that misuse everything they can reach. Each ends with a clear error, and
//! the node goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::support::imports::{self, pair};
use crate::support::{
    HOST, Setup, World, echo, encoded, error, escaped, guest, in_time, resident, small_host,
};
use rmpv::Value;
use warren_engine::{HostLimits, Sink, Stream};
use warren_kernel::{HostConfig, Kind};

/// Checks that a good guest still works.
async fn check_good(world: &World) {
    world.define("good", &echo());
    let mut good = world.start("good").await;
    world.send(&good, "topic", b"\xc3");
    let record = crate::support::bytes(&in_time(good.wait()).await);
    assert!(record.ends_with(b"topic\xc3"), "{record:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ranges_outside_the_memory_are_refused_by_name() {
    let world = World::new(&[]);
    let beyond = [
        pair(65_530, 100),
        pair(u32::MAX, 1),
        pair(0, u32::MAX - 1),
        pair(65_537, 0),
    ];
    let mut tried = 0;
    for import in imports::ALL {
        for (position, parameter) in import.parameters.chars().enumerate() {
            if !"sbow".contains(parameter) {
                continue;
            }
            for range in &beyond {
                let mut parameters = import.harmless();
                parameters[position] = range.clone();
                let id = format!("t:{tried}");
                world.define(&id, &guest("", &import.call(&parameters)));
                let error = world.failure(&id).await;
                assert_eq!(error.kind, Kind::Internal);
                let what = import.identifier();
                let said = ["outside the guest's memory", "more than"];
                assert!(
                    said.iter().any(|said| error.message.contains(said)),
                    "{what} {range}: {error}"
                );
                tried += 1;
            }
        }
    }
    assert!(tried > 100, "{tried}");
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_are_not_written_outside_the_memory() {
    let world = World::new(&[]);
    let calls = [
        "(drop (call $process.pid (i32.const 65530) (i32.const 100)))",
        "(drop (call $process.pid (i32.const -1) (i32.const -1)))",
        "(drop (call $program.arguments (i32.const 65536) (i32.const 1)))",
        "(drop (call $context.all (i32.const -2) (i32.const 8)))",
        "(call $random.bytes (i32.const 65530) (i32.const 8))",
        // The result is held, and then fetched to an address outside.
        "(drop (call $process.pid (i32.const 0) (i32.const 0)))
         (drop (call $held.take (i32.const 65530) (i32.const 100)))",
    ];
    for (number, call) in calls.iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, &guest("", call));
        let error = world.failure(&id).await;
        assert!(
            error.message.contains("outside the guest's memory"),
            "{call}: {error}"
        );
    }
    check_good(&world).await;
    world.close().await;
}

/// The body of a `start` that makes one call. Its result is the held error, or
/// empty if the call succeeded.
fn refusal_of(call: &str) -> String {
    format!(
        "{call} (call $finish-bytes (i32.const 4096) (call $held.take (i32.const 4096) (i32.const 8192)))"
    )
}

/// Kind and message of an encoded error.
fn refusal(bytes: &[u8]) -> (String, String) {
    let Value::Ext(1, payload) = crate::support::decoded(bytes) else {
        panic!("no error: {bytes:?}");
    };
    let parts = crate::support::decoded(&payload);
    let part = |place: usize| parts[place].as_str().unwrap_or_default().to_owned();
    (part(0), part(1))
}

/// Returns true if this import returns a status, which can be a refusal.
fn has_status(import: &imports::Import) -> bool {
    import.result == "i" && !matches!(import.name, "can" | "inbox" | "events" | "get-options")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn text_that_is_not_utf_8_is_invalid_by_name() {
    let world = World::new(&[]);
    let mut tried = 0;
    for import in imports::ALL {
        for (position, parameter) in import.parameters.chars().enumerate() {
            if parameter != 's'
                && !(parameter == 'o' && matches!(import.name, "upgrade" | "register"))
            {
                continue;
            }
            let mut parameters = import.harmless();
            parameters[position] = pair(32, 2);
            let id = format!("t:{tried}");
            let items = r#"(data (i32.const 32) "\ff\fe") (data (i32.const 16) "x")"#;
            world.define(&id, &guest(items, &refusal_of(&import.call(&parameters))));
            let result = world.result(&id).await;
            let what = import.identifier();
            if has_status(import) {
                let (kind, message) = refusal(&result);
                assert_eq!(kind, "Invalid", "{what}: {message}");
                assert!(message.contains("not UTF-8"), "{what}: {message}");
            } else {
                assert_eq!(result, b"", "{what}");
            }
            tried += 1;
        }
    }
    assert!(tried > 20, "{tried}");
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn operands_that_are_too_long_are_invalid_before_they_are_read() {
    // Longer than every limit, and neither text nor a record nor values: an import
    // that read a byte would report that instead.
    const LONG: u32 = 12 << 20;
    let items = r#"(memory (export "memory") 220) (data (i32.const 16) "x") (data (i32.const 1048576) "\ff\ff")"#;
    let world = World::new(&[]);
    let mut tried = 0;
    for import in imports::ALL {
        for (position, parameter) in import.parameters.chars().enumerate() {
            if !"sbo".contains(parameter) || matches!(import.name, "bytes" | "write") {
                continue;
            }
            let mut parameters = import.harmless();
            parameters[position] = pair(1 << 20, LONG);
            let id = format!("t:{tried}");
            world.define(&id, &guest(items, &refusal_of(&import.call(&parameters))));
            let what = import.identifier();
            let ended = world.run(&id).await;
            tried += 1;
            // Imports without a status report the length in the error of the
            // process.
            if matches!(import.name, "finish" | "fail") {
                continue;
            }
            let result = crate::support::bytes(&ended);
            if has_status(import) {
                let (kind, message) = refusal(&result);
                // The payload is checked last.
                if (import.name, position) == ("send", 2) {
                    assert_eq!(kind, "NotFound", "{what}: {message}");
                    continue;
                }
                assert_eq!(kind, "Invalid", "{what}: {message}");
                assert!(
                    message.contains(&LONG.to_string()),
                    "{what} {position}: {message}"
                );
            }
        }
    }
    assert!(tried > 30, "{tried}");
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_result_or_error_that_is_too_long_is_invalid() {
    let items = r#"(memory (export "memory") 220)"#;
    let world = World::new(&[]);
    for (id, call) in [("t:finish", "$program.finish"), ("t:fail", "$program.fail")] {
        // Called many times: only the last call is kept, as an error.
        let call = format!("(call {call} (i32.const 1048576) (i32.const {}))", 12 << 20);
        world.define(
            id,
            &guest(
                items,
                &format!("(local $n i32) (loop $l {call} (br_if $l (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 1000))))"),
            ),
        );
        let error = world.failure(id).await;
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        let said = ["result too large", "more than max_message"];
        assert!(
            said.iter().any(|said| error.message.contains(said)),
            "{error}"
        );
    }
    world.close().await;
}

/// Bytes that are neither a record nor a value.
fn garbage() -> Vec<(&'static str, Vec<u8>)> {
    vec![
        ("no MessagePack", b"\xc1".to_vec()),
        ("nothing", b"".to_vec()),
        ("cut off", b"\x81\xa4name".to_vec()),
        ("an array of 2^32 - 1", b"\xdd\xff\xff\xff\xff".to_vec()),
        ("a map of 2^32 - 1", b"\xdf\xff\xff\xff\xff".to_vec()),
        ("a string of 2^32 - 1", b"\xdb\xff\xff\xff\xffx".to_vec()),
        ("an ext of 2^32 - 1", b"\xc9\xff\xff\xff\xff\x01x".to_vec()),
        ("deep", vec![0x91; 20_000]),
        ("bytes after the end", b"\x80\x80".to_vec()),
        ("a key that is nil", b"\x81\xc0\x01".to_vec()),
        ("an ext of no meaning", b"\xd4\x05\x00".to_vec()),
        ("an error of no parts", b"\xd4\x01\x90".to_vec()),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn records_that_do_not_decode_are_invalid_by_name() {
    let world = World::new(&[]);
    let mut records = garbage();
    records.retain(|(_, record)| !record.is_empty());
    records.push(("a number", b"\x07".to_vec()));
    let unknown = Value::Map(vec![("nom".into(), "x".into())]);
    records.push(("an unknown key", encoded(&unknown)));
    // Malformed bytes in each part of the options.
    let within = |key: &str, part: &[u8]| {
        let mut record = vec![0x81];
        record.extend(encoded(&key.into()));
        record.extend(part);
        record
    };
    for (what, part) in [
        ("context", &b"\x81\xa1k\xd4\x05\x00"[..]),
        ("context", b"\x81\xc4\x01\xff\x01"),
        ("actor", b"\x82\xa2id\xa1a\xa4meta\x81\xc0\x01"),
        ("actor", b"\x81\xa2id\xc4\x01\xff"),
        ("scope", b"\x81\xa8policies\x91\xc4\x01\xff"),
        ("name", b"\xc4\x01\xff"),
        ("messages", b"\x91\x92\xa1t\x91\xd4\x05\x00"),
        ("messages", b"\x91\x92\xc4\x01\xff\x90"),
    ] {
        records.push((what, within(what, part)));
    }
    for (number, (what, record)) in records.iter().enumerate() {
        let data = format!(
            r#"(data (i32.const 16) "x") (data (i32.const 1024) "{}")"#,
            escaped(record)
        );
        let range = pair(1024, u32::try_from(record.len()).unwrap());
        let call = |name: &str, rest: &str| {
            format!(
                "(drop (call $process.{name} (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 16) (i32.const 0) {rest}))"
            )
        };
        let calls = [
            call(
                "spawn",
                &format!("(i32.const 0) {range} (i32.const 0) (i32.const 0)"),
            ),
            call("exec", &range),
        ];
        for call in calls {
            let id = format!("{what} {number} {}", call.len());
            world.define(&id, &guest(&data, &refusal_of(&call)));
            let (kind, message) = refusal(&world.result(&id).await);
            assert_eq!(kind, "Invalid", "{what}: {message}");
            assert!(
                message.contains("the parameter `options`"),
                "{what}: {message}"
            );
        }
        let id = format!("fail {what} {number}");
        world.define(&id, &guest(&data, &format!("(call $program.fail {range})")));
        let error = world.failure(&id).await;
        assert_eq!(error.kind, Kind::Invalid, "{what}: {error}");
        assert!(
            error.message.contains("the parameter `error`"),
            "{what}: {error}"
        );
    }
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_malformed_result_is_one_exit_of_kind_invalid() {
    let world = World::new(&[]);
    for (number, (what, result)) in garbage().into_iter().enumerate() {
        let data = format!(r#"(data (i32.const 1024) "{}")"#, escaped(&result));
        let range = pair(1024, u32::try_from(result.len()).unwrap());
        let child = format!("t:child{number}");
        world.define(
            &child,
            &guest(&data, &format!("(call $program.finish {range})")),
        );
        let error = world.failure(&child).await;
        assert_eq!(error.kind, Kind::Invalid, "{what}: {error}");
        assert!(
            error.message.contains("the result is not an encoded value"),
            "{what}: {error}"
        );
        // Monitors and callers get the error, once.
        for spawn in [true, false] {
            let names = format!(
                r#"(data (i32.const 16) "{child}") (data (i32.const 64) "{HOST}") (data (i32.const 128) "\90")"#
            );
            let of = format!(
                "(i32.const 16) (i32.const {}) (i32.const 64) (i32.const {}) (i32.const 128) (i32.const 1)",
                child.len(),
                HOST.len()
            );
            let begin = if spawn {
                format!(
                    "(drop (call $process.spawn {of} (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 100))) (local.set $queue (call $mailbox.events))"
                )
            } else {
                format!("(local.set $queue (call $process.exec {of} (i32.const 0) (i32.const 0)))")
            };
            let id = format!("t:watcher{number}{spawn}");
            world.define(
                &id,
                &guest(
                    &names,
                    &format!(
                        "(local $queue i32) {begin}
                         (call $finish-bytes (i32.const 1024)
                           (call $mailbox.receive-one (local.get $queue) (i64.const -1) (i32.const 1024) (i32.const 60000)))"
                    ),
                ),
            );
            let record = world.result(&id).await;
            let text = String::from_utf8_lossy(&record);
            assert!(text.contains("Invalid"), "{what}: {text}");
            assert!(
                text.contains("the result is not an encoded value"),
                "{what}: {text}"
            );
        }
    }
    check_good(&world).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn malformed_arguments_are_invalid() {
    let world = World::new(&[("t:child", guest("", ""))]);
    for (number, (what, arguments)) in garbage().into_iter().enumerate() {
        if arguments.is_empty() {
            // None.
            continue;
        }
        let error = in_time(world.node.run("t:child", HOST, &arguments)).await;
        assert_eq!(error.expect_err(what).kind, Kind::Invalid, "{what}");
        let data = format!(
            r#"(data (i32.const 16) "t:child") (data (i32.const 64) "{HOST}") (data (i32.const 1024) "{}")"#,
            escaped(&arguments)
        );
        let range = pair(1024, u32::try_from(arguments.len()).unwrap());
        let of = format!(
            "(i32.const 16) (i32.const 7) (i32.const 64) (i32.const {}) {range}",
            HOST.len()
        );
        for (name, call) in [
            (
                "spawn",
                format!(
                    "(call $process.spawn {of} (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 100))"
                ),
            ),
            (
                "exec",
                format!("(call $process.exec {of} (i32.const 0) (i32.const 0))"),
            ),
            (
                "upgrade",
                format!("(call $process.upgrade (i32.const 16) (i32.const 7) {range})"),
            ),
        ] {
            let id = format!("t:{name}{number}");
            world.define(&id, &guest(&data, &refusal_of(&format!("(drop {call})"))));
            let (kind, message) = refusal(&world.result(&id).await);
            assert_eq!(kind, "Invalid", "{name} {what}: {message}");
            assert!(message.contains("arguments"), "{name} {what}: {message}");
        }
    }
    world.close().await;
}

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
async fn a_faulty_guest_ends_alone() {
    let cases = [
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
            "max_memory of host test:host",
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
    ];
    let world = World::new(&[]);
    for (number, (reason, code)) in cases.iter().enumerate() {
        let id = format!("t:{number}");
        world.define(&id, code);
        let error = world.failure(&id).await;
        assert_eq!(error.kind, Kind::Internal, "{error}");
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
    let result = crate::support::bytes(&in_time(running.wait()).await);
    assert_eq!(String::from_utf8(result).unwrap(), pid);
    world.close().await;
}

/// A guest that spawns `t:child` until that fails, and ends with the error.
fn storm() -> String {
    guest(
        &format!(r#"(data (i32.const 16) "t:child{HOST}")"#),
        "(local $n i32)
         (loop $more
           (local.set $n (call $process.spawn (i32.const 16) (i32.const 7) (i32.const 23) (i32.const 9) (i32.const 0) (i32.const 0)
             (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))
           (br_if $more (i32.ge_s (local.get $n) (i32.const 0))))
         (drop (call $held.take (i32.const 1024) (i32.const 4096)))
         (call $finish-bytes (i32.const 1024) (i32.sub (i32.const 0) (local.get $n)))",
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_of_spawns_ends_at_the_hosts_limit() {
    let world = World::set_up(Setup {
        hosts: vec![(
            HOST.to_owned(),
            HostLimits {
                processes: HostConfig {
                    max_processes: 50,
                    ..HostConfig::default()
                },
                ..small_host()
            },
        )],
        ..Setup::default()
    });
    world.define("t:storm", &storm());
    world.define("t:child", &crate::support::parked());
    let result = world.result("t:storm").await;
    let text = String::from_utf8_lossy(&result).into_owned();
    assert!(text.contains("RateLimited"), "{text}");
    assert!(text.contains("max_processes = 50"), "{text}");
    assert_eq!(world.node.kernel().live(), 49);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_guest_whose_imports_return_at_once_leaves_others_their_turn() {
    // Calls that fail or return at once, repeated for ever without a wait.
    let calls = [
        "(drop (call $process.spawn (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 256) (i32.const 256)))",
        "(call $logger.log (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 1) (i32.const 0) (i32.const -1))",
        "(drop (call $process.upgrade (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))",
        "(drop (call $program.module (i32.const 0) (i32.const 1) (i32.const 0) (i32.const 0)))",
    ];
    for call in calls {
        let world = World::new(&[("t:busy", guest("", &format!("(loop {call} (br 0))")))]);
        let mut busy = world.start("t:busy").await;
        check_good(&world).await;
        world.terminate(&busy);
        in_time(busy.wait()).await;
        world.close().await;
    }
}

/// A reader that is slower than the guests that print. It records the most memory
/// that the program used.
struct SlowReader {
    bytes: Arc<AtomicU64>,
    most: Arc<AtomicU64>,
}

impl Sink for SlowReader {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        std::thread::sleep(Duration::from_micros(50));
        self.bytes.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        self.most.fetch_max(resident(), Ordering::Relaxed);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn floods_of_output_wait_for_their_reader() {
    const EACH: u64 = 15 << 20;
    let (bytes, most) = (Arc::default(), Arc::default());
    let world = World::set_up(Setup {
        sink: Some(Box::new(SlowReader {
            bytes: Arc::clone(&bytes),
            most: Arc::clone(&most),
        })),
        ..Setup::default()
    });
    world.define(
        "t:flood",
        &guest(
            r#"(memory (export "memory") 250)"#,
            &format!(
                "(local $n i32)
                 (loop $more
                   (call $stdio.write (i32.const 0) (i32.const 0) (i32.const {EACH}))
                   (br_if $more (i32.lt_u (local.tee $n (i32.add (local.get $n) (i32.const 1))) (i32.const 40))))"
            ),
        ),
    );
    let before = resident();
    world.run("t:flood").await;
    in_time(world.node.terminate_all(std::time::Duration::from_secs(60))).await;
    assert_eq!(bytes.load(Ordering::Relaxed), 40 * EACH);
    let grown = most.load(Ordering::Relaxed).saturating_sub(before);
    assert!(grown < 200 << 20, "{} MiB", grown >> 20);
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
    assert!(error.message.contains("took longer than"), "{error}");
    world.close().await;
}
