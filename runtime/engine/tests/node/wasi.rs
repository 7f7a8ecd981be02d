//! The interfaces of WASI 0.2 that components may import.

use warren_kernel::{Kind, Outcome};

use crate::support::World;

/// A component that imports every interface of WASI that the runtime has.
const EVERYTHING: &str = include_str!("wasi/everything.wat");

/// The version of WASI in that text.
const VERSION: &str = "@0.2.12";

/// Returns the names of the interfaces, without their versions.
fn interfaces() -> Vec<&'static str> {
    let imports = EVERYTHING.lines().filter_map(|line| {
        let (name, _) = line.trim().strip_prefix("(import \"")?.split_once('"')?;
        Some(name.split_once('@').map_or(name, |(name, _)| name))
    });
    imports.collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_imports_everything_runs() {
    assert_eq!(interfaces().len(), 36);
    let world = World::new(&[]);
    let config = "wasi:config/store@0.2.0-rc.1";
    for (known, other) in [
        (VERSION, VERSION),
        (VERSION, "@0.2.0"),
        // One to come, without further functions.
        (VERSION, "@0.2.99"),
        (config, "wasi:config/store@0.2.0-draft"),
        (config, "wasi:config/runtime@0.2.0-draft"),
    ] {
        let id = format!("t:{other}");
        world.define(&id, &EVERYTHING.replace(known, other));
        let ended = world.run(&id).await;
        assert_eq!(*ended.outcome, Outcome::Returned(None), "{other}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interface_of_another_wasi_is_refused_by_name() {
    let world = World::new(&[]);
    for name in [
        "wasi:clocks/timezone@0.2.12",
        "wasi:tls/types@0.2.0-draft",
        "wasi:cli/environment@0.3.0",
    ] {
        let code = format!(
            r#"(component (import "{name}" (instance (export "f" (func))))
                 (core module $m (func (export "start"))) (core instance $m (instantiate $m))
                 (func (export "start") (canon lift (core func $m "start"))))"#
        );
        world.define(name, &code);
        let error = world.try_start(name).await.expect_err(name);
        assert_eq!(error.kind, Kind::Invalid, "{error}");
        assert!(error.message.contains(name), "{error}");
    }
    world.assert_empty();
}

#[test]
fn every_interface_has_a_row_in_the_guest_abi() {
    let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guest-abi.md");
    let page = std::fs::read_to_string(page).unwrap();
    let rows: Vec<_> = page
        .lines()
        .filter(|line| line.starts_with("| `wasi:"))
        .collect();
    for interface in interfaces() {
        let name = format!("`{interface}`");
        let count = rows.iter().filter(|row| row.contains(&name)).count();
        assert_eq!(count, 1, "rows of {interface}");
    }
}

/// A component that makes a socket of this sort, and fails if that is not denied.
fn denied(sort: &str) -> String {
    format!(
        r#"(component
  (import "wasi:sockets/network@0.2.0" (instance $network
    (type $codes (enum "unknown" "access-denied" "not-supported" "invalid-argument"
      "out-of-memory" "timeout" "concurrency-conflict" "not-in-progress" "would-block"
      "invalid-state" "new-socket-limit" "address-not-bindable" "address-in-use"
      "remote-unreachable" "connection-refused" "connection-reset" "connection-aborted"
      "datagram-too-large" "name-unresolvable" "temporary-resolver-failure"
      "permanent-resolver-failure"))
    (export "error-code" (type (eq $codes)))
    (type $families (enum "ipv4" "ipv6"))
    (export "ip-address-family" (type (eq $families)))))
  (alias export $network "error-code" (type $code))
  (alias export $network "ip-address-family" (type $family))
  (import "wasi:sockets/{sort}@0.2.0" (instance $sockets
    (export "{sort}-socket" (type (sub resource)))))
  (alias export $sockets "{sort}-socket" (type $socket))
  (import "wasi:sockets/{sort}-create-socket@0.2.0" (instance $create
    (alias outer 1 $code (type $outer-code))
    (export "error-code" (type $code (eq $outer-code)))
    (alias outer 1 $family (type $outer-family))
    (export "ip-address-family" (type $family (eq $outer-family)))
    (alias outer 1 $socket (type $outer-socket))
    (export "{sort}-socket" (type $socket (eq $outer-socket)))
    (export "create-{sort}-socket" (func (param "address-family" $family)
      (result (result (own $socket) (error $code)))))))
  (core module $memory (memory (export "memory") 1))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (core func $create (canon lower (func $create "create-{sort}-socket") (memory $m)))
  (core module $main
    (import "m" "memory" (memory 1))
    (import "m" "create" (func $create (param i32 i32)))
    (func (export "start")
      (call $create (i32.const 0) (i32.const 64))
      (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
      (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const 1)) (then unreachable))))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m)) (export "create" (func $create))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sockets_are_denied_without_a_grant() {
    let world = World::new(&[("t:tcp", denied("tcp")), ("t:udp", denied("udp"))]);
    for id in ["t:tcp", "t:udp"] {
        let ended = world.run(id).await;
        assert_eq!(*ended.outcome, Outcome::Returned(None), "{id}");
    }
    world.close().await;
}
