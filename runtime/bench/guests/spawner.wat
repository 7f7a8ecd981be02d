;; Starts a process, waits for the news of its exit, and starts the next.
;;
;; Arguments: [count as u32, id of the definition to start].
(module
  (import "warren:core/program@0.1.0" "arguments"
    (func $arguments (param i32 i32) (result i32)))
  (import "warren:core/process@0.1.0" "spawn"
    (func $spawn (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "warren:core/mailbox@0.1.0" "events" (func $events (result i32)))
  (import "warren:core/mailbox@0.1.0" "receive-one"
    (func $receive (param i32 i64 i32 i32) (result i32)))

  ;; 0 host, 16 no values, 128 arguments, 256 PID, 512 event
  (memory (export "memory") 1)
  (data (i32.const 0) "bench:processes")
  (data (i32.const 16) "\90")

  (func (export "start")
    (local $args i32) (local $events i32) (local $left i32)
    (local.set $args (call $arguments (i32.const 128) (i32.const 128)))
    (local.set $left (call $u32 (i32.const 130)))
    (local.set $events (call $events))
    (loop $again
      (if (i32.lt_s
            (call $spawn
              (i32.const 135) (i32.sub (local.get $args) (i32.const 7)) ;; definition
              (i32.const 0) (i32.const 15)                              ;; host
              (i32.const 16) (i32.const 1)                              ;; arguments
              (i32.const 1)                                             ;; monitored
              (i32.const 0) (i32.const 0)                               ;; no options
              (i32.const 256) (i32.const 128))
            (i32.const 0))
        (then unreachable))
      (if (i32.le_s
            (call $receive (local.get $events) (i64.const -1) (i32.const 512) (i32.const 512))
            (i32.const 0))
        (then unreachable))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))

  ;; MessagePack is big-endian.
  (func $u32 (param $at i32) (result i32)
    (local $bytes i32)
    (local.set $bytes (i32.load (local.get $at)))
    (i32.or
      (i32.and (i32.rotl (local.get $bytes) (i32.const 8)) (i32.const 0x00ff00ff))
      (i32.and (i32.rotr (local.get $bytes) (i32.const 8)) (i32.const 0xff00ff00)))))
