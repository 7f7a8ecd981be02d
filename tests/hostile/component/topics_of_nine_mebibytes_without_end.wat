;; tries: topics and names of 9 MiB, just below the bytes that end a component, again and again
;; end: terminated
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
  (import "warren:process/registry@0.1.0" (instance $registry
    (alias outer 1 $error (type $outer))
    (export "error" (type $error (eq $outer)))
    (export "register" (func (param "name" string) (param "target" (option string))
      (result (result (error $error)))))))
  (core module $Memory
    (memory (export "memory") 160)
    ;; The runtime writes its error there.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $Memory))
  (core func $call (canon lower (func $process "send") (memory (core memory $memory "memory"))
    (realloc (core func $memory "realloc"))))
  (core func $register (canon lower (func $registry "register")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 160))
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32)))
    (import "host" "register" (func $register (param i32 i32 i32 i32 i32 i32)))
    (data (i32.const 0) "warden")
    (func (export "start")
      (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 0x900000))
      (loop $again
        ;; Refused with an error.
        (call $call (i32.const 0) (i32.const 6) (i32.const 65536) (i32.const 0x900000)
          (i32.const 0) (i32.const 0) (i32.const 64))
        (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
        (call $register (i32.const 65536) (i32.const 0x900000) (i32.const 0) (i32.const 0)
          (i32.const 0) (i32.const 64))
        (if (i32.ne (i32.load8_u (i32.const 64)) (i32.const 1)) (then unreachable))
        (br $again))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "call" (func $call))
      (export "register" (func $register))))))
  (func (export "start") (canon lift (core func $main "start"))))
