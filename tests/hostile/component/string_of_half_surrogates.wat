;; tries: UTF-16 that is a surrogate without its other half
;; end: failed Internal
(component
  (import "warren:process/logger@0.1.0" (instance $logger
    (type $enum (enum "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $enum)))
    (export "log" (func (param "level" $level) (param "name" string) (param "message" string)
      (param "fields" (option (list u8)))))))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $log (canon lower (func $logger "log") (memory (core memory $memory "memory")) string-encoding=utf16))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "log" (func $log (param i32 i32 i32 i32 i32 i32 i32 i32)))
    (func (export "start")
      (i32.store (i32.const 0) (i32.const 0xd800d800))
      (call $log (i32.const 3) (i32.const 0) (i32.const 2) (i32.const 0) (i32.const 2)
        (i32.const 0) (i32.const 0) (i32.const 0))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "log" (func $log))))))
  (func (export "start") (canon lift (core func $main "start"))))
