  ;; A ring of 503 processes, this one included, around which a token goes: so
  ;; many laps. Its result is the nanoseconds they took.
  ;;
  ;; Arguments: [laps as u32, id of the members' definition].
  (func (export "start")
    (local $size i32) (local $laps i32) (local $i i32) (local $inbox i32) (local $began i64)
    (local $length i32)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $laps (call $u32 (i32.const 130)))
    (local.set $inbox (call $inbox))
    (local.set $length (call $own-pid (i32.const 1024) (i32.const 64)))
    (local.set $i (i32.const 502))
    ;; Each gets the PID of the one spawned before it: [PID].
    (loop $next
      (i32.store8 (i32.const 1022) (i32.const 0x91))
      (i32.store8 (i32.const 1023) (i32.or (i32.const 0xa0) (local.get $length)))
      (local.set $length
        (call $spawn
          (i32.const 135) (i32.sub (local.get $size) (i32.const 7))
          (i32.const 1022) (i32.add (local.get $length) (i32.const 2))
          (i32.const 0) (i32.const 1024)))
      (if (i32.lt_s (local.get $length) (i32.const 0)) (then unreachable))
      (br_if $next (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))
    (i32.store (i32.const 64) (i32.const 0x0191))
    (local.set $began (call $now))
    (loop $again
      (call $send (i32.const 1024) (local.get $length) (i32.const 64) (i32.const 2))
      (drop (call $receive (local.get $inbox)))
      (br_if $again (local.tee $laps (i32.sub (local.get $laps) (i32.const 1)))))
    (local.set $began (i64.sub (call $now) (local.get $began)))
    ;; The last lap ends them.
    (i32.store (i32.const 64) (i32.const 0x0091))
    (call $send (i32.const 1024) (local.get $length) (i32.const 64) (i32.const 2))
    (drop (call $receive (local.get $inbox)))
    (call $finish-with (local.get $began)))
