  ;; Starts so many processes that are all alive at once, then sends each a
  ;; message, upon which it ends, and waits for the news of all exits. Its
  ;; result is the nanoseconds that took for all but the first.
  ;;
  ;; Arguments: [count as u32, id of the definition to start].
  (func (export "start")
    (local $size i32) (local $count i32) (local $i i32) (local $events i32) (local $began i64)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $count (call $u32 (i32.const 130)))
    (if (i32.gt_u (local.get $count) (i32.const 1000)) (then unreachable))
    (local.set $events (call $events))
    (i32.store8 (i32.const 64) (i32.const 0x90))
    (local.set $i (local.get $count))
    (loop $next
      (i32.store (call $length-at (local.get $i))
        (call $spawn
          (i32.const 135) (i32.sub (local.get $size) (i32.const 7))
          (i32.const 64) (i32.const 1) (i32.const 1) (call $pid-at (local.get $i))))
      (if (i32.lt_s (i32.load (call $length-at (local.get $i))) (i32.const 0)) (then unreachable))
      ;; The first waits for its code to be loaded.
      (if (i32.eq (local.get $i) (local.get $count)) (then (local.set $began (call $now))))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.set $i (local.get $count))
    (loop $next
      (call $send
        (call $pid-at (local.get $i)) (i32.load (call $length-at (local.get $i)))
        (i32.const 64) (i32.const 1))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.set $i (local.get $count))
    (loop $next
      (drop (call $receive (local.get $events)))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (call $finish-with (i64.sub (call $now) (local.get $began))))

  ;; As in `fan-out.wat`.
  (func $pid-at (param $i i32) (result i32)
    (i32.add (i32.const 65536) (i32.shl (local.get $i) (i32.const 6))))
  (func $length-at (param $i i32) (result i32)
    (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 2))))
