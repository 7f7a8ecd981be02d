//! `wasi:keyvalue` on the operations of the capability `store`.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use rmpv::Value;
use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::{Error, Kind};

use crate::support::{Setup, World, decoded, encoded, finish_bytes};

/// A store `app:default` with versions, and no other.
#[derive(Default)]
struct Store(Arc<Mutex<HashMap<String, (Value, u64)>>>);

type Entries = HashMap<String, (Value, u64)>;

impl Capability for Store {
    fn name(&self) -> &'static str {
        "store"
    }

    fn call(&self, _: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let request = decoded(request);
        let (entries, operation) = (Arc::clone(&self.0), operation.to_owned());
        // As a store on a disk does.
        Step::wait(0, move |_| async move {
            tokio::task::yield_now().await;
            run(&mut entries.lock(), &operation, request.as_array().unwrap())
        })
    }
}

fn run(entries: &mut Entries, operation: &str, arguments: &[Value]) -> Answer {
    let text = |at: usize| arguments[at].as_str().unwrap().to_owned();
    if operation == "open" {
        return match text(0).as_str() {
            "default" => Ok(encoded(&"app:default".into())),
            _ => Err(Error::not_found("store not found")),
        };
    }
    assert_eq!(text(0), "app:default");
    let absent = || Error::not_found("key not found");
    let found = entries.get(&text(1)).cloned();
    let version = found.as_ref().map(|(_, version)| *version);
    let put = |value: Value, entries: &mut Entries| -> Answer {
        entries.insert(text(1), (value, version.unwrap_or_default() + 1));
        Ok(encoded(&true.into()))
    };
    match operation {
        "get" => Ok(encoded(&found.ok_or_else(absent)?.0)),
        "set" => put(arguments[2].clone(), entries),
        "entry" => {
            let (value, version) = found.ok_or_else(absent)?;
            let entry = vec![
                ("value".into(), value),
                ("version".into(), version.to_string().into()),
            ];
            Ok(encoded(&Value::Map(entry)))
        }
        "put" => {
            let (name, wanted) = &arguments[3].as_map().unwrap()[0];
            let fits = match name.as_str().unwrap() {
                "only_if_absent" => version.is_none(),
                _ => version.map(|version| version.to_string()).as_deref() == wanted.as_str(),
            };
            match fits {
                true => put(arguments[2].clone(), entries),
                false => Err(Error::new(Kind::Conflict, "changed meanwhile")),
            }
        }
        "incr" => {
            let before = found.map_or(0, |(value, _)| value.as_i64().unwrap());
            let sum: Value = (before + arguments[2].as_i64().unwrap()).into();
            put(sum.clone(), entries)?;
            Ok(encoded(&sum))
        }
        other => panic!("no such operation: {other}"),
    }
}

