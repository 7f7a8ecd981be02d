;; tries: a result that begins on the last byte of memory and ends behind it
;; end: failed Internal
;; says: realloc return: beyond end of memory
(component
  (import "warren:process/process@0.1.0" (instance $process
    (export "pid" (func (result string)))))
  (core module $Allocator
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const 65535)))
  (core instance $allocator (instantiate $Allocator))
  (core func $pid (canon lower (func $process "pid")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core module $Main
    (import "warren" "pid" (func $pid (param i32)))
    (func (export "start") (call $pid (i32.const 128))))
  (core instance $main (instantiate $Main
    (with "warren" (instance (export "pid" (func $pid))))))
  (func (export "start") (canon lift (core func $main "start"))))
