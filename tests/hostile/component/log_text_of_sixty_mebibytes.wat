;; tries: a log text of 60 MiB, which the runtime copies before it cuts it
;; end: failed Internal
;; says: too much data is being copied between the host and the guest
(component
  (import "warren:process/logger@0.1.0" (instance $logger
    (type $enum (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $enum)))
    (export "log" (func (param "level" $level) (param "name" string) (param "message" string)
      (param "fields" (option (list u8)))))))
  (core module $Memory
    (memory (export "memory") 960))
  (core instance $memory (instantiate $Memory))
  (core func $call (canon lower (func $logger "log") (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "memory" (memory 960))
    (import "host" "call" (func $call (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (data (i32.const 0) "warden")
    (func (export "start")
      (memory.fill (i32.const 65536) (i32.const 0x61) (i32.const 0x3be0000))
      (call $call (i32.const 3) (i32.const 0) (i32.const 6) (i32.const 65536) (i32.const 0x3be0000)
        (i32.const 0) (i32.const 0) (i32.const 0))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "call" (func $call))))))
  (func (export "start") (canon lift (core func $main "start"))))