/// A component of `wasi:keyvalue` 0.2.0-draft2 that opens a store, and runs this. The store is
/// at 68.
fn component(store: &str, body: &str) -> String {
    let len = store.len();
    let finish = finish_bytes("$finish", "(i32.const 1)");
    let lower = |name: &str, instance: &str, function: &str| {
        format!(
            r#"(core func ${name} (canon lower (func ${instance} "{function}") (memory $memory) (realloc (core func $realloc))))"#
        )
    };
    let lowered = [
        lower("open", "store", "open"),
        lower("get", "store", "[method]bucket.get"),
        lower("set", "store", "[method]bucket.set"),
        lower("increment", "atomics", "increment"),
        lower("new", "atomics", "[static]cas.new"),
        lower("swap", "atomics", "swap"),
        lower("finish", "program", "finish"),
    ]
    .concat();
    format!(
        r#"(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "finish" (func (param "result" (option (list u8)))))))
  (import "wasi:keyvalue/store@0.2.0-draft2" (instance $store
    (type $errors (variant (case "no-such-store") (case "access-denied") (case "other" string)))
    (export "error" (type $error (eq $errors)))
    (export "bucket" (type $bucket (sub resource)))
    (export "open" (func (param "identifier" string) (result (result (own $bucket) (error $error)))))
    (export "[method]bucket.get" (func (param "self" (borrow $bucket)) (param "key" string)
      (result (result (option (list u8)) (error $error)))))
    (export "[method]bucket.set" (func (param "self" (borrow $bucket)) (param "key" string)
      (param "value" (list u8)) (result (result (error $error)))))))
  (alias export $store "bucket" (type $bucket))
  (alias export $store "error" (type $error))
  (import "wasi:keyvalue/atomics@0.2.0-draft2" (instance $atomics
    (alias outer 1 $bucket (type $outer-bucket))
    (export "bucket" (type $bucket (eq $outer-bucket)))
    (alias outer 1 $error (type $outer-error))
    (export "error" (type $error (eq $outer-error)))
    (export "cas" (type $cas (sub resource)))
    (type $failures (variant (case "store-error" $error) (case "cas-failed" (own $cas))))
    (export "cas-error" (type $failure (eq $failures)))
    (export "[static]cas.new" (func (param "bucket" (borrow $bucket)) (param "key" string)
      (result (result (own $cas) (error $error)))))
    (export "increment" (func (param "bucket" (borrow $bucket)) (param "key" string) (param "delta" s64)
      (result (result s64 (error $error)))))
    (export "swap" (func (param "cas" (own $cas)) (param "value" (list u8))
      (result (result (error $failure)))))))
  (core module $allocator
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param i32 i32 i32) (param $len i32) (result i32)
      (local $at i32)
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get $len)))
      (local.get $at)))
  (core instance $allocator (instantiate $allocator))
  (alias core export $allocator "memory" (core memory $memory))
  (alias core export $allocator "realloc" (core func $realloc))
  {lowered}
  (core module $main
    (import "m" "memory" (memory 2))
    (import "m" "open" (func $open (param i32 i32 i32)))
    (import "m" "get" (func $get (param i32 i32 i32 i32)))
    (import "m" "set" (func $set (param i32 i32 i32 i32 i32 i32)))
    (import "m" "increment" (func $increment (param i32 i32 i32 i64 i32)))
    (import "m" "new" (func $new (param i32 i32 i32 i32)))
    (import "m" "swap" (func $swap (param i32 i32 i32 i32)))
    (import "m" "finish" (func $finish (param i32 i32 i32)))
    {finish}
    (data (i32.const 0) "{store}") (data (i32.const 32) "kvwn")
    ;; Sets `k` to the byte at this address.
    (func $set-k (param $at i32)
      (call $set (i32.load (i32.const 68)) (i32.const 32) (i32.const 1) (local.get $at) (i32.const 1) (i32.const 80))
      (if (i32.load8_u (i32.const 80)) (then unreachable)))
    ;; Swaps `k`, as the handle at 100 has seen it, for `w`; the result is at 112.
    (func $swap-k (call $swap (i32.load (i32.const 100)) (i32.const 34) (i32.const 1) (i32.const 112)))
    (func $see-k
      (call $new (i32.load (i32.const 68)) (i32.const 32) (i32.const 1) (i32.const 96))
      (if (i32.load8_u (i32.const 96)) (then unreachable)))
    ;; Ends with the value of a key of one letter.
    (func $end (param $key i32)
      (call $get (i32.load (i32.const 68)) (local.get $key) (i32.const 1) (i32.const 160))
      (if (i32.load8_u (i32.const 160)) (then unreachable))
      (if (i32.eqz (i32.load8_u (i32.const 164))) (then unreachable))
      (call $finish-bytes (i32.load (i32.const 168)) (i32.load (i32.const 172))))
    (func (export "start")
      (call $open (i32.const 0) (i32.const {len}) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then (call $finish-bytes (i32.const 68) (i32.const 1)) (return)))
      {body}))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $memory))
    (export "open" (func $open)) (export "get" (func $get)) (export "set" (func $set))
    (export "increment" (func $increment)) (export "new" (func $new)) (export "swap" (func $swap))
    (export "finish" (func $finish))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

async fn result(store: &str, body: &str) -> Vec<u8> {
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Store::default())],
        ..Setup::default()
    });
    world.define("t:component", &component(store, body));
    let result = world.result("t:component").await;
    world.close().await;
    result
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_set_and_read() {
    let read = result(
        "default",
        "(call $set-k (i32.const 33)) (call $end (i32.const 32))",
    );
    assert_eq!(read.await, b"v");
    const NO_SUCH_STORE: u8 = 0;
    assert_eq!(result("other", "").await, [NO_SUCH_STORE]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_number_is_incremented_and_reads_as_digits() {
    let body = "(call $increment (i32.load (i32.const 68)) (i32.const 35) (i32.const 1) (i64.const 40) (i32.const 128))
         (call $increment (i32.load (i32.const 68)) (i32.const 35) (i32.const 1) (i64.const 2) (i32.const 128))
         (if (i32.load8_u (i32.const 128)) (then unreachable))
         (if (i64.ne (i64.load (i32.const 136)) (i64.const 42)) (then unreachable))
         (call $end (i32.const 35))";
    assert_eq!(result("default", body).await, b"42");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_value_is_swapped_unless_it_has_changed() {
    // Once for an absent key, and once for the version that was seen.
    let swapped =
        "(call $see-k) (call $swap-k) (if (i32.load8_u (i32.const 112)) (then unreachable))
         (call $see-k) (call $swap-k) (if (i32.load8_u (i32.const 112)) (then unreachable))
         (call $end (i32.const 32))";
    assert_eq!(result("default", swapped).await, b"w");
    // 1: the result is an error, and the error is that the value has changed.
    let refused = "(call $see-k) (call $set-k (i32.const 33)) (call $swap-k)
         (if (i32.ne (i32.load8_u (i32.const 112)) (i32.const 1)) (then unreachable))
         (if (i32.ne (i32.load8_u (i32.const 116)) (i32.const 1)) (then unreachable))
         (call $end (i32.const 32))";
    assert_eq!(result("default", refused).await, b"v");
}
