  ;; The beginning of every guest in this directory; `guests.rs` puts it into
  ;; each module. Memory below 2048 is laid out here:
  ;;
  ;;      0  the host                16  the topic of all messages
  ;;     24  the result: a head of one byte, then a number
  ;;     64  what was sent or spawned with last
  ;;    128  arguments             1024  a PID
  ;;   2048  a message or an event
  (import "warren:core/program@0.1.0" "arguments"
    (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/program@0.1.0" "finish" (func $finish (param i32 i32)))
  (import "warren:core/clock@0.1.0" "monotonic" (func $now (result i64)))
  (import "warren:core/process@0.1.0" "pid" (func $own-pid (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "spawn"
    (func $spawn-with (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send-to (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "events" (func $events (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive-one (param i32 i64 i32 i32) (result i32)))

  (memory (export "memory") 3)
  ;; The end of the last message.
  (global $end (mut i32) (i32.const 0))
  (data (i32.const 0) "bench:processes")
  (data (i32.const 16) "t")
  (data (i32.const 24) "\cf")

  ;; Sends to the PID at an address.
  (func $send (param $pid i32) (param $length i32) (param $payload i32) (param $size i32)
    (if (call $send-to
          (local.get $pid) (local.get $length)
          (i32.const 16) (i32.const 1)
          (local.get $payload) (local.get $size))
      (then unreachable)))

  ;; Spawns with a range as arguments, writes the PID to an address and returns
  ;; its length: negative where there is no place.
  (func $spawn (param $definition i32) (param $length i32)
    (param $arguments i32) (param $size i32) (param $relation i32) (param $pid i32) (result i32)
    (call $spawn-with
      (local.get $definition) (local.get $length)
      (i32.const 0) (i32.const 15)
      (local.get $arguments) (local.get $size)
      (local.get $relation)
      (i32.const 0) (i32.const 0)
      (local.get $pid) (i32.const 64)))

  ;; Waits for the next message of a subscription. Returns where its payload
  ;; begins; $end is where it ends.
  (func $receive (param $subscription i32) (result i32)
    (local $length i32)
    (local.set $length
      (call $receive-one (local.get $subscription) (i64.const -1) (i32.const 2048) (i32.const 2048)))
    ;; Behind a head of 12 bytes; nothing may have been held.
    (if (i32.gt_u (i32.sub (local.get $length) (i32.const 12)) (i32.const 2036))
      (then unreachable))
    (global.set $end (i32.add (i32.const 2048) (local.get $length)))
    (i32.add (i32.const 2060) (i32.add (i32.load (i32.const 2052)) (i32.load (i32.const 2056)))))

  ;; Sends to whoever sent the last message.
  (func $answer (param $payload i32) (param $size i32)
    (call $send
      (i32.const 2060) (i32.load (i32.const 2052)) (local.get $payload) (local.get $size)))

  ;; Ends with a number as result.
  (func $finish-with (param $number i64)
    (call $put-u64 (i32.const 25) (local.get $number))
    (call $finish (i32.const 24) (i32.const 9)))

  ;; MessagePack is big-endian.
  (func $u32 (param $at i32) (result i32)
    (call $swapped (i32.load (local.get $at))))
  (func $put-u32 (param $at i32) (param $number i32)
    (i32.store (local.get $at) (call $swapped (local.get $number))))
  (func $u64 (param $at i32) (result i64)
    (i64.or
      (i64.shl (i64.extend_i32_u (call $u32 (local.get $at))) (i64.const 32))
      (i64.extend_i32_u (call $u32 (i32.add (local.get $at) (i32.const 4))))))
  (func $put-u64 (param $at i32) (param $number i64)
    (call $put-u32 (local.get $at) (i32.wrap_i64 (i64.shr_u (local.get $number) (i64.const 32))))
    (call $put-u32 (i32.add (local.get $at) (i32.const 4)) (i32.wrap_i64 (local.get $number))))
  (func $swapped (param $bytes i32) (result i32)
    (i32.or
      (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00))))
