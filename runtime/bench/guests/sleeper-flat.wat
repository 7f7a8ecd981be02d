;; Sleeps for 2 ms, again and again. Its result says how many nanoseconds too
;; late it woke each time: bytes that hold one little-endian u32 for each.
;;
;; Arguments: [count as u32]; at most 10,000.
(module
  (import "warren:core/program@0.1.0" "arguments"
    (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/program@0.1.0" "finish" (func $finish (param i32 i32)))
  (import "warren:core/clock@0.1.0" "monotonic" (func $now (result i64)))
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  ;; 128 arguments, 256 result: a head of five bytes, then the numbers
  (memory (export "memory") 1)
  (data (i32.const 256) "\c6")

  (func (export "start")
    (local $inbox i32) (local $left i32) (local $at i32) (local $due i64)
    (drop (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $swapped (i32.load (i32.const 130))))
    (if (i32.gt_u (local.get $left) (i32.const 10000)) (then unreachable))
    (i32.store (i32.const 257) (call $swapped (i32.shl (local.get $left) (i32.const 2))))
    (local.set $at (i32.const 261))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $due (i64.add (call $now) (i64.const 2000000)))
      ;; Nobody writes: it ends at its deadline.
      (if (call $receive (local.get $inbox) (local.get $due) (i32.const 0) (i32.const 0))
        (then unreachable))
      (i32.store (local.get $at) (i32.wrap_i64 (i64.sub (call $now) (local.get $due))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $finish (i32.const 256) (i32.sub (local.get $at) (i32.const 256))))

  ;; MessagePack is big-endian.
  (func $swapped (param $bytes i32) (result i32)
    (i32.or
      (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00)))))
