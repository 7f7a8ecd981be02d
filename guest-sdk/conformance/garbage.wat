;; Sends the PID that is its argument messages that are no values of the ABI, on
;; the topic `ask`.
(module
  (import "warren:core/program@0.1.0" "arguments" (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "ask")
  ;; No value; not an array; too few elements; an array and a map that claim
  ;; 2^32-1 elements; an extension that is no error, and one and a string that
  ;; claim 2^32-1 bytes.
  (data (i32.const 16) "\c1\07\92\01\dd\ff\ff\ff\ff\91\df\ff\ff\ff\ff\91\d4\05\00"
    "\91\c9\ff\ff\ff\ff\01\91\db\ff\ff\ff\ff")
  ;; Offset and length of each, of the empty one, and of arrays in arrays.
  (data (i32.const 64) "\10\01\11\01\12\02\14\05\19\06\1f\04\23\07\2a\06\10\00\80\80")

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
    ;; 127 of them, the outermost of which is the one that holds the values.
    (memory.fill (i32.const 128) (i32.const 0x91) (i32.const 127))
    (i32.store8 (i32.const 255) (i32.const 0xc0))
    (local.set $at (i32.const 64))
    (loop $each
      (if (call $send (local.get $pid) (local.get $len) (i32.const 0) (i32.const 3)
            (i32.load8_u (local.get $at)) (i32.load8_u offset=1 (local.get $at)))
        (then unreachable))
      (local.set $at (i32.add (local.get $at) (i32.const 2)))
      (br_if $each (i32.lt_u (local.get $at) (i32.const 84))))))
