;; Sends one message back to its sender, and ends.
(module
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  ;; 512 message
  (memory (export "memory") 1)

  (func (export "start")
    (local $len i32) (local $sender i32) (local $topic i32) (local $payload i32)
    (local.set $len
      (call $receive (call $inbox) (i64.const -1) (i32.const 512) (i32.const 512)))
    (if (i32.gt_u (local.get $len) (i32.const 512))
      (then unreachable))
    (local.set $sender (i32.load (i32.const 516)))
    (local.set $topic (i32.load (i32.const 520)))
    (local.set $payload
      (i32.add (i32.const 524) (i32.add (local.get $sender) (local.get $topic))))
    (if (call $send
          (i32.const 524) (local.get $sender)
          (i32.add (i32.const 524) (local.get $sender)) (local.get $topic)
          (local.get $payload)
          (i32.sub (i32.add (i32.const 512) (local.get $len)) (local.get $payload)))
      (then unreachable))))
