  ;; Starts a process, waits for the news of its exit, and starts the next.
  ;;
  ;; Arguments: [count as u32, id of the definition to start].
  (data (i32.const 64) "\90")

  (func (export "start")
    (local $size i32) (local $events i32) (local $left i32)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $events (call $events))
    (loop $again
      (if (i32.lt_s
            (call $spawn
              (i32.const 135) (i32.sub (local.get $size) (i32.const 7))
              (i32.const 64) (i32.const 1) (i32.const 1) (i32.const 1024))
            (i32.const 0))
        (then unreachable))
      (drop (call $receive (local.get $events)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
