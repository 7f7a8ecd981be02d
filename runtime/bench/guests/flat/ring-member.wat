  ;; Passes each token on, and ends after [0].
  ;;
  ;; Arguments: [PID of the next].
  (func (export "start")
    (local $length i32) (local $inbox i32) (local $payload i32)
    (local.set $length
      (i32.sub (call $arguments (i32.const 128) (i32.const 128)) (i32.const 2)))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $payload (call $receive (local.get $inbox)))
      (call $send (i32.const 130) (local.get $length) (local.get $payload) (i32.const 2))
      (br_if $again (i32.load8_u (i32.add (local.get $payload) (i32.const 1))))))
