;; tries: a payload of 60 MiB, which the runtime copies before it knows its limit
;; end: failed Internal
;; says: too much data is being copied between the host and the guest
(component
  (import "warren:process/types@0.1.0" (instance $types
    (type $record (record
      (field "kind" string) (field "message" string) (field "retryable" (option bool))
      (field "details" (option (list u8))) (field "stack" (option string))))
    (export "error" (type (eq $record)))))
  (alias export $types "error" (type $error))
  (import "warren:process/process@0.1.0" (instance $process
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "send" (func (param "to" string) (param "topic" string) (param "payload" (list u8))
      (result (result (error $error)))))))
  (core module $Memory
    (memory (export "memory") 960)
    ;; The runtime writes its error there.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $Memory))
  (core func $call (canon lower (func $process "send") (memory (core memory $memory "memory"))
    (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 960))
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 0) "warden")
    (func (export "start")
      (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 0x3be0000))
      (call $call (i32.const 0) (i32.const 6) (i32.const 0) (i32.const 6)
        (i32.const 65536) (i32.const 0x3be0000) (i32.const 64))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "call" (func $call))))))
  (func (export "start") (canon lift (core func $main "start"))))
