//! Commands of WASI: the arguments and the standard input of the command line.

#![allow(clippy::unwrap_used, reason = "this is test code")]

use std::fs::{self, File};
use std::path::Path;
use std::process::Stdio;

use crate::support::{outcome, warren};
use warren_tests::{Outcome, Program, Session};

/// A core module that writes its arguments, each with its NUL, and then standard input.
const CORE: &str = r#"
(module
  (import "wasi_snapshot_preview1" "args_sizes_get" (func $sizes (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read" (func $read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write" (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $ok (param i32) (if (local.get 0) (then unreachable)))
  (func (export "_start")
    (call $ok (call $sizes (i32.const 0) (i32.const 4)))
    (call $ok (call $args (i32.const 64) (i32.const 1024)))
    ;; The first word is where its address says.
    (if (i32.ne (i32.load (i32.const 64)) (i32.const 1024)) (then unreachable))
    (i32.store (i32.const 16) (i32.const 1024))
    (i32.store (i32.const 20) (i32.load (i32.const 4)))
    (call $ok (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
    (i32.store (i32.const 16) (i32.const 4096))
    (loop $more
      (i32.store (i32.const 20) (i32.const 4096))
      (call $ok (call $read (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 20)))
      (if (i32.load (i32.const 20)) (then
        (call $ok (call $write (i32.const 1) (i32.const 16) (i32.const 1) (i32.const 8)))
        (br $more))))))
"#;

/// A component that does the same: it writes its arguments, each as a line, and then
/// standard input, which it asks for through a handle for each read.
const COMPONENT: &str = r#"
(component
  (import "warren:process/stdio@0.1.0" (instance $stdio
    (type (enum "stdout" "stderr"))
    (export "stream" (type $stream (eq 0)))
    (export "write" (func (param "stream" $stream) (param "bytes" (list u8))))))
  (import "wasi:cli/environment@0.2.0" (instance $environment
    (export "get-arguments" (func (result (list string))))))
  (import "wasi:io/error@0.2.0" (instance $errors (export "error" (type (sub resource)))))
  (alias export $errors "error" (type $error))
  (import "wasi:io/streams@0.2.0" (instance $streams
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "input-stream" (type $input (sub resource)))
    (type $fault (variant (case "last-operation-failed" (own $error)) (case "closed")))
    (export "stream-error" (type $stream-error (eq $fault)))
    (export "[method]input-stream.blocking-read"
      (func (param "self" (borrow $input)) (param "len" u64)
        (result (result (list u8) (error $stream-error)))))))
  (alias export $streams "input-stream" (type $input))
  (import "wasi:cli/stdin@0.2.0" (instance $stdin
    (alias outer 1 $input (type $outer))
    (export "input-stream" (type $input (eq $outer)))
    (export "get-stdin" (func (result (own $input))))))
  (core module $memory
    (memory (export "memory") 4)
    (global $next (mut i32) (i32.const 4096))
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (global.set $next (i32.and (i32.add (global.get $next) (i32.const 7)) (i32.const -8)))
      (global.get $next)
      (global.set $next (i32.add (global.get $next) (local.get 3)))))
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $m))
  (alias core export $memory "realloc" (core func $realloc))
  (core func $write (canon lower (func $stdio "write") (memory $m)))
  (core func $arguments (canon lower (func $environment "get-arguments")
    (memory $m) (realloc $realloc)))
  (core func $read (canon lower (func $streams "[method]input-stream.blocking-read")
    (memory $m) (realloc $realloc)))
  (core func $open (canon lower (func $stdin "get-stdin")))
  (core func $close (canon resource.drop $input))
  (core module $main
    (import "m" "memory" (memory 1))
    (import "m" "write" (func $write (param i32 i32 i32)))
    (import "m" "arguments" (func $arguments (param i32)))
    (import "m" "read" (func $read (param i32 i64 i32)))
    (import "m" "open" (func $open (result i32)))
    (import "m" "close" (func $close (param i32)))
    (data (i32.const 0) "\n")
    (func (export "start") (local $at i32) (local $count i32) (local $stdin i32)
      (call $arguments (i32.const 64))
      (local.set $at (i32.load (i32.const 64)))
      (local.set $count (i32.load (i32.const 68)))
      (loop $words
        (call $write (i32.const 0) (i32.load (local.get $at)) (i32.load offset=4 (local.get $at)))
        (call $write (i32.const 0) (i32.const 0) (i32.const 1))
        (local.set $at (i32.add (local.get $at) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br_if $words (local.get $count)))
      (loop $more
        (local.set $stdin (call $open))
        (call $read (local.get $stdin) (i64.const 3) (i32.const 64))
        (call $close (local.get $stdin))
        (if (i32.eqz (i32.load8_u (i32.const 64))) (then
          (call $write (i32.const 0) (i32.load (i32.const 68)) (i32.load (i32.const 72)))
          (br $more))))
      ;; Closed, not failed.
      (if (i32.ne (i32.load8_u (i32.const 68)) (i32.const 1)) (then unreachable))))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $m)) (export "write" (func $write))
    (export "arguments" (func $arguments)) (export "read" (func $read))
    (export "open" (func $open)) (export "close" (func $close))))))
  (func (export "start") (canon lift (core func $main "start"))))
