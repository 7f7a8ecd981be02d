;; tries: memory that grows, and so may move, while the host is about to write into it
;; end: returned
(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))))
  (core module $Allocator
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (memory.grow (i32.const 100)))
      (i32.mul (i32.sub (memory.size) (i32.const 1)) (i32.const 65536))))
  (core instance $allocator (instantiate $Allocator))
  (core func $arguments (canon lower (func $program "arguments")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core module $Main
    (import "warren" "arguments" (func $arguments (param i32)))
    (func (export "start") (call $arguments (i32.const 128))))
  (core instance $main (instantiate $Main
    (with "warren" (instance (export "arguments" (func $arguments))))))
  (func (export "start") (canon lift (core func $main "start"))))
