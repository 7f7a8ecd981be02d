  ;; Sends each message back to its sender.
  ;;
  ;; Arguments: [count as u32]; it ends after that many.
  (func (export "start")
    (local $inbox i32) (local $left i32) (local $payload i32)
    (drop (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $payload (call $receive (local.get $inbox)))
      (call $answer (local.get $payload) (i32.sub (global.get $end) (local.get $payload)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