"#;

/// Runs a program in this directory, with this standard input.
#[track_caller]
fn fed(dir: &Path, input: &str, args: &[&str]) -> Outcome {
    fs::write(dir.join("input"), input).unwrap();
    let mut command = warren(dir, &[&["run"], args].concat());
    command.stdin(File::open(dir.join("input")).unwrap());
    outcome(command)
}

#[test]
fn the_first_process_has_the_arguments_and_the_standard_input_of_the_command() {
    let dir = Program::of(&[("core.wat", CORE), ("component.wat", COMPONENT)]);
    for (file, end) in [("core.wat", "\0"), ("component.wat", "\n")] {
        let words =
            |words: &[&str]| -> String { words.iter().flat_map(|word| [*word, end]).collect() };
        fed(dir.path(), "in\nmore", &["--env", "A=b", file, "x", "y z"])
            .ends_with(0)
            .prints(&(words(&[file, "x", "y z"]) + "in\nmore"));
        // Without a grant.
        fed(dir.path(), "", &[file])
            .ends_with(0)
            .prints(&words(&[file]));
        // A number is no word.
        fed(dir.path(), "", &["--args-json", r#"["x", 1]"#, file])
            .ends_with(0)
            .prints(&words(&[file]));
    }
}

#[test]
fn other_processes_have_their_own_arguments_and_no_standard_input() {
    let main = r#"
for _, id in ipairs {"app:core", "app:component"} do
  process.exec(id, nil, "x", "y z")
  process.exec(id, nil, 7)
end
print(io.read("a"))
"#;
    let dir = Program::of(&[
        ("main.lua", main),
        ("core.wat", CORE),
        ("component.wat", COMPONENT),
    ]);
    // A line that lacks its end gets it.
    let printed = "core.wat\0x\0y z\0\ncore.wat\0\n\
                   component.wat\nx\ny z\ncomponent.wat\nin\n";
    fed(dir.path(), "in", &["main.lua"])
        .ends_with(0)
        .prints(printed);
}

#[test]
fn waiting_for_standard_input_does_not_hold_the_end_up() {
    let dir = Program::of(&[("core.wat", CORE), ("component.wat", COMPONENT)]);
    for (file, before) in [("core.wat", "core.wat\0x"), ("component.wat", "x")] {
        let mut command = warren(dir.path(), &["run", file, "x\n"]);
        command.stdin(Stdio::piped());
        let mut session = Session::start(command);
        session.wait_for_line(before);
        session.signal("INT");
        session.end().ends_with(130);
    }
}
