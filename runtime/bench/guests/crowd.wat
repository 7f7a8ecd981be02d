;; Starts echoes one after the other, and sends each one message and waits for
;; its answer before it starts the next. The echoes go on waiting for a second
;; message, which never comes.
;;
;; Arguments: [count as u32, id of the echo's definition].
(module
  (import "warren:core/program@0.1.0" "arguments"
    (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "spawn"
    (func $spawn (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "send"
    (func $send (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "inbox" (func $inbox (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  ;; 0 host, 16 topic, 32 payload, 112 arguments of an echo, 128 arguments,
  ;; 256 PID, 512 message
  (memory (export "memory") 1)
  (data (i32.const 0) "bench:processes")
  (data (i32.const 16) "ping")
  ;; [a string of 64 bytes]
  (data (i32.const 32) "\91\d9\40" "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")
  ;; [2 as u32]
  (data (i32.const 112) "\91\ce\00\00\00\02")

  (func (export "start")
    (local $args i32) (local $pid i32) (local $inbox i32) (local $left i32)
    (local.set $args (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $inbox (call $inbox))
    (loop $again
      (local.set $pid
        (call $spawn
          (i32.const 135) (i32.sub (local.get $args) (i32.const 7)) ;; definition
          (i32.const 0) (i32.const 15)                              ;; host
          (i32.const 112) (i32.const 6)                             ;; arguments
          (i32.const 0)                                             ;; no relation
          (i32.const 0) (i32.const 0)                               ;; no options
          (i32.const 256) (i32.const 128)))
      (if (i32.lt_s (local.get $pid) (i32.const 0)) (then unreachable))
      (if (call $send
            (i32.const 256) (local.get $pid)
            (i32.const 16) (i32.const 4)
            (i32.const 32) (i32.const 67))
        (then unreachable))
      (if (i32.ne
            (call $receive (local.get $inbox) (i64.const -1) (i32.const 512) (i32.const 512))
            (i32.add (i32.const 83) (i32.load (i32.const 516))))
        (then unreachable))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  ;; MessagePack is big-endian.
  (func $u32 (param $at i32) (result i32)
    (local $bytes i32)
    (local.set $bytes (i32.load (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00)))))
