;; tries: a stack overflow in `cabi_realloc`, on top of the host's own frames
;; end: failed RateLimited
;; says: stack overflow
(component
  (import "warren:process/program@0.1.0" (instance $program
    (export "arguments" (func (result (list u8))))))
  (core module $Allocator
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (call $deep (i32.const 0)))
    (func $deep (param i32) (result i32)
      (i32.add (call $deep (local.get 0)) (call $deep (local.get 0)))))
  (core instance $allocator (instantiate $Allocator))
  (core func $arguments (canon lower (func $program "arguments")
    (memory (core memory $allocator "memory")) (realloc (core func $allocator "realloc"))))
  (core module $Main
    (import "warren" "arguments" (func $arguments (param i32)))
    (func (export "start") (call $arguments (i32.const 128))))
  (core instance $main (instantiate $Main
    (with "warren" (instance (export "arguments" (func $arguments))))))
  (func (export "start") (canon lift (core func $main "start"))))
