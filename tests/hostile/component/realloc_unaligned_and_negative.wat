;; tries: memory at the end of the address space, so that address and length together overflow
;; end: failed Internal
(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))))
  (core module $Allocator
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (i32.const -1)))
  (core instance $allocator (instantiate $Allocator))
  (core func $arguments (canon lower (func $program "arguments")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core module $Main
    (import "warren" "arguments" (func $arguments (param i32)))
    (func (export "start") (call $arguments (i32.const 128))))
  (core instance $main (instantiate $Main
    (with "warren" (instance (export "arguments" (func $arguments))))))
  (func (export "start") (canon lift (core func $main "start"))))
