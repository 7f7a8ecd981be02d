//! Malformed records: the options of a spawn, and errors.

use rmpv::Value;
use warren_kernel::Kind;

use super::values::garbage;
use super::{check_good, refusal, refusal_of};
use crate::support::imports::pair;
use crate::support::{World, encoded, escaped, guest};

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
