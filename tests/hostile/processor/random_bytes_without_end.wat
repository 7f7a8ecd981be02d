;; tries: keep a worker inside the runtime, with calls that hand 64 KiB over each
;; end: terminated
(module
  (import "warren:core/random@0.1.0" "bytes" (func $random (param i32 i32)))
  (import "warren:core/clock@0.1.0" "now" (func $now (result i64)))
  (memory (export "memory") 1)
  (func (export "start")
    (loop $again
      (call $random (i32.const 0) (i32.const 65536))
      (drop (call $now))
      (br $again))))
