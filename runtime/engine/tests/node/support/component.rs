//! Guests that are components, as text.

/// A component of these items in its core module and this body of its `start`. The
/// core module can call `$inbox`, `$receive-one`, `$pid`, `$send`, `$upgrade`,
/// `$register`, `$call`, `$write`, `$log`, `$arguments` and `$finish`, lowered. Its memory
/// is free below 32 KiB.
pub fn component(items: &str, start: &str) -> String {
    let finish = super::finish_bytes("$finish", "(i32.const 1)");
    format!(
        r#"(component
  {IMPORTS}
  (core module $allocator
    (memory (export "memory") 2)
    (global $next (mut i32) (i32.const 32768))
    (func (export "realloc") (param $old i32) (param $old_len i32) (param $align i32) (param $len i32) (result i32)
      (local $at i32)
      ;; Never moves anything, never frees anything.
      (local.set $at (i32.and (i32.add (global.get $next) (i32.const 15)) (i32.const -16)))
      (global.set $next (i32.add (local.get $at) (local.get $len)))
      (local.get $at)))
  (core instance $allocator (instantiate $allocator))
  (alias core export $allocator "memory" (core memory $memory))
  (alias core export $allocator "realloc" (core func $realloc))
  (core func $inbox (canon lower (func $mailbox "inbox")))
  (core func $receive-one (canon lower (func $mailbox "receive-one") (memory $memory) (realloc (core func $realloc))))
  (core func $pid (canon lower (func $process "pid") (memory $memory) (realloc (core func $realloc))))
  (core func $send (canon lower (func $process "send") (memory $memory) (realloc (core func $realloc))))
  (core func $upgrade (canon lower (func $process "upgrade") (memory $memory) (realloc (core func $realloc))))
  (core func $register (canon lower (func $registry "register") (memory $memory) (realloc (core func $realloc))))
  (core func $call (canon lower (func $capability "call") (memory $memory) (realloc (core func $realloc))))
  (core func $write (canon lower (func $stdio "write") (memory $memory)))
  (core func $log (canon lower (func $logger "log") (memory $memory)))
  (core func $arguments (canon lower (func $program "arguments") (memory $memory) (realloc (core func $realloc))))
  (core func $finish (canon lower (func $program "finish") (memory $memory)))
  (core module $main
    (import "m" "memory" (memory 2))
    (import "m" "inbox" (func $inbox (result i32)))
    (import "m" "receive-one" (func $receive-one (param i32 i32 i64 i32)))
    (import "m" "pid" (func $pid (param i32)))
    (import "m" "send" (func $send (param i32 i32 i32 i32 i32 i32 i32)))
    (import "m" "upgrade" (func $upgrade (param i32 i32 i32 i32 i32 i32)))
    (import "m" "register" (func $register (param i32 i32 i32 i32 i32 i32)))
    (import "m" "call" (func $call (param i32 i32 i32 i32 i32)))
    (import "m" "write" (func $write (param i32 i32 i32)))
    (import "m" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (import "m" "arguments" (func $arguments (param i32)))
    (import "m" "finish" (func $finish (param i32 i32 i32)))
    {finish}
    {items}
    (func (export "start") {start}))
  (core instance $main (instantiate $main (with "m" (instance
    (export "memory" (memory $memory))
    (export "inbox" (func $inbox))
    (export "receive-one" (func $receive-one))
    (export "pid" (func $pid))
    (export "send" (func $send))
    (export "upgrade" (func $upgrade))
    (export "register" (func $register))
    (export "call" (func $call))
    (export "write" (func $write))
    (export "log" (func $log))
    (export "arguments" (func $arguments))
    (export "finish" (func $finish))))))
  (func (export "start") (canon lift (core func $main "start"))))"#
    )
}

const IMPORTS: &str = r#"
  (import "warren:process/types@0.1.0" (instance $types
    (type $record (record
      (field "kind" string) (field "message" string) (field "retryable" (option bool))
      (field "details" (option (list u8))) (field "stack" (option string))))
    (export "error" (type (eq $record)))))
  (alias export $types "error" (type $error))
  (import "warren:process/mailbox@0.1.0" (instance $mailbox
    (type $record (record
      (field "subscription" u32) (field "sender" (option string)) (field "topic" string)
      (field "payload" (list u8))))
    (export "message" (type $message (eq $record)))
    (export "inbox" (func (result u32)))
    (export "receive-one" (func (param "wanted" u32) (param "deadline" (option u64)) (result (option $message))))))
  (import "warren:process/process@0.1.0" (instance $process
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "pid" (func (result string)))
    (export "send" (func (param "to" string) (param "topic" string) (param "payload" (list u8)) (result (result (error $error)))))
    (export "upgrade" (func (param "definition" (option string)) (param "arguments" (list u8)) (result $error)))))
  (import "warren:process/registry@0.1.0" (instance $registry
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "register" (func (param "name" string) (param "target" (option string)) (result (result (error $error)))))))
  (import "warren:process/capability@0.1.0" (instance $capability
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (type $variant (variant (case "done" (list u8)) (case "pending" u32)))
    (export "called" (type $called (eq $variant)))
    (export "call" (func (param "operation" string) (param "request" (list u8)) (result (result $called (error $error)))))))
  (import "warren:process/stdio@0.1.0" (instance $stdio
    (type $enum (enum "stdout" "stderr"))
    (export "stream" (type $stream (eq $enum)))
    (export "write" (func (param "stream" $stream) (param "bytes" (list u8))))))
  (import "warren:process/logger@0.1.0" (instance $logger
    (type $enum (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $enum)))
    (export "log" (func (param "level" $level) (param "name" string) (param "message" string) (param "fields" (option (list u8)))))))
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))
    (export "finish" (func (param "result" (option (list u8)))))))"#;
