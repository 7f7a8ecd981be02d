//! Interfaces of capabilities, with the types of a component's own WIT.

use std::sync::Arc;

use rmpv::Value;
use warren_engine::capability::{Answer, Caller, Capability, Step};
use warren_kernel::{Error, Kind};

use crate::permissions::Denies;
use crate::support::{Setup, World, decoded, encoded, finish_bytes};

/// A capability that components call by an interface of its own.
struct Pricing;

impl Capability for Pricing {
    fn name(&self) -> &'static str {
        "pricing"
    }

    fn interface(&self) -> Option<&str> {
        Some("shop:pricing/quotes@0.1.0")
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let request = decoded(request);
        match operation {
            "quote" => Step::Done(quote(caller, &request)),
            "slow_quote" => Step::wait(0, move |_| async move {
                tokio::task::yield_now().await;
                price(&request)
            }),
            _ => Step::Unknown,
        }
    }
}

fn quote(caller: &mut dyn Caller, request: &Value) -> Answer {
    caller.permit("pricing.read", "quotes", &[])?;
    price(request)
}

fn price(request: &Value) -> Answer {
    let [item, amount] = request.as_array().unwrap().as_slice() else {
        panic!("the interface has two parameters");
    };
    let cents = amount.as_u64().unwrap() * 120;
    let unit: Value = match item.as_str().unwrap() {
        "tea" => "bag".into(),
        "odd" => 7.into(),
        _ => return Err(Error::not_found("no such item").retryable(false)),
    };
    let fields = vec![("unit_name".into(), unit), ("cents".into(), cents.into())];
    Ok(encoded(&Value::Map(fields)))
}

/// A component that calls a function of the interface, and ends with the name of the unit, or
/// the kind of the error. The price has to be 360.
fn caller(function: &str, item: &str) -> String {
    let len = item.len();
    let finish = finish_bytes("$finish", "(i32.const 1)");
    format!(
        r#"(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "finish" (func (param "result" (option (list u8)))))))
  (import "shop:pricing/quotes@0.1.0" (instance $quotes
    (type $price-record (record (field "cents" u64) (field "unit-name" string)))
    (export "price" (type $price (eq $price-record)))
    (type $failure-record (record (field "kind" string) (field "message" string)))
    (export "failure" (type $failure (eq $failure-record)))
    (export "{function}" (func (param "item" string) (param "amount" u32)
      (result (result $price (error $failure)))))))
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
  (core func $finish (canon lower (func $program "finish") (memory $memory)))
  (core func $quote (canon lower (func $quotes "{function}") (memory $memory) (realloc (core func $realloc))))
  (core module $main
    (import "m" "memory" (memory 2))
    (import "m" "finish" (func $finish (param i32 i32 i32)))
    (import "m" "quote" (func $quote (param i32 i32 i32 i32)))
    {finish}
    (data (i32.const 0) "{item}")
    (func (export "start")
      (call $quote (i32.const 0) (i32.const {len}) (i32.const 3) (i32.const 64))
      (if (i32.load8_u (i32.const 64)) (then
        (call $finish-bytes (i32.load (i32.const 72)) (i32.load (i32.const 76)))
        (return)))
      (if (i64.ne (i64.load (i32.const 72)) (i64.const 360)) (then unreachable))
      (call $finish-bytes (i32.load (i32.const 80)) (i32.load (i32.const 84)))))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $memory))
    (export "finish" (func $finish))
    (export "quote" (func $quote))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

fn world() -> (World, Arc<Denies>) {
    let denies = Arc::new(Denies::default());
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Pricing)],
        authorizer: Some(Arc::clone(&denies) as _),
        ..Setup::default()
    });
    (world, denies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_calls_a_capability_with_types_of_its_own() {
    let (world, denies) = world();
    world.define("t:quote", &caller("quote", "tea"));
    world.define("t:slow", &caller("slow-quote", "tea"));
    world.define("t:unknown", &caller("quote", "gold"));
    assert_eq!(world.result("t:quote").await, b"bag");
    assert_eq!(world.result("t:slow").await, b"bag");
    assert_eq!(world.result("t:unknown").await, b"NotFound");
    denies.only_words(&["pricing.read"]);
    assert_eq!(world.result("t:quote").await, b"PermissionDenied");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_of_another_type_ends_the_process() {
    let (world, _) = world();
    world.define("t:odd", &caller("quote", "odd"));
    let failed = world.failure("t:odd").await;
    assert_eq!(failed.kind, Kind::Internal);
    let says = "the answer of pricing.quote does not fit its type: .unit_name: no text";
    assert!(failed.message.contains(says), "{failed}");
    // The error of an operation that does not exist is one of the operation.
    world.define("t:missing", &caller("missing", "tea"));
    assert_eq!(world.result("t:missing").await, b"NotFound");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn types_without_a_value_are_refused_by_name() {
    let (world, _) = world();
    let cases = [
        (
            r#"(type $f (flags "a")) (export "marks" (type $marks (eq $f)))
               (export "mark" (func (param "with" $marks)))"#,
            "function `mark`",
        ),
        (
            r#"(export "look" (func (result (option (option u8)))))"#,
            "option of an option",
        ),
        (
            r#"(export "fail" (func (result (result (error u8)))))"#,
            "error type",
        ),
        (
            r#"(export "thing" (type (sub resource)))"#,
            "neither a function nor a type",
        ),
    ];
    for (number, (items, says)) in cases.into_iter().enumerate() {
        let id = format!("t:{number}");
        world.define(
            &id,
            &format!(
                r#"(component (import "shop:pricing/quotes@0.1.0" (instance {items}))
                     (core module $m (func (export "start"))) (core instance $m (instantiate $m))
                     (func (export "start") (canon lift (core func $m "start"))))"#
            ),
        );
        let error = world.try_start(&id).await.expect_err(says);
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains(says), "{error}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interface_that_no_capability_has_is_refused_by_name() {
    let world = World::new(&[("t:quote", caller("quote", "tea"))]);
    let error = world.try_start("t:quote").await.expect_err("nobody has it");
    assert_eq!(error.kind, Kind::Invalid);
    assert!(
        error.message.contains("shop:pricing/quotes@0.1.0"),
        "{error}"
    );
    world.close().await;
}
