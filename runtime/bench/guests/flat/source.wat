  ;; Waits for a message and sends so many of 64 bytes to whoever sent it.
  ;;
  ;; Arguments: [count as u32, ...].
  (data (i32.const 64) "\91\d9\3e" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcd")

  (func (export "start")
    (local $left i32)
    (drop (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (drop (call $receive (call $inbox)))
    (loop $again
      (call $answer (i32.const 64) (i32.const 65))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
