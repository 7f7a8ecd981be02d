;; tries: one timer, 2,000 times in one list of what to wait for: more than a call may look at
;; end: failed Internal
;; says: poll takes at most 1024 pollables a call, not 2000
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))
    (export "poll" (func (param "in" (list (borrow $pollable))) (result (list u32))))))
  (alias export $poll "pollable" (type $pollable))
  (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock
    (alias outer 1 $pollable (type $outer))
    (export "pollable" (type $pollable (eq $outer)))
    (export "subscribe-duration" (func (param "when" u64) (result (own $pollable))))))
  (core module $Memory (memory (export "memory") 64)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
  (core instance $memory (instantiate $Memory))
  (core func $subscribe (canon lower (func $clock "subscribe-duration") ))
  (core func $poll (canon lower (func $poll "poll") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 64))
    (import "host" "subscribe" (func $subscribe (param i64) (result i32)))
    (import "host" "poll" (func $poll (param i32 i32 i32)))
    (func (export "start")
      (local $handle i32) (local $at i32)
      (local.set $handle (call $subscribe (i64.const 0x7fffffffffffffff)))
      (loop $again
        (i32.store (local.get $at) (local.get $handle))
        (br_if $again (i32.lt_u
          (local.tee $at (i32.add (local.get $at) (i32.const 4))) (i32.const 8000))))
      (call $poll (i32.const 0) (i32.const 2000) (i32.const 8004))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "subscribe" (func $subscribe))
      (export "poll" (func $poll))))))
  (func (export "start") (canon lift (core func $main "start"))))
