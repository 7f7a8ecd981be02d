;; Sends each message back to its sender.
;;
;; Arguments: [count as u32, ...]; it ends after that many.
(module
  (import "warren:core/program@0.1.0" "arguments"
    (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  ;; 128 arguments, 512 message
  (memory (export "memory") 1)

  (func (export "start")
    (local $inbox i32) (local $left i32) (local $len i32)
    (local $sender i32) (local $topic i32) (local $payload i32)
    (drop (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $len
        (call $receive (local.get $inbox) (i64.const -1) (i32.const 512) (i32.const 512)))
      (if (i32.gt_u (i32.sub (local.get $len) (i32.const 12)) (i32.const 500))
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
        (then unreachable))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  ;; MessagePack is big-endian.
  (func $u32 (param $at i32) (result i32)
    (local $bytes i32)
    (local.set $bytes (i32.load (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00)))))
