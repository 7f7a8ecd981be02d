;; tries: call operations with lengths of 4 GiB, garbage, nesting and names of a megabyte
;; end: failed Internal
;; says: is outside the guest's memory
(module
  (import "warren:core/capability@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 40)
  (data (i32.const 0) "hash.sha256\c1\dd\ff\ff\ff\ff")
  (func $refused (param $status i32)
    (if (i32.ge_s (local.get $status) (i32.const 0)) (then unreachable)))
  (func (export "start")
    ;; A name of a megabyte, and names that are none.
    (call $refused (call $call (i32.const 0) (i32.const 1048576) (i32.const 17) (i32.const 0) (i32.const 64) (i32.const 64)))
    (call $refused (call $call (i32.const 11) (i32.const 6) (i32.const 17) (i32.const 0) (i32.const 64) (i32.const 64)))
    (call $refused (call $call (i32.const 0) (i32.const 4) (i32.const 17) (i32.const 0) (i32.const 64) (i32.const 64)))
    ;; Garbage, an array of four billion, and two million arrays in each other.
    (call $refused (call $call (i32.const 0) (i32.const 11) (i32.const 11) (i32.const 1) (i32.const 64) (i32.const 64)))
    (call $refused (call $call (i32.const 0) (i32.const 11) (i32.const 12) (i32.const 5) (i32.const 64) (i32.const 64)))
    (memory.fill (i32.const 65536) (i32.const 0x91) (i32.const 2000000))
    (call $refused (call $call (i32.const 0) (i32.const 11) (i32.const 65536) (i32.const 30000) (i32.const 64) (i32.const 64)))
    (drop (call $call (i32.const 0) (i32.const 11) (i32.const 65536) (i32.const 2000000) (i32.const 64) (i32.const 64)))
    ;; Four gibibytes.
    (drop (call $call (i32.const 0) (i32.const 11) (i32.const 65536) (i32.const -1) (i32.const 64) (i32.const 64)))))
