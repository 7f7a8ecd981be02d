  ;; Starts echoes one after the other, and sends each some messages and waits
  ;; for each answer before it starts the next. The echoes go on waiting for one
  ;; message more, which never comes.
  ;;
  ;; Arguments: [count as u32, messages as u32, id of the echo's definition].
  (data (i32.const 80) "\91\ce")
  (data (i32.const 1152) "\91\d9\40" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

  (func (export "start")
    (local $size i32) (local $pid i32) (local $inbox i32) (local $left i32) (local $messages i32)
    (local.set $size (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    ;; The echo's: [messages + 1 as u32].
    (call $put-u32 (i32.const 82) (i32.add (call $u32 (i32.const 135)) (i32.const 1)))
    (local.set $inbox (call $inbox))
    (loop $next
      (local.set $pid
        (call $spawn
          (i32.const 140) (i32.sub (local.get $size) (i32.const 12))
          (i32.const 80) (i32.const 6) (i32.const 0) (i32.const 1024)))
      (if (i32.lt_s (local.get $pid) (i32.const 0)) (then unreachable))
      (local.set $messages (call $u32 (i32.const 135)))
      (loop $again
        (call $send (i32.const 1024) (local.get $pid) (i32.const 1152) (i32.const 67))
        (if (i32.ne (i32.add (call $receive (local.get $inbox)) (i32.const 67)) (global.get $end))
          (then unreachable))
        (br_if $again (local.tee $messages (i32.sub (local.get $messages) (i32.const 1)))))
      (br_if $next (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
