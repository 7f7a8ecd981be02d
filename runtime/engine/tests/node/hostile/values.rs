//! Malformed values: results and arguments.

use warren_kernel::Kind;

use super::{check_good, refusal, refusal_of};
use crate::support::imports::pair;
use crate::support::{HOST, World, escaped, guest, in_time};

/// Bytes that are neither a record nor a value.
pub(super) fn garbage() -> Vec<(&'static str, Vec<u8>)> {
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
