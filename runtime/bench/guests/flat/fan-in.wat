  ;; Tells 1,000 senders to begin and receives all they send. Its result is the
  ;; nanoseconds that took.
  ;;
  ;; Arguments: [messages of each as u32, id of the sender's definition].
  (func (export "start")
    (local $size i32) (local $left i32) (local $i i32) (local $inbox i32) (local $began i64)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (i32.mul (i32.const 1000) (call $u32 (i32.const 130))))
    (local.set $inbox (call $inbox))
    (local.set $i (i32.const 1000))
    (loop $next
      (i32.store (call $length-at (local.get $i))
        (call $spawn
          (i32.const 135) (i32.sub (local.get $size) (i32.const 7))
          (i32.const 128) (local.get $size) (i32.const 0) (call $pid-at (local.get $i))))
      (if (i32.lt_s (i32.load (call $length-at (local.get $i))) (i32.const 0)) (then unreachable))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i32.store8 (i32.const 64) (i32.const 0x90))
    (local.set $began (call $now))
    (local.set $i (i32.const 1000))
    (loop $next
      (call $send
        (call $pid-at (local.get $i)) (i32.load (call $length-at (local.get $i)))
        (i32.const 64) (i32.const 1))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (loop $again
      (drop (call $receive (local.get $inbox)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $finish-with (i64.sub (call $now) (local.get $began))))

  ;; As in `fan-out.wat`.
  (func $pid-at (param $i i32) (result i32)
    (i32.add (i32.const 65536) (i32.shl (local.get $i) (i32.const 6))))
  (func $length-at (param $i i32) (result i32)
    (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 2))))
