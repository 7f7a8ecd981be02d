//! Operands, results and errors that are too long.

use rmpv::Value;
use warren_engine::HostLimits;
use warren_kernel::Kind;

use super::{check_good, has_status, refusal, refusal_of};
use crate::support::imports::{self, pair};
use crate::support::{HOST, Setup, World, bytes, decoded, field, guest, small_host};

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
            let result = bytes(&ended);
            if has_status(import) {
                let (kind, message) = refusal(&result);
                // The payload is checked last; a request may be as long.
                if matches!((import.name, position), ("send", 2) | ("call", 1)) {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_of_a_long_operand_is_that_of_the_callers_host() {
    const MESSAGE: usize = 64 << 10;
    let items = r#"(memory (export "memory") 220) (data (i32.const 16) "x")"#;
    let world = World::set_up(Setup {
        hosts: vec![
            (HOST.to_owned(), small_host().max_message(MESSAGE)),
            ("test:other".to_owned(), small_host()),
        ],
        ..Setup::default()
    });
    let (name, none, long) = (pair(16, 1), pair(16, 0), pair(1 << 20, 12 << 20));
    let queue = HostLimits::default().max_queue_bytes;
    for (id, operands, limit, value) in [
        (
            "t:arguments",
            format!("{long} {none}"),
            "max_message",
            MESSAGE,
        ),
        (
            "t:options",
            format!("{none} {long}"),
            "max_message + max_queue.bytes",
            MESSAGE + queue,
        ),
    ] {
        let call = format!("(drop (call $process.exec {name} {name} {operands}))");
        world.define(id, &guest(items, &refusal_of(&call)));
        let result = world.result(id).await;
        let Value::Ext(1, payload) = decoded(&result) else {
            panic!("no error: {result:?}");
        };
        let error = decoded(&payload);
        let details = &error[3];
        assert_eq!(field(details, "limit").as_str(), Some(limit));
        assert_eq!(field(details, "value").as_u64(), Some(value as u64));
        assert_eq!(field(details, "host").as_str(), Some(HOST));
    }
    world.close().await;
}
