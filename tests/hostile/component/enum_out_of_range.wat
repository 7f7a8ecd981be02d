;; tries: a case of an enum that does not exist
;; end: failed Internal
(component
  (import "warren:process/stdio@0.1.0" (instance $stdio
    (type $enum (enum "stdout" "stderr"))
    (export "stream" (type $stream (eq $enum)))
    (export "write" (func (param "stream" $stream) (param "bytes" (list u8))))))
  (core module $Memory (memory (export "memory") 1))
  (core instance $memory (instantiate $Memory))
  (core func $write (canon lower (func $stdio "write") (memory (core memory $memory "memory"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "write" (func $write (param i32 i32 i32)))
    (func (export "start")
      (call $write (i32.const 2) (i32.const 0) (i32.const 0))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "write" (func $write))))))
  (func (export "start") (canon lift (core func $main "start"))))
