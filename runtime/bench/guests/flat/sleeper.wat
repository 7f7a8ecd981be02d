  ;; Sleeps for 2 ms, again and again. Its result says how many nanoseconds too
  ;; late it woke each time: bytes that hold one little-endian u32 for each.
  ;;
  ;; Arguments: [count as u32]; at most 10,000.
  (data (i32.const 4096) "\c6")

  (func (export "start")
    (local $inbox i32) (local $left i32) (local $at i32) (local $due i64)
    (drop (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (if (i32.gt_u (local.get $left) (i32.const 10000)) (then unreachable))
    (call $put-u32 (i32.const 4097) (i32.shl (local.get $left) (i32.const 2)))
    (local.set $at (i32.const 4101))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $due (i64.add (call $now) (i64.const 2000000)))
      ;; Nobody writes: it ends at its deadline.
      (if (call $receive-one (local.get $inbox) (local.get $due) (i32.const 0) (i32.const 0))
        (then unreachable))
      (i32.store (local.get $at) (i32.wrap_i64 (i64.sub (call $now) (local.get $due))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (call $finish (i32.const 4096) (i32.sub (local.get $at) (i32.const 4096))))
