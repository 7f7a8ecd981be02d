;; Sends the PID that is its argument messages that are no values of the ABI, on
;; the topic `ask`.
(module
  (import "warren:core/program@0.1.0" "arguments" (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ask")
  ;; No value; not an array; too few elements; an array and a map that claim
  ;; 2^32-1 elements; an extension that is no error.
  (data (i32.const 16) "\c1\07\92\01\dd\ff\ff\ff\ff\91\df\ff\ff\ff\ff\91\d4\05\00")
  ;; Offset and length of each, and of the empty one.
  (data (i32.const 64) "\10\01\11\01\12\02\14\05\19\06\1f\04\10\00")

  (func (export "start")
    (local $at i32) (local $pid i32) (local $len i32)
    ;; The argument: one string of at most 255 bytes, as any PID is.
    (drop (call $arguments (i32.const 256) (i32.const 512)))
    (if (i32.eq (i32.load8_u (i32.const 257)) (i32.const 0xd9))
      (then
        (local.set $len (i32.load8_u (i32.const 258)))
        (local.set $pid (i32.const 259)))
      (else
        (local.set $len (i32.and (i32.load8_u (i32.const 257)) (i32.const 31)))
        (local.set $pid (i32.const 258))))
    (local.set $at (i32.const 64))
    (loop $each
      (if (call $send (local.get $pid) (local.get $len) (i32.const 0) (i32.const 3)
            (i32.load8_u (local.get $at)) (i32.load8_u offset=1 (local.get $at)))
        (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $each (i32.lt_u (local.get $at) (i32.const 78))))))
