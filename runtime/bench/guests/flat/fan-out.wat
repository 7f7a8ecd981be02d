  ;; Sends 64 bytes to each of 1,000 receivers, again and again, and waits until
  ;; each has said that it has all. Its result is the nanoseconds that took.
  ;;
  ;; Arguments: [messages for each as u32, id of the receiver's definition].
  (data (i32.const 64) "\91\d9\3e" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd")

  (func (export "start")
    (local $size i32) (local $left i32) (local $i i32) (local $inbox i32) (local $began i64)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $inbox (call $inbox))
    (local.set $i (i32.const 1000))
    (loop $next
      (i32.store (call $length-at (local.get $i))
        (call $spawn
          (i32.const 135) (i32.sub (local.get $size) (i32.const 7))
          (i32.const 128) (local.get $size) (i32.const 0) (call $pid-at (local.get $i))))
      (if (i32.lt_s (i32.load (call $length-at (local.get $i))) (i32.const 0)) (then unreachable))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (local.set $began (call $now))
    (loop $again
      (local.set $i (i32.const 1000))
      (loop $next
        (call $send
          (call $pid-at (local.get $i)) (i32.load (call $length-at (local.get $i)))
          (i32.const 64) (i32.const 65))
        (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (local.set $i (i32.const 1000))
    (loop $next
      (drop (call $receive (local.get $inbox)))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (call $finish-with (i64.sub (call $now) (local.get $began))))

  ;; 1,000 PIDs from 65536 on, 64 bytes each, and their lengths from 4096 on.
  (func $pid-at (param $i i32) (result i32)
    (i32.add (i32.const 65536) (i32.shl (local.get $i) (i32.const 6))))
  (func $length-at (param $i i32) (result i32)
    (i32.add (i32.const 4096) (i32.shl (local.get $i) (i32.const 2))))
