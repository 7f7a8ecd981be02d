  ;; Sends a value to an echo and waits for it to come back, again and again.
  ;;
  ;; Arguments: [count as u32, id of the echo's definition, the value].
  (data (i32.const 64) "\91")

  (func (export "start")
    (local $payload i32) (local $size i32) (local $left i32) (local $inbox i32) (local $pid i32)
    (local $definition i32)
    (local.set $size (call $arguments (i32.const 4096) (i32.const 2048)))
    (local.set $left (call $u32 (i32.const 4098)))
    (local.set $definition (i32.and (i32.load8_u (i32.const 4102)) (i32.const 0x1f)))
    ;; The echo's: [count].
    (memory.copy (i32.const 65) (i32.const 4097) (i32.const 5))
    (local.set $pid
      (call $spawn
        (i32.const 4103) (local.get $definition)
        (i32.const 64) (i32.const 6) (i32.const 0) (i32.const 1024)))
    (if (i32.lt_s (local.get $pid) (i32.const 0)) (then unreachable))
    ;; [the value], over the last byte of the definition.
    (local.set $payload (i32.add (i32.const 4102) (local.get $definition)))
    (i32.store8 (local.get $payload) (i32.const 0x91))
    (local.set $size
      (i32.sub (local.get $size) (i32.sub (local.get $payload) (i32.const 4096))))
    (local.set $inbox (call $inbox))
    (loop $again
      (call $send (i32.const 1024) (local.get $pid) (local.get $payload) (local.get $size))
      (if (i32.ne (i32.add (call $receive (local.get $inbox)) (local.get $size)) (global.get $end))
        (then unreachable))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
