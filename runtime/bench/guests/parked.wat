;; Reads one message and waits for the next, again and again.
(module
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  (memory (export "memory") 1)

  (func (export "start")
    (local $inbox i32)
    (local.set $inbox (call $inbox))
    (loop $again
      (drop
        (call $receive (local.get $inbox) (i64.const -1) (i32.const 512) (i32.const 512)))
      (br $again))))
