//! A component opens files by the rules of core modules.

use warren_engine::FileLimits;

use super::place::Place;
use super::world;

/// A component that opens paths below its first directory. Each entry is a path,
/// open flags, descriptor flags, and the expected error code, or `None` for
/// success.
fn component_that_opens(paths: &[(&str, u32, u32, Option<u32>)]) -> String {
    let mut data = String::new();
    let mut calls = String::new();
    for (index, (path, how, flags, expected)) in paths.iter().enumerate() {
        let at = 1_024 + 64 * index;
        data += &format!("(data (i32.const {at}) \"{path}\")");
        calls += &format!(
            "(call $open (local.get $dir) (i32.const 1) (i32.const {at}) (i32.const {}) \
             (i32.const {how}) (i32.const {flags}) (i32.const 64))",
            path.len()
        );
        calls += &match expected {
            None => "(if (i32.load8_u (i32.const 64)) (then unreachable))".to_owned(),
            Some(code) => format!(
                "(if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
                 (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const {code})) (then unreachable))"
            ),
        };
    }
    format!(
        r#"(component
  (import "wasi:filesystem/types@0.2.3" (instance $types
    (export "descriptor" (type $descriptor (sub resource)))
    (type $pf (flags "symlink-follow"))
    (export "path-flags" (type $path-flags (eq $pf)))
    (type $of (flags "create" "directory" "exclusive" "truncate"))
    (export "open-flags" (type $open-flags (eq $of)))
    (type $df (flags "read" "write" "file-integrity-sync" "data-integrity-sync"
      "requested-write-sync" "mutate-directory"))
    (export "descriptor-flags" (type $descriptor-flags (eq $df)))
    (type $ec (enum "access" "would-block" "already" "bad-descriptor" "busy" "deadlock" "quota"
      "exist" "file-too-large" "illegal-byte-sequence" "in-progress" "interrupted" "invalid" "io"
      "is-directory" "loop" "too-many-links" "message-size" "name-too-long" "no-device" "no-entry"
      "no-lock" "insufficient-memory" "insufficient-space" "not-directory" "not-empty"
      "not-recoverable" "unsupported" "no-tty" "no-such-device" "overflow" "not-permitted" "pipe"
      "read-only" "invalid-seek" "text-file-busy" "cross-device"))
    (export "error-code" (type $error-code (eq $ec)))
    (export "[method]descriptor.open-at" (func
      (param "self" (borrow $descriptor)) (param "path-flags" $path-flags) (param "path" string)
      (param "open-flags" $open-flags) (param "flags" $descriptor-flags)
      (result (result (own $descriptor) (error $error-code)))))))
  (alias export $types "descriptor" (type $descriptor))
  (import "wasi:filesystem/preopens@0.2.3" (instance $preopens
    (alias outer 1 $descriptor (type $outer))
    (export "descriptor" (type $descriptor (eq $outer)))
    (export "get-directories" (func (result (list (tuple (own $descriptor) string)))))))
  (core module $memory
    (global $next (mut i32) (i32.const 16384))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.get $next)
      (global.set $next (i32.and (i32.const -8)
        (i32.add (i32.const 7) (i32.add (global.get $next) (local.get 3)))))))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $directories (canon lower (func $preopens "get-directories") (memory $m) (realloc $realloc)))
  (core func $open (canon lower (func $types "[method]descriptor.open-at") (memory $m) (realloc $realloc)))
  (core module $main
    (import "m" "memory" (memory 1))
    (import "m" "directories" (func $directories (param i32)))
    (import "m" "open" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    {data}
    (func (export "start") (local $dir i32)
      (call $directories (i32.const 64))
      (local.set $dir (i32.load (i32.load (i32.const 64))))
      {calls}))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m)) (export "directories" (func $directories))
    (export "open" (func $open))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_opens_files_by_the_same_rules() {
    const INSUFFICIENT_MEMORY: Option<u32> = Some(22);
    const UNSUPPORTED: Option<u32> = Some(27);
    const READ_ONLY: Option<u32> = Some(33);
    const NO_ENTRY: Option<u32> = Some(20);
    const READS: u32 = 1;
    const WRITES: u32 = 2;
    let place = Place::new();
    place.make_fifo();
    let before = place.listing();
    let world = world(FileLimits {
        // Each open file counts twice.
        of_process: Some(4),
        ..FileLimits::default()
    });
    let reads = component_that_opens(&[
        ("a.txt", 0, READS, None),
        ("a.txt", 0, WRITES, READ_ONLY),
        ("new", 1, READS, READ_ONLY),
        ("a.txt", 8, READS, READ_ONLY),
        ("none", 0, READS, NO_ENTRY),
        ("below", 2, READS, None),
        ("a.txt", 0, READS, INSUFFICIENT_MEMORY),
    ]);
    world.define_with("t:reads", &reads, place.grants(&[("data", false)]));
    assert_eq!(world.result("t:reads").await, b"");
    let waits = component_that_opens(&[
        ("fifo", 0, READS, UNSUPPORTED),
        ("fifo", 0, WRITES, UNSUPPORTED),
        ("w.txt", 0, READS | WRITES, None),
    ]);
    world.define_with("t:waits", &waits, place.grants(&[("work", true)]));
    assert_eq!(world.result("t:waits").await, b"");
    assert_eq!(place.listing(), before);
    world.close().await;
}
