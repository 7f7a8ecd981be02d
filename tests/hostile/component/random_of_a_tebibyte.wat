;; tries: 2^40 random bytes in one call
;; end: failed Internal
;; says: exceeds limit 65536
(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))))
  (core module $Memory (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 1024)))
  (core instance $memory (instantiate $Memory))
  (core func $random (canon lower (func $random "get-random-bytes") (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $Main
    (import "host" "memory" (memory 1))
    (import "host" "random" (func $random (param i64 i32)))
    (func (export "start")
      (call $random (i64.const 0x10000000000) (i32.const 0))))
  (core instance $main (instantiate $Main (with "host" (instance
      (export "memory" (memory $memory "memory"))
      (export "random" (func $random))))))
  (func (export "start") (canon lift (core func $main "start"))))
