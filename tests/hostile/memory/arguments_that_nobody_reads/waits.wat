;; Takes no arguments, and waits.
(module
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one" (func $receive (param i32 i64 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "start")
    (drop (call $receive (call $inbox) (i64.const -1) (i32.const 0) (i32.const 0)))))
