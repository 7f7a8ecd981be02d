;; tries: keep subscriptions of events without end, by closing only the queue of each
;; end: failed RateLimited
;; says: max_subscriptions
(module
  (import "warren:core/capability@0.1.0" "call" (func $call (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "unlisten" (func $unlisten (param i32)))
  (import "warren:core/held@0.1.0" "take" (func $take (param i32 i32) (result i32)))
  (import "warren:core/program@0.1.0" "fail" (func $fail (param i32 i32)))
  (memory (export "memory") 2)
  (data (i32.const 0) "events.subscribe")
  (data (i32.const 32) "\91\a1s")
  (func (export "start")
    (local $status i32) (local $n i32)
    (loop $again
      (local.set $status (call $call (i32.const 0) (i32.const 16) (i32.const 32) (i32.const 3) (i32.const 64) (i32.const 64)))
      (if (i32.lt_s (local.get $status) (i32.const 0)) (then
        (local.set $n (i32.sub (i32.const 0) (local.get $status)))
        (drop (call $take (i32.const 65536) (local.get $n)))
        (call $fail (i32.const 65536) (local.get $n))
        (return)))
      ;; The numbers below 3,000 are those of subscriptions that are there, and others.
      (local.set $n (i32.const 3))
      (loop $all
        (call $unlisten (local.get $n))
        (local.set $n (i32.add (local.get $n) (i32.const 1)))
        (br_if $all (i32.lt_u (local.get $n) (i32.const 3000))))
      (br $again))))
